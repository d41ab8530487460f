"""One thread computes, whoever asks; it is begun in a process of its own here, as that cannot be undone."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

PLAYED = """
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from dinoscope import cli, demo
from dinoscope.reading.one_thread import begin, in_one_thread
import dinoscope_phantoms

assert "torch" not in sys.modules  # whatever a start imports before it begins
begin()
import torch

@in_one_thread
def inner():
    return threading.current_thread().name, torch.get_num_threads(), torch.is_inference_mode_enabled()

@in_one_thread
@torch.inference_mode()
def outer():
    return inner()

@in_one_thread
def fails():
    raise KeyError("as it is")

with ThreadPoolExecutor(4) as visitors:
    answers = {visitors.submit(outer).result() for _ in range(20)}
    others = {visitors.submit(torch.get_num_threads).result() for _ in range(20)}
assert answers == {("networks_0", 2, True)}, answers
assert others == {1} and torch.get_num_threads() == 1, others
with torch.inference_mode():
    assert not inner()[2]  # no mode of the one who asks goes along: each pass says its own
try:
    fails()
except KeyError as fault:
    assert fault.args == ("as it is",)

row, weight = torch.randn(1, 2304), torch.randn(2304, 512)
found = set()

def products():
    for _ in range(3):
        found.add((row @ weight).numpy().tobytes())
        torch.randn(300_000).exp()  # shared among cores, where there are several: sets up the thread

for _ in range(8):
    threads = [threading.Thread(target=products) for _ in range(3)]
    [t.start() for t in threads]
    [t.join() for t in threads]
assert len(found) == 1, len(found)
"""


@pytest.mark.slow
def test_networks_compute_in_one_thread_and_any_other_thread_gives_the_same_bits_at_all_times():
    environment = os.environ | {"OMP_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", PLAYED], check=True, timeout=120, env=environment)


@pytest.mark.parametrize(("own", "taken"), [({}, "5000"), ({"GOMP_SPINCOUNT": "7"}, "7")])
def test_threads_that_wait_give_way_soon_but_an_operators_word_counts(own, taken):
    """As torch's own OpenMP says it; another one than GNU's has no such setting."""
    environment = {k: v for k, v in os.environ.items() if k != "GOMP_SPINCOUNT"} | own | {"OMP_DISPLAY_ENV": "VERBOSE"}
    command = [sys.executable, "-c", "import dinoscope, torch"]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stderr
    counts = re.findall(r"GOMP_SPINCOUNT = '(\d+)'", told)
    if not counts:
        pytest.skip("torch computes with another OpenMP here")
    assert set(counts) == {taken}

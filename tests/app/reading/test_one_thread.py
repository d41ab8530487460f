"""One thread computes, whoever asks; it is begun in a process of its own here, as that cannot be undone."""

from __future__ import annotations

import subprocess
import sys

import pytest

PLAYED = """
import threading
from concurrent.futures import ThreadPoolExecutor

import torch

from dinoscope.reading.one_thread import begin, in_one_thread

cores = 2
torch.set_num_threads(cores)

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

assert inner() == ("MainThread", cores, False)
begin()
with ThreadPoolExecutor(4) as visitors:
    answers = {visitors.submit(outer).result() for _ in range(20)}
    others = {visitors.submit(torch.get_num_threads).result() for _ in range(20)}
assert answers == {("networks_0", cores, True)}, answers
assert others == {1} and torch.get_num_threads() == 1, others
with torch.inference_mode():
    assert not inner()[2]  # no mode of the one who asks goes along: each pass says its own
try:
    fails()
except KeyError as fault:
    assert fault.args == ("as it is",)
"""


@pytest.mark.slow
def test_passes_of_all_visitors_and_passes_within_them_run_in_one_thread_with_all_cores():
    subprocess.run([sys.executable, "-c", PLAYED], check=True, timeout=120)

"""What a container may use counts, not what the machine has that it runs on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dinoscope import machine


@pytest.fixture(autouse=True)
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the limits of a container are told, with 32 cores on the machine."""
    monkeypatch.setattr(machine, "GROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(32)), raising=False)
    return tmp_path


def tell(group: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = group / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n")


@pytest.mark.parametrize(
    ("told", "cores"),
    [
        ({}, 32),
        ({"cpu.max": "max 100000"}, 32),
        ({"cpu.max": "200000 100000"}, 2),
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "6400000 100000"}, 32),
        ({"cpu.max": "nonsense"}, 32),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 32),
        ({"cpu/cpu.cfs_quota_us": "400000", "cpu/cpu.cfs_period_us": "100000"}, 4),
    ],
)
def test_a_share_of_the_time_is_worth_so_many_cores(group: Path, told: dict[str, str], cores: int):
    tell(group, told)
    assert machine.cores() == cores


def test_the_smaller_of_what_is_there_and_what_is_given_is_the_memory(group: Path):
    whole = machine.memory()
    assert whole == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    tell(group, {"memory.max": "max"})
    assert machine.memory() == whole
    tell(group, {"memory.max": str(1 << 29)})
    assert machine.memory() == 1 << 29

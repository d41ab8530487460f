"""Machine: how much of it this process may use; a container often has less than the machine that it runs on."""

from __future__ import annotations

import math
import os
from pathlib import Path

GROUP = Path("/sys/fs/cgroup")
"""Where Linux tells a container what it may use, in the second version of its groups and in the first."""


def cores() -> int:
    """Processor cores: those that this process may run on, or as many as its share of the time is worth."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    given = _told("cpu.max", 2) or (*_told("cpu/cpu.cfs_quota_us", 1), *_told("cpu/cpu.cfs_period_us", 1))
    if len(given) < 2 or not all(given):
        return mine
    quota, period = given
    return max(1, min(mine, math.ceil(quota / period)))


def memory() -> int:
    """Bytes of memory."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _told("memory.max", 1) or _told("memory/memory.limit_in_bytes", 1)
    return min(whole, *limit) if limit else whole


def _told(file: str, numbers: int) -> tuple[int, ...]:
    """The numbers in one of those files; none where it is not there, or says `max`."""
    try:
        words = (GROUP / file).read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return ()
    return tuple(map(int, words)) if len(words) == numbers and all(w.isdigit() for w in words) else ()

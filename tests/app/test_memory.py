"""What was freed goes back to the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dinoscope import memory


def resident() -> int:
    """MB of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


@pytest.mark.skipif(
    not hasattr(os, "confstr") or "glibc" not in (os.confstr("CS_GNU_LIBC_VERSION") or ""), reason="no glibc"
)
def test_free_memory_between_living_blocks_is_given_back():
    blocks = [bytes([i % 251]) * 100_000 for i in range(3000)]
    kept = blocks[::50]
    del blocks
    before = resident()
    assert memory.give_back()
    assert before - resident() > 150
    assert [b[0] for b in kept[:3]] == [0, 50, 100]

"""Memory: what was freed goes back to the machine; the C library would keep for itself what lies between living blocks.

After 300 odd files it held 380 MB so, a few of them for a picture that was read and forgotten.
"""

from __future__ import annotations

import ctypes
import threading
import time

EVERY = 20.0
"""Seconds between two rounds: one takes milliseconds, or a quarter of a second where there is much to give back."""


def give_back() -> bool:
    """Return free memory to the machine; False where the C library cannot, or has none to return."""
    try:
        return bool(ctypes.CDLL(None).malloc_trim(0))  # of glibc; others return it by themselves
    except (AttributeError, OSError, TypeError):
        return False


def giving_back() -> None:
    """Do so from now on, beside everything else."""

    def go_on() -> None:
        while True:
            time.sleep(EVERY)
            give_back()

    threading.Thread(target=go_on, name="memory", daemon=True).start()

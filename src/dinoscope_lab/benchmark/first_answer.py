"""First answer: how long the app takes from nothing to what a visitor came for, each time as a whole new process."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import httpx

from .serving import Asking, once_there, started

RUNS = 5
PAGE, ANSWER = "start to the page", "start to the first answer"
VERBS = ("classify", "explain", "similar")


def measure(picture: Path, runs: int = RUNS) -> dict[str, float]:
    """Medians of several starts, in seconds since the process was begun.

    Returns:
        of `PAGE`, until the page is served, which carries a finished example; and of `ANSWER`, until a picture that
        was then sent has its class, map and similar cases.
    """
    pages, answers = zip(*(_once(picture) for _ in range(runs)), strict=True)
    return {
        PAGE: round(statistics.median(pages), 1),
        ANSWER: round(statistics.median(answers), 1),
    }


def _once(picture: Path) -> tuple[float, float]:
    with started() as (address, process, began):
        once_there(process, lambda: httpx.get(address, timeout=30).raise_for_status())
        page = time.monotonic() - began
        asking = Asking(address)
        for verb in VERBS:
            asking(verb, picture)
        return page, time.monotonic() - began

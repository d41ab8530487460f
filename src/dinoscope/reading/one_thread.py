"""One thread: in a served app all networks compute in it, pass by pass, whoever asked for them.

OpenMP keeps a team of threads, one a core, for each thread that computes. A server has many, and once their teams
outnumber the cores every team sleeps between two steps, so that each answer takes half as long again.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import torch

Given = ParamSpec("Given")
Made = TypeVar("Made")

_worker: ThreadPoolExecutor | None = None
_inside = threading.local()


def begin() -> None:
    """From now on compute there; what other threads still do with torch takes one core."""
    global _worker
    cores = torch.get_num_threads()

    def enter() -> None:
        _inside.here = True
        torch.set_num_threads(cores)

    _worker = ThreadPoolExecutor(1, "networks", enter)
    _worker.submit(torch.get_num_threads).result()
    torch.set_num_threads(1)  # after it: threads that are yet to come take over what was set last


def in_one_thread(work: Callable[Given, Made]) -> Callable[Given, Made]:
    """A pass through a network: where the app is served, in the one thread, in the order of asking."""

    @functools.wraps(work)
    def there(*given: Given.args, **named: Given.kwargs) -> Made:
        if _worker is None or hasattr(_inside, "here"):
            return work(*given, **named)
        return _worker.submit(work, *given, **named).result()

    return there

"""One thread: in a served app all networks compute in it, pass by pass, whoever asked for them.

OpenMP keeps a team of threads, one a core, for each thread that computes. A server has many, and once their teams
outnumber the cores every team sleeps between two steps, so that each answer takes half as long again.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from .. import machine

Given = ParamSpec("Given")
Made = TypeVar("Made")

CORES = "OMP_NUM_THREADS"
"""Read by OpenMP and MKL once, when torch is imported: how many cores any new thread computes with."""

_worker: ThreadPoolExecutor | None = None
_inside = threading.local()


def begin() -> None:
    """From now on compute there, with all cores or as many as `CORES` says; every other thread has one core, always.

    Where a thread's first product took two and its second one, sums would come in another order: answers would differ
    in their last bits. So it has to come before torch is imported.
    """
    global _worker
    told = os.environ.get(CORES, "")
    cores = max(1, int(told)) if told.isdigit() else machine.cores()
    os.environ[CORES] = "1"
    import torch

    def enter() -> None:
        _inside.here = True
        torch.set_num_threads(cores)

    _worker = ThreadPoolExecutor(1, "networks", enter)
    _worker.submit(torch.get_num_threads).result()
    torch.set_num_threads(1)  # after it: what was set last is what threads take over that are yet to come


def in_one_thread(work: Callable[Given, Made]) -> Callable[Given, Made]:
    """A pass through a network: where the app is served, in the one thread, in the order of asking."""

    @functools.wraps(work)
    def there(*given: Given.args, **named: Given.kwargs) -> Made:
        if _worker is None or hasattr(_inside, "here"):
            return work(*given, **named)
        return _worker.submit(work, *given, **named).result()

    return there

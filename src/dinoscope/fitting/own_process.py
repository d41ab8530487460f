"""Own process: work in a process of its own, so that even a signal that kills it ends in a sentence."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any

from ..errors import OperatorError, RequestError


def carry_out(work: Callable[[Any], None], given: Any, hint: str) -> None:
    """Call `work(given)` in a process of its own, and wait; when this process is killed, that one ends, too.

    Args:
        work: a function that another process can import; hint: what to do when a signal kills it.
    Raises:
        ValueError: with the sentence that the work was refused with, or the signal that killed it.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(work, given, theirs))
    process.start()
    theirs.close()
    try:
        said = ours.recv()
        if not said:  # done: how it ends after that is of no matter
            return
        raise ValueError(said)
    except EOFError:  # it ended without a word
        process.join()
    finally:
        process.kill()
        process.join()
    code = process.exitcode or 0
    if code < 0:
        raise ValueError(f"the work was ended by {signal.Signals(-code).name}; {hint}")
    if code:
        sys.exit(code)  # its traceback has been printed


def _work(work: Callable[[Any], None], given: Any, out: Connection) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()
    try:
        work(given)
        sys.stdout.flush()
        out.send("")
    except (FileNotFoundError, OperatorError, RequestError, ValueError) as fault:
        out.send(str(fault))

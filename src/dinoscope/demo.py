"""Demo: load, lay out, serve, and leave nothing behind."""

from __future__ import annotations

import argparse
import contextlib
import errno
import gc
import importlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import memory, settings, visits
from .errors import OperatorError, of_disk
from .reading import one_thread
from .settings import Settings

if TYPE_CHECKING:
    from .ui.case_panel import Draw


class StartError(Exception):
    """Why the app cannot be served; the message says what to do."""


def serve(draw: Draw) -> None:
    """Serve the app until it is stopped.

    Args:
        draw: gives a new drawn picture; the product knows no drawings of its own.
    Raises:
        SystemExit: with status 1 and one sentence, when a setting or a file does not allow it.
    """
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _leave)
    try:
        with _spoken(ValueError):
            chosen = settings.load()
        _claim(chosen)
        with visits.folder() as folder:
            _serve(chosen, draw, folder)
    except (StartError, OSError) as fault:
        why = of_disk(fault) if isinstance(fault, OSError) else fault
        print(f"DINOscope cannot start: {why}", file=sys.stderr)
        raise SystemExit(1) from None


def _serve(chosen: Settings, draw: Draw, folder: Path) -> None:
    # Read by Gradio when it is imported: it would look for news of itself, and keep a table of every event.
    os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000"}
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    took = Took()
    with took("libraries"), undisturbed():
        one_thread.begin()
        from . import evidence
        from .ui import page
        from .workbench import Workbench
    with took("backbone and tasks"), _spoken(OperatorError):
        workbench = Workbench.load(chosen, LateFitter())
    with took("evidence"), _spoken(ValueError):
        measured = evidence.read(chosen.assets / "evidence")
    with took("page with its first answer"):
        demo = page.build(workbench, measured, draw)
    with took("serving"):
        page.launch(demo, chosen)
        visits.sweeping(folder, page.CACHE_SWEEP, page.CACHE_AGE, lambda: page.own_files(demo))
    memory.giving_back()
    print(f"DINOscope is ready: http://{chosen.host}:{chosen.port}, after {took}", flush=True)
    with took("cases of the other tasks"):
        workbench.complete()  # a search that is faster than this fills its own task first
    print(f"The cases of every task are in the index, after {took}", flush=True)
    try:
        threading.Event().wait()
    finally:
        demo.close(verbose=False)


class Took:
    """How long each step of a start takes, to be printed: `3.1 s (libraries 2.0 s, page 1.1 s)`."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Measure a step."""
        began = time.monotonic()
        yield
        self.steps[step] = time.monotonic() - began

    def __str__(self) -> str:
        each = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in self.steps.items())
        return f"{sum(self.steps.values()):.1f} s ({each})"


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Nothing that is made in here is searched for garbage, now or later: of libraries' code and tables there is none.

    Looking through them again and again would take a quarter of the time that importing them takes.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


class LateFitter:
    """`fitting.fit`, imported where a backbone needs it: scikit-learn would take a second of every start."""

    def fit_projection(self, *given: Any) -> Any:
        """As `fit.fit_projection`."""
        from .fitting import fit

        return fit.fit_projection(*given)

    def refit(self, *given: Any) -> None:
        """As `fit.refit`."""
        from .fitting import fit

        fit.refit(*given)


@contextlib.contextmanager
def _spoken(*kinds: type[Exception]) -> Iterator[None]:
    """A fault whose message is made for an operator, and nothing else of its kinds, is a reason not to start."""
    try:
        yield
    except kinds as fault:
        raise StartError(str(fault)) from fault


def _claim(chosen: Settings) -> None:
    """See that the port is free before the loading begins.

    Raises:
        StartError: when it is not.
    """
    try:
        family = socket.getaddrinfo(chosen.host, chosen.port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((chosen.host, chosen.port))
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE:
            raise StartError(f"port {chosen.port} is in use; set DINOSCOPE_PORT to another one") from fault
        if fault.errno == errno.EACCES:
            raise StartError(f"port {chosen.port} needs more rights; set DINOSCOPE_PORT above 1023") from fault
        raise StartError(
            f"{chosen.host} is no address of this machine; set DINOSCOPE_HOST to 127.0.0.1 for this machine alone, "
            "or to 0.0.0.0 for its network"
        ) from fault


def _leave(*_: object) -> None:
    """Asked to stop: leave through every door that is open, so that each is closed; being asked again is no hurry."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)
    raise SystemExit(0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything is set by environment variables; see settings.py."""


def run(arguments: argparse.Namespace) -> None:
    """Serve, with the drawings that are installed beside this package."""
    serve(importlib.import_module("dinoscope_phantoms").picture)

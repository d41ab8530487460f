"""Demo: load, lay out, serve, and leave nothing behind."""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from . import memory, settings, visits
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
    except (StartError, PermissionError) as fault:
        print(f"DINOscope cannot start: {fault}", file=sys.stderr)
        raise SystemExit(1) from None


def _serve(chosen: Settings, draw: Draw, folder: Path) -> None:
    # Read by Gradio when it is imported: it would look for news of itself, and keep a table of every event.
    os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000"}
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from . import evidence
    from .fitting import fit
    from .reading.encoder import EncoderError
    from .reading.heads import HeadError
    from .tasks import AssetError
    from .ui import page
    from .workbench import Workbench

    with _spoken(AssetError, EncoderError, HeadError):
        workbench = Workbench.load(chosen, fit)
    with _spoken(ValueError):
        measured = evidence.read(chosen.assets / "evidence")
    demo = page.build(workbench, measured, draw)
    page.launch(demo, chosen)
    visits.sweeping(folder, page.CACHE_SWEEP, page.CACHE_AGE, lambda: page.own_files(demo))
    memory.giving_back()
    print(f"DINOscope is ready: http://{chosen.host}:{chosen.port}", flush=True)
    try:
        threading.Event().wait()
    finally:
        demo.close(verbose=False)


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

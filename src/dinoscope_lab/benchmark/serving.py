"""Serving: the app in a process of its own, and a client of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from gradio_client import Client

from dinoscope.settings import ROOT

PATIENCE = 120
"""Seconds that a start may take."""

Found = TypeVar("Found")


@contextmanager
def started(
    port: int | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[tuple[str, subprocess.Popen, float]]:
    """The app as a process that has just been started; gives its address, itself, and the moment (monotonic seconds).

    Args:
        settings: environment variables beside those of this process.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port or 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, **(settings or {}), "DINOSCOPE_PORT": str(port), "DINOSCOPE_HOST": "127.0.0.1"}
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}", process, began
    finally:
        process.terminate()
        process.wait()


def once_there(process: subprocess.Popen, ask: Callable[[], Found], patience: float = PATIENCE) -> Found:
    """What asking gives as soon as the app answers; its fault, where the process has ended or takes too long."""
    began = time.monotonic()
    while True:
        try:
            return ask()
        except Exception:  # whatever a client makes of a server that is not there yet
            if process.poll() is not None or time.monotonic() - began > patience:
                raise
            time.sleep(0.05)


@contextmanager
def served(
    port: int | None = None, patience: float = PATIENCE, settings: Mapping[str, str] | None = None
) -> Iterator[tuple[Client, float]]:
    """The app in a process of its own; gives a client and the moment (monotonic seconds) of its start.

    Args:
        patience: seconds it may take to start.
        settings: environment variables beside those of this process.
    """
    with started(port, settings) as (address, process, began):
        yield once_there(process, lambda: Client(address, verbose=False), patience), began

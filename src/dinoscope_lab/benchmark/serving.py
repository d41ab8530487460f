"""Serving: the app in a process of its own, and a client of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from gradio_client import Client

from dinoscope.settings import ROOT


@contextmanager
def served(
    port: int | None = None, patience: float = 120, settings: Mapping[str, str] | None = None
) -> Iterator[tuple[Client, float]]:
    """The app in a process of its own; gives a client and the moment (monotonic seconds) of its start.

    Args:
        patience: seconds it may take to start.
        settings: environment variables beside those of this process.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port or 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, **(settings or {}), "DINOSCOPE_PORT": str(port), "DINOSCOPE_HOST": "127.0.0.1"}
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                client = Client(f"http://127.0.0.1:{port}", verbose=False)
                break
            except Exception:  # whatever the client makes of a server that is not there yet
                if process.poll() is not None or time.monotonic() - began > patience:
                    raise
                time.sleep(0.1)
        yield client, began
    finally:
        process.terminate()
        process.wait()

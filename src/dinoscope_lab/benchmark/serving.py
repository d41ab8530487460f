"""Serving: the app in a process of its own, and how a measurement asks it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from dinoscope.settings import ROOT

from ..caller import ANSWER, Caller

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


class Asking:
    """Asks a served app by plain HTTP over one connection; Gradio's own client adds a tenth of a second of its own."""

    def __init__(self, address: str) -> None:
        """Connect; fails as httpx does while nobody answers."""
        self.address = address
        self._caller = Caller(address)
        self._http = httpx.Client(timeout=PATIENCE, trust_env=False)
        verbs = json.loads(self._caller.get("/gradio_api/info").content)["named_endpoints"]
        self._verbs = {verb.lstrip("/"): described["parameters"] for verb, described in verbs.items()}

    def __call__(self, verb: str, picture: Path, **named: Any) -> tuple[list, float]:
        """Ask about a picture.

        Args:
            named: other values than the endpoint's defaults.
        Returns:
            what came back, files as their bytes; and seconds, upload and files included.
        Raises:
            ValueError: for a refusal or a fault.
        """
        _, *others = self._verbs[verb]
        began = time.monotonic()
        sent = self._caller.upload(picture.name, picture.read_bytes())
        values = [named.get(p["parameter_name"], p["parameter_default"]) for p in others]
        outcome = self._caller.call(verb, sent, *values)
        if outcome.kind != ANSWER:
            raise ValueError(f"{verb} of {picture}: {outcome.said}")
        found = [self._http.get(f["url"]).content if isinstance(f, dict) and "url" in f else f for f in outcome.content]
        return found, time.monotonic() - began


@contextmanager
def served(
    port: int | None = None, patience: float = PATIENCE, settings: Mapping[str, str] | None = None
) -> Iterator[tuple[Asking, float]]:
    """The app in a process of its own; gives what asks it and the moment (monotonic seconds) of its start.

    Args:
        patience: seconds it may take to start.
        settings: environment variables beside those of this process.
    """
    with started(port, settings) as (address, process, began):
        yield once_there(process, lambda: Asking(address), patience), began

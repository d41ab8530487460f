"""Kills: `fit`, `index` and the app, each killed at any moment; what was there before must go on working."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from dinoscope import atomic, manifest

from .processes import App, app, finished, killed_after

TASK = "attacked"
"""Name of the task that is fitted, and fitted again, while it is killed."""


def fit(assets: Path, pictures: Path, count: int, seed: int, scratch: Path) -> tuple[int, list[str]]:
    """Kill `fit` so many times; how many times it was killed, and what was broken afterwards."""
    command = ["-m", "dinoscope", "fit", "--task", TASK, "--images", str(pictures)]
    settings = {"DINOSCOPE_ASSETS": str(assets), "DINOSCOPE_CACHE": str(scratch / "cache")}

    def check() -> str:
        atomic.finish(assets)  # as whoever reads the assets next does
        manifest.verify(assets)
        return ""

    return _again_and_again(command, settings, count, seed, check)


def index(assets: Path, pictures: Path, task: str, count: int, seed: int, scratch: Path) -> tuple[int, list[str]]:
    """Kill `index` so many times; it must go on where it was, and end with every case once."""
    command = ["-m", "dinoscope", "index", "--cases", str(pictures), "--task", task]
    settings = {"DINOSCOPE_ASSETS": str(assets), "QDRANT_PATH": str(scratch / "index")}
    killed, broken = _again_and_again(command, settings, count, seed, lambda: "")
    total = sum(1 for p in pictures.rglob("*.png"))
    status, said = finished(command, settings)
    # Said of the last time: every picture was met, and each was added or held.
    if status or f"{total} of {total}" not in said:
        broken.append(f"index after {killed} kills: status {status}, {_tail(said)}")
    return killed, broken


def start(folder: Path, settings: dict[str, str], count: int, seed: int) -> tuple[int, list[str], App]:
    """Kill the app while it starts; then it must start, and leave no file of the killed ones when it is stopped."""
    choose = random.Random(seed)
    temporary = folder / "temporary"
    temporary.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with app(folder, settings):
        whole_start = time.monotonic() - began
    own = settings | {"TMPDIR": str(temporary), "DINOSCOPE_PORT": "0"}
    for _ in range(count):
        killed_after(["app.py"], own | {"DINOSCOPE_PORT": str(_port())}, choose.uniform(0.5, 1.2 * whole_start))
    with app(folder, settings) as served:
        pass
    left = served.files()
    return count, [f"{left} files of killed starts were left"] if left else [], served


def _again_and_again(
    command: list[str], settings: dict[str, str], count: int, seed: int, check: Callable[[], str]
) -> tuple[int, list[str]]:
    """Once to the end, to know how long it takes; then killed at moments spread over that time."""
    choose = random.Random(seed)
    began = time.monotonic()
    status, said = finished(command, settings)
    seconds = time.monotonic() - began
    broken = [f"before any kill: status {status}, {_tail(said)}"] if status else []
    for _ in range(count):
        killed_after(command, settings, choose.uniform(0.2, 1.0) * seconds)
        try:
            check()
        except Exception as fault:  # whatever reading what a kill left raises is the finding
            broken.append(f"{type(fault).__name__}: {fault}")
    return count, broken


def copied(assets: Path, folder: Path) -> Path:
    """The assets, to be broken."""
    shutil.copytree(assets, folder)
    return folder


def _port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _tail(said: str) -> str:
    return " / ".join(said.strip().splitlines()[-2:])[-200:]

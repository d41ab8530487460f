"""Disks: one that is full, one that may only be read, and one folder that two processes want at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dinoscope import atomic, manifest
from dinoscope.similar import Storage

from ..caller import BROKEN, Caller
from .kills import TASK, copied
from .processes import app, finished

ROOM = 24 << 20
"""Bytes left on the disk that is then filled."""


@dataclass
class Found:
    """How many things were tried, and those that ended otherwise than in a sentence."""

    tried: int = 0
    broken: list[str] = field(default_factory=list)
    skipped: str = ""

    def sentence(self, what: str, status: int, said: str) -> None:
        """A command that cannot do its work ends with status 1 and a line that is no traceback."""
        self.tried += 1
        if status != 1 or "Traceback" in said or not said.strip():
            self.broken.append(f"{what}: status {status}, {said.strip()[-200:]}")

    def true(self, what: str, held: bool) -> None:
        """Something that must hold."""
        self.tried += 1
        if not held:
            self.broken.append(what)


@contextlib.contextmanager
def mounted(folder: Path, size: int) -> Iterator[Path]:
    """A disk in memory of so many bytes.

    Raises:
        PermissionError: for who may not mount.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if done.returncode:
        raise PermissionError(done.stderr.strip() or "mount is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def full(assets: Path, pictures: Path, task: str, scratch: Path) -> Found:
    """`fit`, `index` and the app on a disk without room."""
    found = Found()
    size = sum(p.stat().st_size for p in assets.rglob("*") if p.is_file())
    try:
        with mounted(scratch / "full", 2 * size + ROOM) as disk:
            copy = copied(assets, disk / "assets")
            settings = {"DINOSCOPE_ASSETS": str(copy), "DINOSCOPE_CACHE": str(scratch / "cache")}
            _fill(disk, 100 << 10)
            found.sentence(
                "fit on a full disk",
                *finished(["-m", "dinoscope", "fit", "--task", TASK, "--images", str(pictures)], settings),
            )
            atomic.finish(copy)
            found.true("the assets are as they were", bool(manifest.verify(copy)))
            index = ["-m", "dinoscope", "index", "--cases", str(pictures), "--task", task]
            found.sentence("index on a full disk", *finished(index, settings | {"QDRANT_PATH": str(disk / "index")}))
            os.remove(disk / "filling")
            with app(scratch / "app", settings | {"TMPDIR": str(disk)}) as served:
                _fill(disk, 0)
                caller = Caller(served.address)
                outcome = caller.post("/gradio_api/upload", b"x" * (4 << 20))
                found.true(f"an upload on a full disk: {outcome.said}", outcome.kind != BROKEN or "507" in outcome.said)
                os.remove(disk / "filling")
                found.true("the page answers afterwards", caller.get("/config").kind == "answer")
                caller.close()
    except PermissionError as fault:
        found.skipped = f"no disk could be mounted ({fault})"
    return found


def read_only(assets: Path, pictures: Path, task: str, scratch: Path) -> Found:
    """`fit`, `index` and the app on a disk that may not be written."""
    found = Found()
    size = sum(p.stat().st_size for p in assets.rglob("*") if p.is_file())
    try:
        with mounted(scratch / "read-only", size + ROOM) as disk:
            copy = copied(assets, disk / "assets")
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
            settings = {"DINOSCOPE_ASSETS": str(copy), "DINOSCOPE_CACHE": str(disk / "cache")}
            found.sentence(
                "fit on a read-only disk",
                *finished(["-m", "dinoscope", "fit", "--task", TASK, "--images", str(pictures)], settings),
            )
            index = ["-m", "dinoscope", "index", "--cases", str(pictures), "--task", task]
            found.sentence(
                "index on a read-only disk", *finished(index, settings | {"QDRANT_PATH": str(disk / "index")})
            )
            with app(scratch / "app", settings) as served:
                caller = Caller(served.address)
                found.true("the app serves from it", caller.get("/config").kind == "answer")
                caller.close()
    except PermissionError as fault:
        found.skipped = f"no disk could be mounted ({fault})"
    return found


def shared(assets: Path, pictures: Path, task: str, scratch: Path) -> Found:
    """Two processes that want one index: the second says why it does not get it, and gets it afterwards."""
    found, folder = Found(), scratch / "shared"
    command = ["-m", "dinoscope", "index", "--cases", str(pictures), "--task", task]
    settings = {"DINOSCOPE_ASSETS": str(assets), "QDRANT_PATH": str(folder)}
    status, said = finished(command, settings)
    found.true(f"the first fills it: {said.strip()[-200:]}", status == 0)
    first = Storage(path=folder).open()
    try:
        found.sentence("the second, while another holds it", *finished(command, settings))
    finally:
        first.close()
    total = sum(1 for p in pictures.rglob("*.png"))
    status, said = finished(command, settings)
    found.true(f"every case is there once: {said.strip()[-200:]}", status == 0 and f"{total} already there" in said)
    return found


def _fill(disk: Path, left: int) -> None:
    """Leave so many bytes of a disk."""
    free = shutil.disk_usage(disk).free - left
    with open(disk / "filling", "wb") as file, contextlib.suppress(OSError):
        while free > 0:
            free -= file.write(bytes(min(free, 1 << 20)))

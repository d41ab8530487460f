"""Visits: the one folder for everything that belongs to a visit; it is gone when the app is, however it ended."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from . import atomic

LOCK = ".in-use"
SETTLED = 60
"""Seconds after which an empty file or folder is a left-over, and no upload that is about to come."""


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder of this process alone, used for every temporary file from here on, and deleted afterwards.

    What earlier processes left, killed before they could delete theirs, is deleted now: nobody holds its lock any more.
    """
    base = Path(tempfile.gettempdir()) / f"dinoscope-{os.getuid() if hasattr(os, 'getuid') else 'visits'}"
    base.mkdir(mode=0o700, exist_ok=True)
    status = base.lstat()
    if base.is_symlink() or (hasattr(os, "getuid") and status.st_uid != os.getuid()):
        raise PermissionError(f"{base} belongs to somebody else; set TMPDIR to a folder of your own")
    base.chmod(0o700)
    before = {name: os.environ.get(name) for name in ("TMPDIR", "GRADIO_TEMP_DIR")}
    with contextlib.ExitStack() as stack:
        with atomic.held(base):  # one process after the other, so that none deletes what another has not locked yet
            for earlier in base.iterdir():
                if _is_abandoned(earlier):
                    shutil.rmtree(earlier, ignore_errors=True)
            own = Path(tempfile.mkdtemp(dir=base)).resolve()
            fcntl.flock(stack.enter_context(open(own / LOCK, "w")), fcntl.LOCK_EX | fcntl.LOCK_NB)
        uploads = own / "uploads"
        uploads.mkdir()
        # Child processes too; Gradio reads its own when it is imported.
        os.environ |= {"TMPDIR": str(own), "GRADIO_TEMP_DIR": str(uploads)}
        tempfile.tempdir = str(own)
        try:
            yield own
        finally:
            tempfile.tempdir = None
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
            shutil.rmtree(own, ignore_errors=True)


def sweep(own: Path, age: float, keep: Collection[str] = (), now: float | None = None) -> int:
    """Delete files older than `age` seconds and what is empty and settled; returns how many were deleted.

    Args:
        keep: paths of the app's own files, which have no age.
    """
    now, gone = time.time() if now is None else now, 0
    for place, folders, files in os.walk(own, topdown=False):
        for name in files:
            path = os.path.join(place, name)
            with contextlib.suppress(OSError):
                status = os.lstat(path)
                limit = age if status.st_size else min(SETTLED, age)
                if name != LOCK and path not in keep and now - status.st_ctime > limit:
                    os.remove(path)
                    gone += 1
        for name in folders:
            path = os.path.join(place, name)
            with contextlib.suppress(OSError):  # not empty, most of them
                if place != str(own) and now - os.lstat(path).st_ctime > min(SETTLED, age):
                    os.rmdir(path)
                    gone += 1
    return gone


def sweeping(own: Path, every: float, age: float, keep: Callable[[], Collection[str]]) -> None:
    """Sweep the folder every so many seconds, from now on, beside everything else."""

    def go_on() -> None:
        while own.is_dir():
            time.sleep(every)
            sweep(own, age, keep())

    threading.Thread(target=go_on, name="sweep", daemon=True).start()


def kept(place: Path) -> int:
    """Bytes of all files below a folder."""
    total = 0
    for inside, _, files in os.walk(place):
        for name in files:
            with contextlib.suppress(OSError):  # deleted in this moment
                total += os.lstat(os.path.join(inside, name)).st_size
    return total


def _is_abandoned(earlier: Path) -> bool:
    try:
        with open(earlier / LOCK) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        with contextlib.suppress(FileNotFoundError):  # another process took it away meanwhile
            return time.time() - earlier.lstat().st_ctime > SETTLED  # one that is just being made has no lock yet
        return False
    except OSError:
        return False
    return True

"""Atomic writes: files below a folder change all together or not at all, whatever is killed or full meanwhile."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STAGED, DECIDED = ".staged-", ".decided"
"""Names of the folder that is being written, and of the one whose files only wait to be moved to their places."""


@contextmanager
def change(root: Path) -> Iterator[Path]:
    """A folder to write into; when the block ends, its files take the same places below `root`, all or none.

    A kill before the end leaves everything as it was. A kill after it leaves a folder of files that `finish`, which
    everybody calls before reading, moves to their places; moving needs no room on the disk. Whoever begins another
    change below the same root meanwhile, in any process or thread, waits: what is read in the block stays as it is.

    Raises:
        OSError: when the disk is full or may not be written; nothing has changed then.
    """
    root.mkdir(parents=True, exist_ok=True)
    with held(root):
        _forget(root)
        _move(root)
        staged = Path(tempfile.mkdtemp(prefix=STAGED, dir=root))
        try:
            yield staged
            for path in _files(staged):
                with path.open("rb") as file:
                    os.fsync(file.fileno())
            _move(root)  # of a process that did not wait, as on a disk that knows no locks
            staged.rename(root / DECIDED)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        _move(root)


def finish(root: Path) -> None:
    """Carry out the change that a killed process had decided on, and forget what it had not; else touch nothing."""
    if any(root.glob(f"{STAGED}*")):
        with suppress(OSError), held(root, fcntl.LOCK_NB):  # not while a process lives that writes there
            _forget(root)
    _move(root)


def write(path: Path, content: str | bytes) -> None:
    """Write one file beside its place and move it there: a reader meets the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def hidden(path: Path, root: Path) -> bool:
    """Whether a file below `root` is no asset but what an editor, Python or a cut short change left there."""
    return any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(root).parts)


def _files(folder: Path) -> list[Path]:
    """Every file, the manifest (at the top) last, so that it never speaks of files that are not there yet."""
    files = [p for p in folder.rglob("*") if p.is_file()]
    return sorted(files, key=lambda p: (len(p.relative_to(folder).parts) == 1, p))


@contextmanager
def held(root: Path, how: int = 0) -> Iterator[None]:
    """The lock of those who write below a folder; gone with this process, however it ends."""
    lock = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | how)
        yield
    finally:
        os.close(lock)


def _forget(root: Path) -> None:
    """Remove what killed processes were writing; to be called by the one who holds the lock."""
    for left in root.glob(f"{STAGED}*"):
        shutil.rmtree(left, ignore_errors=True)


def _move(root: Path) -> None:
    """Move the files of a change that is decided to their places."""
    decided = root / DECIDED
    if not decided.is_dir():
        return
    for path in _files(decided):
        target = root / path.relative_to(decided)
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # another process finishes the same change
            path.replace(target)
    shutil.rmtree(decided, ignore_errors=True)

"""Atomic writes: files below a folder change all together or not at all, whatever is killed or full meanwhile."""

from __future__ import annotations

import fcntl
import os
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
    everybody calls before reading, moves to their places; moving needs no room on the disk.

    Raises:
        OSError: when the disk is full or may not be written; nothing has changed then.
    """
    root.mkdir(parents=True, exist_ok=True)
    finish(root)
    staged = Path(tempfile.mkdtemp(prefix=STAGED, dir=root))
    held = os.open(staged, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)  # gone with this process, however it ends
    try:
        yield staged
        for path in _files(staged):
            with path.open("rb") as file:
                os.fsync(file.fileno())
        staged.rename(root / DECIDED)
    finally:
        os.close(held)
        shutil.rmtree(staged, ignore_errors=True)
    finish(root)


def finish(root: Path) -> None:
    """Carry out the change that a killed process had decided on, and forget what it had not; else touch nothing."""
    for left in root.glob(f"{STAGED}*"):
        with suppress(OSError):
            held = os.open(left, os.O_RDONLY)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while its process lives
                shutil.rmtree(left)
            finally:
                os.close(held)
    decided = root / DECIDED
    if not decided.is_dir():
        return
    for path in _files(decided):
        target = root / path.relative_to(decided)
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # another process finishes the same change
            path.replace(target)
    shutil.rmtree(decided, ignore_errors=True)


def write(path: Path, content: str | bytes) -> None:
    """Write one file beside its place and move it there: a reader meets the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o666 & ~_umask())
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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

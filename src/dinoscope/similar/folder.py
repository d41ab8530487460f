"""Folder: what may be wrong with an index in a folder of one's own, each fault told as what it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .server import IndexFault


@contextmanager
def spoken(path: Path) -> Iterator[None]:
    """Turns what the engine, or the disk below it, makes of a call into one sentence."""
    try:
        yield
    except IndexFault:
        raise
    except (RuntimeError, OSError) as fault:
        raise IndexFault(in_words(path, str(fault))) from fault


def in_words(path: Path, said: str) -> str:
    """What the engine says of a folder, as the operator's sentence."""
    known = {
        "WouldBlock": "is in use by another process; stop it, or use a Qdrant server",
        "No space": "has no room left on its disk; make room, or set QDRANT_PATH to a folder on another disk",
        "Permission denied": "may not be read and written by this user; change its owner or QDRANT_PATH",
        "Read-only file system": "lies on a disk that may only be read; set QDRANT_PATH to another folder",
        "Too many open files": "needs more open files than are allowed; raise the limit (ulimit -n)",
    }
    if remedy := next((sentence for word, sentence in known.items() if word in said), ""):
        return f"the index in {path} {remedy}" + (f" ({said})" if said.startswith("No space") else "")
    short = " ".join(said.split())
    return (
        f"the index in {path} is damaged ({short[:200]}{'…' * (len(short) > 200)}); restore it from a copy, or move "
        "the folder away, start again, and add own cases with `dinoscope index`"
    )

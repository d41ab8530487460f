"""Thumbnails: small pictures of an operator's own cases, made once, kept in the operator's cache and nowhere else."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from .. import atomic
from ..reading import images
from .case import Case

SIDE = 160
"""Longest side in pixels."""


def make(picture: Image.Image) -> bytes:
    """A small WebP of a picture, nothing of its file's metadata in it."""
    small = picture.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=75)
    return buffer.getvalue()


def place(cache: Path, case: Case) -> Path:
    """Where the thumbnail of a case is kept: by what it shows, so that a refit makes no second one."""
    return cache / "thumbnails" / case.pixels[:2] / f"{case.pixels[2:32]}.webp"


def keep(cache: Path, case: Case, file: Path) -> None:
    """Make a thumbnail of a case's own file, unless it is there."""
    if not place(cache, case).is_file():
        atomic.write(place(cache, case), make(images.read(file).picture))


def of(cache: Path, cases: Sequence[Case]) -> list[bytes]:
    """The thumbnail of each own case, empty for any other and where there is none; an empty list without own cases."""
    if not any(c.origin == "own" for c in cases):
        return []
    places = [place(cache, c) if c.origin == "own" and c.pixels else None for c in cases]
    return [p.read_bytes() if p is not None and p.is_file() else b"" for p in places]

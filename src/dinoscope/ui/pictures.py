"""Pictures as part of the page itself, so that no copy of them stays on a disk."""

from __future__ import annotations

import base64
import io
from functools import lru_cache
from pathlib import Path

from PIL import Image

SHOWN = 768
"""Longest side in pixels of a picture on the page."""
THUMBNAIL = 224
HOW: dict[str, dict[str, int]] = {"PNG": {"compress_level": 3}, "WEBP": {"quality": 88, "method": 4}}
"""How a picture is written; PNG at its usual level takes three times as long and is no smaller."""
KEPT = 4000
"""Thumbnails in memory, some 15 kB each."""


def as_url(content: bytes, kind: str) -> str:
    """Bytes as an address that holds them."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def data_url(picture: Image.Image, side: int = SHOWN, kind: str = "PNG") -> str:
    """A picture as an address, at most `side` pixels long; WEBP is smaller and not exact."""
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, kind, **HOW[kind])
    return as_url(buffer.getvalue(), f"image/{kind.lower()}")


@lru_cache(maxsize=KEPT)
def thumbnail(path: Path, side: int = THUMBNAIL) -> str:
    """A bundled picture as an address, made once."""
    with Image.open(path) as picture:
        return data_url(picture.convert("RGB"), side, "WEBP")

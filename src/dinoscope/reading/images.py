"""Images: bytes or a file -> an RGB picture, or an `ImageError` with the reason in plain words."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import numpy as np
from PIL import Image

from .formats import dicom, kinds, raster, refusals
from .formats.decoded import Decoded, ImageError

__all__ = ["MAX_SIDE", "Decoded", "ImageError", "pixel_hash", "read"]

MAX_SIDE = 4096
LONG_RATIO = 4
BLANK_DEVIATION = 2.0
MAX_BYTES = 256 << 20
"""Larger files are refused unread."""


def read(source: Path | bytes | Image.Image, frame: int | None = None) -> Decoded:
    """Read one picture from a file, its bytes, or a Pillow image.

    The kind of file is told from its content, never from its name. Deep grey is windowed, as a DICOM file
    asks or between the 1st and 99.5th percentile of its values. Safe to call from several threads.

    Args:
        source: PNG, JPEG, WebP, TIFF, BMP, GIF or DICOM. Never a string: a text that a visitor sent must not
            become the name of a file, so who opens a file makes the `Path`.
        frame: which frame, page or slice, counted from 1. None for the middle one of a DICOM file and the
            first one of anything else.
    Raises:
        ImageError: for anything that cannot be read; its message says what was wrong and what to do.
        TypeError: for a string.
    """
    if isinstance(source, Image.Image):
        subject = "The picture"
        refusals.check_frame(subject, 1, 1 if frame is None else frame)
        try:
            decoded = raster.convert(source, subject, source.format or "Picture")
        except ImageError:
            raise
        except Exception as error:  # Pillow decodes lazily, so a damaged file may come to light only here
            raise refusals.damaged(subject, source.format or "a picture") from error
        return _finish(decoded)

    data, subject = _bytes_of(source)
    if not data:
        raise refusals.empty(subject)
    if kinds.is_dicom(data):
        return _finish(dicom.decode(data, subject, frame))
    if kind := kinds.raster_kind(data):
        return _finish(raster.decode(data, kind, subject, frame))
    if foreign := kinds.foreign_kind(data):
        raise refusals.unsupported(subject, foreign)
    raise refusals.not_a_picture(subject)


def pixel_hash(picture: Image.Image) -> str:
    """sha256 of a picture's size and RGB bytes: equal for two files that decode to the same pixels."""
    digest = hashlib.sha256(f"{picture.width}x{picture.height}:".encode())
    digest.update(picture.convert("RGB").tobytes())
    return digest.hexdigest()


def _bytes_of(source: Path | bytes) -> tuple[bytes, str]:
    """The bytes, and how to call them in an error."""
    if isinstance(source, bytes):
        return source, "The picture"
    if not isinstance(source, Path):
        raise TypeError(f"a picture is bytes, a Path or a Pillow image, not {type(source).__name__}")
    subject = refusals.quoted(source.name)
    try:
        # Without waiting, as a named pipe would have a reader wait for good.
        with open(source, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise refusals.no_file(subject)
            if status.st_size > MAX_BYTES:
                raise refusals.too_many_bytes(subject, status.st_size, MAX_BYTES)
            return file.read(MAX_BYTES), subject
    except IsADirectoryError as error:
        raise refusals.folder(subject) from error
    except FileNotFoundError as error:
        raise refusals.missing(subject) from error
    except OSError as error:
        raise refusals.unreadable(subject, error.strerror or "no reason given") from error
    except ValueError as error:
        raise refusals.unreadable(subject, "not a file name") from error  # a zero byte in it


def _finish(decoded: Decoded) -> Decoded:
    """Scale down what is too large, drop the metadata, and warn about pictures of little use."""
    picture, warnings = decoded.picture, list(decoded.warnings)
    width, height = picture.size
    if max(width, height) > MAX_SIDE:
        picture = picture.copy()
        picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
        warnings.append(f"Scaled down from {width} x {height} to {picture.width} x {picture.height} pixels.")
    ratio = max(width, height) / min(width, height)
    if ratio > LONG_RATIO:
        warnings.append(
            f"The picture is {ratio:.1f} times as long as wide; the heads know pictures closer to a square."
        )
    deviation = np.asarray(picture.convert("L")).std()
    if deviation == 0:
        warnings.append("The picture is one flat colour, so an answer about it means nothing.")
    elif deviation < BLANK_DEVIATION:
        warnings.append("The picture is nearly blank, so an answer about it means little.")
    # Only size and pixels go on: a copy would keep EXIF, comments and colour profiles.
    clean = Image.frombytes("RGB", picture.size, picture.tobytes())
    return Decoded(clean, decoded.frames, decoded.frame, decoded.facts, tuple(warnings))

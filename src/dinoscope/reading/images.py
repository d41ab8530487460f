"""Images: bytes or a file -> an RGB picture, or an `ImageError` with the reason in plain words."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from PIL import Image

from .formats import decoding, isolated, raster, refusals
from .formats.decoded import HERE, Decoded, Heavy, ImageError

__all__ = ["MAX_SIDE", "SUPPORTED", "Decoded", "ImageError", "pixel_hash", "read"]

MAX_SIDE = decoding.MAX_SIDE
SUPPORTED = refusals.SUPPORTED
MAX_BYTES = 256 << 20
"""Larger files are refused unread."""


def read(source: Path | bytes | Image.Image, frame: int | None = None) -> Decoded:
    """Read one picture from a file, its bytes, or a Pillow image.

    The kind of file is told from its content, never from its name. Deep grey is windowed, as the file itself asks or
    between the 1st and 99.5th percentile of its values. What may take long or much is read in a process of its own.
    Safe to call from several threads.

    Args:
        source: PNG, JPEG, WebP, TIFF, BMP, GIF, DICOM or NIfTI. Never a string: a text that a visitor sent must not
            become the name of a file, so who opens a file makes the `Path`.
        frame: which frame, page or slice, counted from 1. None for the middle one of a DICOM or NIfTI file and the
            first one of anything else.
    Raises:
        ImageError: for anything that cannot be read; its message says what was wrong and what to do.
        TypeError: for a string.
    """
    if isinstance(source, Image.Image):
        return _read_image(source, frame)
    data, subject = _bytes_of(source)
    file = decoding.known(data, subject, frame)
    try:
        return decoding.decode(file, HERE)
    except Heavy:
        return isolated.read(file)
    except MemoryError as error:
        raise refusals.damaged(subject, file.kind) from error


def pixel_hash(picture: Image.Image) -> str:
    """sha256 of a picture's size and RGB bytes: equal for two files that decode to the same pixels."""
    digest = hashlib.sha256(f"{picture.width}x{picture.height}:".encode())
    digest.update(picture.convert("RGB").tobytes())
    return digest.hexdigest()


def _read_image(image: Image.Image, frame: int | None) -> Decoded:
    """A Pillow image, which may be one that is still to be decoded from a damaged file."""
    subject = "The picture"
    refusals.check_frame(subject, 1, 1 if frame is None else frame)
    try:
        return decoding.finish(raster.convert(image, subject, image.format or "Picture"))
    except ImageError:
        raise
    except Exception as error:
        raise refusals.damaged(subject, image.format or "a picture") from error


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

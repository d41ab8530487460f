"""What reading a file takes and gives: a `File` with its `Effort`, a `Decoded` picture, or an `ImageError`."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from ...errors import RequestError


class ImageError(RequestError):
    """A picture that cannot be read; the message is the sentence a visitor sees."""


class Heavy(Exception):
    """Reading this file may take long or much: it belongs into a process of its own, see `isolated.py`."""


@dataclass(frozen=True)
class Effort:
    """How much may be spent on one file where it is read.

    Attributes:
        pixels: decoded for one picture, over all scans and frames that must be passed on the way.
        unpacked: bytes that a compressed container may unpack to.
        parts: DICOM elements, TIFF entries and the like that may be walked through.
        apart: whether this is the process of its own, where a decoder may even die.
    """

    pixels: int = 13_000_000
    unpacked: int = 64 << 20
    parts: int = 50_000
    apart: bool = False

    def check(self, *, pixels: float = 0, unpacked: int = 0, parts: int = 0) -> None:
        """Raise `Heavy` where this process may not spend so much; a process of its own is bounded by its limits."""
        if not self.apart and (pixels > self.pixels or unpacked > self.unpacked or parts > self.parts):
            raise Heavy


HERE, APART = Effort(), Effort(apart=True)


@dataclass(frozen=True)
class File:
    """One file to read.

    Attributes:
        data: all its bytes.
        kind: one of `kinds.NAMES`.
        subject: how to call it in an error: its name in quotation marks, or "The picture".
        frame: the frame, page or slice to show, counted from 1; None for the one its kind opens with.
    """

    data: bytes
    kind: str
    subject: str = "The picture"
    frame: int | None = None


@dataclass(frozen=True)
class Decoded:
    """A picture with what is worth knowing about how it was read.

    Attributes:
        picture: RGB, EXIF-rotated, at most 4096 px a side, without metadata (`picture.info` is empty).
        frames: how many frames, pages or slices the file holds, 1 or more.
        frame: the one shown, counted from 1 as DICOM and a frame slider do.
        facts: what a reader would ask about the file, such as "PNG, 512 x 512 pixels, 16-bit grey".
        warnings: sentences about whatever may make an answer less trustworthy.
    """

    picture: Image.Image
    frames: int = 1
    frame: int = 1
    facts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

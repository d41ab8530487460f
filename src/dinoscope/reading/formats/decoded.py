"""What reading a file gives: a `Decoded` picture, or an `ImageError`."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from ...errors import RequestError


class ImageError(RequestError):
    """A picture that cannot be read; the message is the sentence a visitor sees."""


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

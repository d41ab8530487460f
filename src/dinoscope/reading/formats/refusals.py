"""Refusals: every reason a picture is not read, as the sentence a visitor sees.

`subject` is the file's name in quotation marks, or "The picture" where it has none.
"""

from __future__ import annotations

import re

from . import kinds
from .decoded import ImageError


class Damage(ImageError):
    """The file is cut short or damaged; what exactly may still be found out."""


SUPPORTED = f"{', '.join(kinds.NAMES[:-1])} or {kinds.NAMES[-1]}"
MAX_PIXELS = 100_000_000
MIN_SIDE = 32
MAX_RATIO = 16
NOT_SQUARE = 0.05
VOLUMES = ("DICOM", "NIfTI")


def quoted(name: str) -> str:
    """A file's name as the subject of a sentence: printable, and not longer than a line."""
    printable = "".join(letter for letter in name if letter.isprintable())
    return f'"{printable if len(printable) <= 80 else printable[:40] + "..." + printable[-37:]}"'


def missing(subject: str) -> ImageError:
    return ImageError(f"{subject} was not found. Choose the file again.")


def folder(subject: str) -> ImageError:
    return ImageError(f"{subject} is a folder. Choose one picture inside it.")


def no_file(subject: str) -> ImageError:
    return ImageError(f"{subject} is a device or a pipe, not a file. Choose a picture.")


def too_many_bytes(subject: str, size: int, limit: int) -> ImageError:
    return ImageError(
        f"{subject} has {size >> 20} MB; the limit is {limit >> 20} MB. Crop it, or export a single frame of it."
    )


def unreadable(subject: str, reason: str) -> ImageError:
    return ImageError(f"{subject} could not be opened ({reason}). Choose the file again.")


def empty(subject: str) -> ImageError:
    return ImageError(f"{subject} is empty: it holds 0 bytes. Save or upload it again.")


def cut_short(subject: str) -> Damage:
    return Damage(f"{subject} is cut short: only part of the picture arrived. Save or upload it again.")


def damaged(subject: str, kind: str) -> Damage:
    remedy = f"Export it again as {kind} or PNG" if kind in VOLUMES else "Save it again as PNG or JPEG"
    return Damage(f"{subject} cannot be read as {kind}: it is damaged or of a rare kind. {remedy} and upload that.")


def only_zeros(subject: str, kind: str, start: int) -> ImageError:
    return ImageError(
        f"{subject} begins like {kind}, but from byte {start} on it holds nothing but zeros, as after a copy that "
        "was broken off. Copy or save it again and upload that."
    )


def odd(subject: str, kind: str, what: str) -> ImageError:
    """A file of a readable kind with something in it that is not read; `what` is said in full, with the remedy."""
    return ImageError(f"{subject} cannot be read as {kind}: {what}")


def not_a_picture(subject: str) -> ImageError:
    return ImageError(f"{subject} is not a picture. Upload {SUPPORTED}.")


def unsupported(subject: str, kind: str) -> ImageError:
    return ImageError(f"{subject} is {kind}, which cannot be read here. Save one picture as {SUPPORTED}.")


def no_pixels(subject: str, content: str) -> ImageError:
    return ImageError(
        f"{subject} is a DICOM file without a picture ({plain(content)}). Upload an image such as CT, MR or CR."
    )


def pixels_left_out(subject: str) -> Damage:
    return Damage(
        f"{subject} describes a picture but holds no pixels: they were left out, or the file is cut short. "
        "Export it again with its pixels and upload that."
    )


def undecodable(subject: str, syntax: str) -> ImageError:
    return ImageError(
        f"{subject} is compressed as {plain(syntax)}, which cannot be decoded here. "
        "Export it uncompressed (Explicit VR Little Endian) and upload that."
    )


def unknown_colours(subject: str, photometric: str) -> ImageError:
    return ImageError(
        f"{subject} stores its colours as {plain(photometric)}, which cannot be read here. "
        "Export it as RGB or MONOCHROME2 and upload that."
    )


def no_finite_value(subject: str) -> ImageError:
    return ImageError(f"{subject} holds no number: every pixel is NaN or infinite. Export it again with its values.")


def too_long(subject: str, seconds: int) -> ImageError:
    return ImageError(
        f"{subject} takes more than {seconds} seconds to read, which is the limit. "
        "Export a single frame of it, or save it as PNG, and upload that."
    )


def too_much_memory(subject: str, limit: int) -> ImageError:
    return ImageError(
        f"{subject} needs more than {limit >> 30} GB of memory to read, which is the limit. "
        "Export a single frame of it, or scale it down, and upload that."
    )


def waited_in_vain(subject: str, seconds: int) -> ImageError:
    return ImageError(
        f"{subject} waited {seconds} seconds behind other large files and was not read. Try again in a minute."
    )


def unpacks_too_large(subject: str, limit: int) -> ImageError:
    return ImageError(
        f"{subject} unpacks to more than {limit // 2**20} MB. Export a single frame of it and upload that."
    )


def no_such_frame(subject: str, frames: int, frame: int) -> ImageError:
    if frames == 1:
        return ImageError(f"{subject} holds a single frame; there is no frame {frame}. Choose frame 1.")
    return ImageError(
        f"{subject} holds {frames} frames; there is no frame {frame}. Choose 1 to {frames} with the frame slider."
    )


def too_many_pixels(subject: str, pixels: int) -> ImageError:
    return ImageError(
        f"{subject} has {pixels / 1e6:.9g} megapixels; the limit is {MAX_PIXELS / 1e6:.0f}. "
        "Crop it or scale it down and upload that."
    )


def check_size(subject: str, width: int, height: int) -> None:
    """Refuse a size before anything is decoded.

    Raises:
        ImageError: above 100 megapixels, under 32 px a side, or more than 16 times as long as wide.
    """
    if width * height > MAX_PIXELS:
        raise too_many_pixels(subject, width * height)
    if min(width, height) < MIN_SIDE:
        raise ImageError(
            f"{subject} is {width} x {height} pixels; each side needs at least {MIN_SIDE}. "
            "Upload it at its original size."
        )
    if max(width, height) > MAX_RATIO * min(width, height):
        raise ImageError(
            f"{subject} is {width} x {height} pixels, more than {MAX_RATIO} times as long as wide. "
            "Crop it to the part that matters and upload that."
        )


def squeezed(height: float, width: float) -> tuple[str, ...]:
    """A warning where a pixel is not square; nothing where it is, or its size is not told."""
    if not (height > 0 and width > 0 and abs(height / width - 1) > NOT_SQUARE):
        return ()
    return (f"Its pixels are not square ({height:g} high, {width:g} wide), so shapes look squeezed here.",)


def check_frame(subject: str, frames: int, frame: int) -> None:
    """Refuse a frame the file does not hold; frames count from 1."""
    if not 1 <= frame <= frames:
        raise no_such_frame(subject, frames, frame)


def plain(text: str) -> str:
    """Text out of a file, which may hold anything, fit to stand in a sentence on a page."""
    return re.sub(r"[^A-Za-z0-9 .,:'/()\[\]_-]", "?", text)[:100]

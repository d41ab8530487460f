"""Decoding: the one way from a file's bytes to a finished picture - one decoder a kind, in one table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from . import foreign, kinds, raster, refusals, volume
from .decoded import Decoded, Effort, File

Decoder = Callable[[File, Effort], Decoded]


def _dicom(file: File, effort: Effort) -> Decoded:
    from . import dicom  # takes a fifth of a second, which a start need not wait for

    return dicom.decode(file, effort)


DECODERS: dict[str, Decoder] = {
    **dict.fromkeys(("PNG", "JPEG", "WebP", "TIFF", "BMP", "GIF"), raster.decode),
    "DICOM": _dicom,
    "NIfTI": volume.decode,
}
MAX_SIDE = 4096
LONG_RATIO = 4
BLANK_DEVIATION = 2.0


def known(data: bytes, subject: str, frame: int | None) -> File:
    """A file of a kind that is read here, told from its bytes.

    Raises:
        ImageError: if it is empty, of another kind, or of none.
    """
    if not data:
        raise refusals.empty(subject)
    if kind := kinds.kind(data):
        return File(data, kind, subject, frame)
    if name := foreign.name(data):
        raise refusals.unsupported(subject, name)
    raise refusals.not_a_picture(subject)


def decode(file: File, effort: Effort) -> Decoded:
    """Decode a file and finish its picture.

    Raises:
        ImageError: with a sentence, whatever is wrong with it.
        Heavy: if that takes more than this process may spend.
    """
    try:
        return finish(DECODERS[file.kind](file, effort))
    except refusals.Damage as error:
        if (start := kinds.zeros_from(file.data)) is not None:
            raise refusals.only_zeros(file.subject, file.kind, start) from error
        raise


def finish(decoded: Decoded) -> Decoded:
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

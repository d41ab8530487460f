"""Raster: what Pillow decodes (PNG, JPEG, WebP, TIFF, BMP, GIF) -> an RGB picture."""

from __future__ import annotations

import io
import re

import numpy as np
from PIL import Image, ImageOps

from . import grey, refusals
from .decoded import Decoded, ImageError
from .kinds import RASTER_KINDS, is_cut_short

_DEPTHS = {
    "1": "1-bit",
    "L": "8-bit grey",
    "LA": "8-bit grey",
    "La": "8-bit grey",
    "P": "palette colours",
    "PA": "palette colours",
    "CMYK": "CMYK colours",
    "I": "32-bit grey",
    "F": "floating-point grey",
}
_SPELLING = {"WEBP": "WebP"}
_ORIENTATION, _PHOTOMETRIC, _WHITE_IS_ZERO = 0x0112, 262, 0


def decode(data: bytes, kind: str, subject: str, frame: int | None) -> Decoded:
    """Decode one frame of a file.

    Args:
        data: the whole file.
        kind: its Pillow format, from `kinds.raster_kind`.
        subject: how to call it in an error.
        frame: counted from 1; None for the first.
    Raises:
        ImageError: with a sentence, whatever is wrong with the file.
    """
    name = _SPELLING.get(kind, kind)
    try:
        with Image.open(io.BytesIO(data), formats=RASTER_KINDS) as image:
            # A phone's JPEG may carry a depth or gain map as a second frame: not something to look at.
            frames = 1 if kind == "JPEG" else getattr(image, "n_frames", 1)
            shown = 1 if frame is None else frame
            refusals.check_frame(subject, frames, shown)
            if shown > 1:
                image.seek(shown - 1)
            depth = "16-bit colours, read at 8 bits" if kind == "PNG" and _is_deep_colour(data) else None
            decoded = convert(image, subject, name, depth)
    except ImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        pixels = re.search(r"\d+", str(error))
        raise refusals.too_many_pixels(subject, int(pixels[0]) if pixels else refusals.MAX_PIXELS) from error
    # Pillow's decoders meet a damaged file with OSError, SyntaxError, struct.error, zlib.error, KeyError,
    # IndexError, MemoryError and more, and a new release may add to the list. This is the border.
    except Exception as error:
        if is_cut_short(kind, data) or "truncated" in str(error).lower():
            raise refusals.cut_short(subject) from error
        raise refusals.damaged(subject, name) from error
    warnings = decoded.warnings
    if frames > 1:
        what = (
            f"Page {shown} of {frames} is shown."
            if kind == "TIFF"
            else f"Animated: frame {shown} of {frames} is shown."
        )
        warnings = (what, *warnings)
    return Decoded(decoded.picture, frames, shown, decoded.facts, warnings)


def convert(image: Image.Image, subject: str, kind: str, depth: str | None = None) -> Decoded:
    """Any Pillow image -> RGB: rotated as its EXIF says, deep grey windowed, transparency painted black.

    Black, because that is the background of nearly every medical image the heads were fitted on.
    """
    refusals.check_size(subject, *image.size)
    rotated = image.getexif().get(_ORIENTATION, 1) in range(2, 9)
    inverted = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    image = ImageOps.exif_transpose(image)
    notes: list[str] = []
    warnings: list[str] = []
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        picture, note = _window(image, subject)
        notes.append(note)
        if inverted:  # Pillow inverts such a TIFF only up to 8 bits
            picture = ImageOps.invert(picture)
    elif image.has_transparency_data:
        picture, transparent = _on_black(image)
        if transparent:
            warnings.append("Transparent parts were painted black.")
    else:
        picture = image
        if image.mode == "CMYK":
            warnings.append("The colours were converted from CMYK and may be slightly off.")
    if rotated:
        notes.append("turned upright as its EXIF says")
    width, height = image.size
    depth = depth or _DEPTHS.get(image.mode, "16-bit grey" if image.mode.startswith("I;16") else "8-bit colours")
    facts = (f"{kind}, {width} x {height} pixels, {depth}", *notes)
    return Decoded(picture.convert("RGB"), facts=facts, warnings=tuple(warnings))


def _window(image: Image.Image, subject: str) -> tuple[Image.Image, str]:
    """Deep grey -> 8-bit grey between two percentiles; Pillow's own conversion would clip it to white."""
    values = np.asarray(image)
    values = values.astype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
    if not np.isfinite(values).any():
        raise refusals.no_finite_value(subject)
    low, high = grey.percentile_window(values)
    return Image.fromarray(grey.to_bytes(grey.between(values, low, high))), grey.window_fact(low, high)


def _on_black(image: Image.Image) -> tuple[Image.Image, bool]:
    """Composite on black; also tells whether anything was transparent at all."""
    coloured = image.convert("RGBA")
    transparent = coloured.getchannel("A").getextrema() != (255, 255)
    return Image.alpha_composite(Image.new("RGBA", coloured.size, "black"), coloured), transparent


def _is_deep_colour(data: bytes) -> bool:
    """Whether a PNG's header says 16 bits of colour or of grey with alpha, which Pillow reads at 8."""
    return data[24:25] == b"\x10" and data[25:26] in (b"\2", b"\4", b"\6")

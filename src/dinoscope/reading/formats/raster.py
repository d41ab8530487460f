"""Raster: what Pillow decodes (PNG, JPEG, WebP, TIFF, BMP, GIF) -> an RGB picture."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

from . import colour, grey, headers, refusals, tiff
from .decoded import Decoded, Effort, File, Heavy, ImageError
from .kinds import is_cut_short

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
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION, _EXIF, _COLOUR_SPACE, _ADOBE_RGB = 0x0112, 0x8769, 0xA001, 2


def decode(file: File, effort: Effort) -> Decoded:
    """Decode one frame of a file; the first where none is asked for.

    Raises:
        ImageError: with a sentence, whatever is wrong with the file.
        Heavy: if that takes more than this process may spend.
    """
    pages = tiff.read(file.data, effort) if file.kind == "TIFF" else None
    if pages and pages.raw:
        raise refusals.unsupported(file.subject, "a camera's raw file")
    try:
        needed = headers.needed(file, effort)
        with Image.open(io.BytesIO(needed.data), formats=(file.kind.upper(),)) as image:
            if needed.profile is not None:
                image.info["icc_profile"] = needed.profile
            return _decode(image, file, pages, effort)
    except (ImageError, Heavy, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        pixels = re.search(r"\d+", str(error))
        raise refusals.too_many_pixels(file.subject, int(pixels[0]) if pixels else refusals.MAX_PIXELS) from error
    # Pillow's decoders meet a damaged file with OSError, SyntaxError, struct.error, zlib.error, KeyError,
    # IndexError and more, and a new release may add to the list. This is the border.
    except Exception as error:
        lacks_its_end = pages.cut_short if pages else is_cut_short(file.kind, file.data)
        if lacks_its_end or "truncated" in str(error).lower():
            raise refusals.cut_short(file.subject) from error
        if reason := headers.rare(file, pages):
            raise refusals.odd(file.subject, file.kind, reason) from error
        raise refusals.damaged(file.subject, file.kind) from error


def _decode(image: Image.Image, file: File, pages: tiff.Tiff | None, effort: Effort) -> Decoded:
    """One frame of an opened file."""
    warnings: list[str] = []
    if pages:
        places, warning = _whole_pages(pages)
        warnings += [warning] if warning else []
    else:  # a phone's JPEG may carry a depth or gain map as a second picture: not something to look at
        places = range(1 if file.kind == "JPEG" else getattr(image, "n_frames", 1))
    shown = 1 if file.frame is None else file.frame
    refusals.check_frame(file.subject, len(places), shown)
    refusals.check_size(file.subject, *image.size)
    passes = headers.passes(file.data) if file.kind == "JPEG" else 1 if pages else shown  # from an animation's start
    effort.check(pixels=image.width * image.height * passes)
    if places[shown - 1]:
        image.seek(places[shown - 1])
        effort.check(pixels=image.width * image.height)
    page = pages.pages[places[shown - 1]] if pages else None
    decoded = convert(image, file.subject, file.kind, headers.depth(image, file, page))
    if len(places) > 1:
        what = "Page" if file.kind == "TIFF" else "Animated: frame"
        warnings.insert(0, f"{what} {shown} of {len(places)} is shown.")
    return Decoded(decoded.picture, len(places), shown, decoded.facts, (*warnings, *decoded.warnings))


def _whole_pages(pages: tiff.Tiff) -> tuple[Sequence[int], str]:
    """The pages that are pictures of their own, and a warning where only a smaller version of one can be read."""
    whole = [i for i, page in enumerate(pages.pages) if not page.reduced]
    largest = max(pages.below, key=lambda d: d.area, default=None)
    if whole:
        return whole, ""
    size = f" of {largest.first(tiff.WIDTH)} x {largest.first(tiff.LENGTH)} pixels" if largest else ""
    return range(len(pages.pages)), (
        f"The file says that this is a smaller version of another picture; the large one{size} cannot be read here."
    )


def convert(image: Image.Image, subject: str, kind: str, depth: str | None = None) -> Decoded:
    """Any Pillow image -> RGB: turned as its EXIF says, colours to sRGB, deep grey windowed, transparency on black.

    Black, because that is the background of nearly every medical image the heads were fitted on.
    """
    refusals.check_size(subject, *image.size)
    turned = getattr(image, "tag_v2", {}).get(_ORIENTATION) in _TURNS  # Pillow turns a TIFF itself, on loading
    image.load()
    turn, adobe = _exif(image)
    profile = image.info.get("icc_profile")
    if profile is None and "icc_profile" in image.info:  # one of its parts is missing
        profile = b""
    notes: list[str] = []
    warnings: list[str] = []
    mode = image.mode
    if mode in ("I", "F") or mode.startswith("I;16"):
        picture, note = _window(image, subject)
        notes.append(note)
    else:
        picture = image
        if mode in ("P", "PA", "LAB") or image.has_transparency_data:
            picture = image.convert("RGBA" if image.has_transparency_data else "RGB")
        if profile is not None and mode != "LAB":
            try:
                picture, changed = colour.to_srgb(picture, profile)
                notes += [colour.CONVERTED] * changed
            except ValueError:
                warnings.append(colour.UNUSABLE)
        elif adobe:
            warnings.append(colour.UNUSABLE)
        if mode == "CMYK" and not notes:
            warnings.append("The colours were converted from CMYK and may be slightly off.")
        if picture.mode in ("RGBA", "LA"):
            picture, transparent = _on_black(picture)
            if transparent:
                warnings.append("Transparent parts were painted black.")
        if depth and depth.endswith(headers.AT_8):
            warnings += colour.dark(picture)
    if turn is not None:
        picture = picture.transpose(turn)
    if turned or turn is not None:
        notes.append("turned upright as its EXIF says")
    depth = depth or _DEPTHS.get(mode, "16-bit grey" if mode.startswith("I;16") else "8-bit colours")
    facts = (f"{kind}, {picture.width} x {picture.height} pixels, {depth}", *notes)
    return Decoded(picture.convert("RGB"), facts=facts, warnings=tuple(warnings))


def _exif(image: Image.Image) -> tuple[Image.Transpose | None, bool]:
    """How EXIF or XMP says to turn the picture, and whether it says that the colours are Adobe's.

    ImageOps.exif_transpose would write all of a damaged EXIF anew, only to drop it.
    """
    try:
        exif = image.getexif()
        turn = _TURNS.get(exif.get(_ORIENTATION, 1))
    except Exception:  # EXIF is any program's bytes, and a picture without it is upright
        return None, False
    try:
        return turn, exif.get_ifd(_EXIF).get(_COLOUR_SPACE) == _ADOBE_RGB
    except Exception:  # nor does it need to hold a second directory
        return turn, False


def _window(image: Image.Image, subject: str) -> tuple[Image.Image, str]:
    """Deep grey -> 8-bit grey between two percentiles; Pillow's own conversion would clip it to white."""
    values = np.asarray(image)
    tags = getattr(image, "tag_v2", {})
    if tags.get(tiff.BITS) == (32,) and tags.get(tiff.FORMAT, (1,)) == (1,):
        values = values.view(np.uint32)  # Pillow knows signed values only
    values = values.astype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
    if not np.isfinite(values).any():
        raise refusals.no_finite_value(subject)
    low, high = grey.percentile_window(values)
    picture = Image.fromarray(grey.between(values, low, high))
    if tags.get(tiff.PHOTOMETRIC) == 0:  # white is zero: Pillow inverts such a page only up to 8 bits
        picture = ImageOps.invert(picture)
    return picture, grey.window_fact(low, high)


def _on_black(image: Image.Image) -> tuple[Image.Image, bool]:
    """Composite on black; also tells whether anything was transparent at all."""
    alpha = image.getchannel("A")
    coloured = image.convert("RGB")
    if alpha.getextrema() == (255, 255):
        return coloured, False
    black = Image.new("RGB", image.size, "black")
    black.paste(coloured, mask=alpha)
    return black, True

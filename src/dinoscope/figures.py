"""Figures: maps -> pictures of them, in colours that colour-blind readers can tell apart."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .colour_maps import INFERNO
from .notice import NOTICE


def heat(saliency: np.ndarray) -> Image.Image:
    """Saliency [H, W] -> RGB colours of the whole picture, its lowest value dark and its highest bright."""
    low, high = float(saliency.min()), float(saliency.max())
    level = (saliency - low) / (high - low) if high > low else np.zeros_like(saliency)
    return Image.fromarray(INFERNO[np.minimum((level * 256).astype(int), 255)])


def overlay(picture: Image.Image, saliency: np.ndarray, opacity: float = 0.55) -> Image.Image:
    """The picture under its saliency; `opacity` from 0 (picture only) to 1 (colours only)."""
    return Image.blend(picture.convert("RGB"), heat(saliency), opacity)


def with_notice(picture: Image.Image) -> Image.Image:
    """The picture with a strip below it that says what it is not made for; the picture itself stays as it was."""
    picture = picture.convert("RGB")
    size = int(min(max(picture.width / 40, 9), 28))
    font, pen = ImageFont.load_default(size), ImageDraw.Draw(picture)
    lines = [""]
    for word in NOTICE.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and pen.textlength(longer, font) > picture.width - size:
            lines.append(word)
        else:
            lines[-1] = longer
    strip = Image.new("RGB", (picture.width, int(1.4 * size * len(lines) + 0.6 * size)), "#fff4d6")
    ImageDraw.Draw(strip).multiline_text((size / 2, 0.3 * size), "\n".join(lines), "#5a4300", font, spacing=0.2 * size)
    whole = Image.new("RGB", (picture.width, picture.height + strip.height))
    whole.paste(picture, (0, 0))
    whole.paste(strip, (0, picture.height))
    return whole


def ranks(saliency: np.ndarray) -> Image.Image:
    """Saliency [H, W] -> grey levels: for each pixel the share of the other ones that are below it, 0 to 255."""
    below = np.searchsorted(np.sort(saliency, axis=None), saliency, side="left")
    return Image.fromarray((below * (255 / max(1, below.size - 1))).astype(np.uint8))


def let_through(picture: Image.Image, mask: np.ndarray, side: int) -> Image.Image:
    """What a mask [h, w] on the grid of patches leaves of the picture, at most `side` pixels long; the rest dark."""
    small = picture.convert("RGB")
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    level = Image.fromarray((mask.clip(0, 1) * 255).astype(np.uint8)).resize(small.size, Image.Resampling.BILINEAR)
    return Image.composite(small, Image.new("RGB", small.size, "#20262e"), level)

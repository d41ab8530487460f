"""Figures: maps -> pictures of them, in colours that colour-blind readers can tell apart."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .notice import NOTICE

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
"""Class colours (Okabe and Ito, "Color universal design", 2008)."""

INFERNO = np.frombuffer(
    bytes.fromhex(
        "00000300000400000601000701010901010b02010e02021003021204031404031605041806041b07051d08061f0906210a07230b0726"
        "0d08280e082a0f092d10092f120a32130a34140b36160b39170b3b190b3e1a0b401c0c431d0c451f0c47200c4a220b4c240b4e260b50"
        "270b52290b542b0a562d0a582e0a5a300a5c32095d34095f3509603709613909623b09643c09653e0966400966410967430a68450a69"
        "460a69480b6a4a0b6a4b0c6b4d0c6b4f0d6c500d6c520e6c530e6d550f6d570f6d58106d5a116d5b116e5d126e5f126e60136e62146e"
        "63146e65156e66156e68166e6a176e6b176e6d186e6e186e70196e72196d731a6d751b6d761b6d781c6d7a1c6d7b1d6c7d1d6c7e1e6c"
        "801f6b811f6b83206b85206a86216a88216a8922698b22698d23698e24689024689125679325679526669626669827659928649b2864"
        "9c29639e2963a02a62a12b61a32b61a42c60a62c5fa72d5fa92e5eab2e5dac2f5cae305baf315bb1315ab23259b43358b53357b73456"
        "b83556ba3655bb3754bd3753be3852bf3951c13a50c23b4fc43c4ec53d4dc73e4cc83e4bc93f4acb4049cc4148cd4247cf4446d04544"
        "d14643d24742d44841d54940d64a3fd74b3ed94d3dda4e3bdb4f3adc5039dd5238de5337df5436e05634e25733e35832e45a31e55b30"
        "e65c2ee65e2de75f2ce8612be9622aea6428eb6527ec6726ed6825ed6a23ee6c22ef6d21f06f1ff0701ef1721df2741cf2751af37719"
        "f37918f47a16f57c15f57e14f68012f68111f78310f7850ef8870df8880cf88a0bf98c09f98e08f99008fa9107fa9306fa9506fa9706"
        "fb9906fb9b06fb9d06fb9e07fba007fba208fba40afba60bfba80dfbaa0efbac10fbae12fbb014fbb116fbb318fbb51afbb71cfbb91e"
        "fabb21fabd23fabf25fac128f9c32af9c52cf9c72ff8c931f8cb34f8cd37f7cf3af7d13cf6d33ff6d542f5d745f5d948f4db4bf4dc4f"
        "f3de52f3e056f3e259f2e45df2e660f1e864f1e968f1eb6cf1ed70f1ee74f1f079f1f27df2f381f2f485f3f689f4f78df5f891f6fa95"
        "f7fb99f9fc9dfafda0fcfea4"
    ),
    np.uint8,
).reshape(256, 3)
"""Colours of saliency, [256, 3]: perceptually even, and dark where nothing is salient (van der Walt and Smith's
"inferno", CC0). Written out, as a start need not wait for a plotting library."""


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
    """Saliency [H, W] -> grey levels: for each pixel the share of the map that is below it, 0 to 255."""
    order = np.argsort(np.argsort(saliency, axis=None, kind="stable"), kind="stable")
    return Image.fromarray((order * (255 / max(1, order.size - 1))).reshape(saliency.shape).astype(np.uint8))


def let_through(picture: Image.Image, mask: np.ndarray, side: int) -> Image.Image:
    """What a mask [h, w] on the grid of patches leaves of the picture, at most `side` pixels long; the rest dark."""
    small = picture.convert("RGB")
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    level = Image.fromarray((mask.clip(0, 1) * 255).astype(np.uint8)).resize(small.size, Image.Resampling.BILINEAR)
    return Image.composite(small, Image.new("RGB", small.size, "#20262e"), level)

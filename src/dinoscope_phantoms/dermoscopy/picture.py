"""One dermoscopic picture: skin, lesion, hair, gel and camera, with the lesion's mask."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from .. import Phantom, kit
from . import camera, carcinoma, dermal, keratoses, melanocytic, skin
from .fields import CANVAS

_DRAWERS = {
    "akiec": keratoses.actinic,
    "bcc": carcinoma.basal_cell,
    "bkl": keratoses.benign_keratosis,
    "df": dermal.dermatofibroma,
    "mel": melanocytic.melanoma,
    "nv": melanocytic.naevus,
    "vasc": dermal.vascular,
}

CLASSES: tuple[str, ...] = tuple(_DRAWERS)

_SITES = {
    "akiec": ("face", "face", "scalp", "ear", "hand", "forearm"),
    "bcc": ("face", "face", "neck", "back", "chest", "shin"),
    "bkl": ("face", "back", "back", "chest", "abdomen", "hand", "neck"),
    "df": ("shin", "thigh", "thigh", "forearm", "shoulder"),
    "mel": ("back", "back", "shoulder", "shin", "chest", "face", "forearm"),
    "nv": ("back", "back", "abdomen", "chest", "thigh", "forearm", "shin"),
    "vasc": ("abdomen", "abdomen", "chest", "back", "shoulder", "scalp", "thigh"),
}
"""Where the lesions of a class usually sit; a place named twice is twice as likely."""

_SUN = {"akiec": 0.75, "bcc": 0.3, "bkl": 0.45, "df": 0.12, "mel": 0.3, "nv": 0.1, "vasc": 0.15}
"""Usual sun damage around the lesions of a class, 0 to 1: it follows the age at which they come."""


def draw(label: str, seed: int, size: int = 224) -> Phantom:
    """Draw one lesion under the dermatoscope.

    The mask is the inside of the drawn outline, the lesion's area; where the pigment fades it ends with its last sixth.
    Parameters: `lesion_size` is the mask's share of the picture in percent, `site` the place on the body, `contrast`
    the distance between the mean colours of lesion and surrounding skin (red, green and blue in 0 to 1), `pattern` the
    dermoscopic pattern that was drawn, `asymmetry` the share of the mask that its turn by half about its own middle
    leaves uncovered (0 to 1), `colour_spread` the deviation of colour inside the mask (0 to 1), `skin` the tone of the
    picture, `hairs` their number, `frame` how the round field is cut (full, corners, round).

    Args:
        label: one of `CLASSES`.
        seed: any integer from 0; the same seed draws the same picture.
        size: side of the square picture in pixels.
    """
    rng = np.random.default_rng([seed, CLASSES.index(label)])
    site = str(rng.choice(_SITES[label]))
    tone = str(rng.choice(list(skin.TONES), p=np.divide(skin.SHARES[label], sum(skin.SHARES[label]))))
    sun = float(np.clip(_SUN[label] * rng.lognormal(0, 0.5), 0, 1))
    frame = str(rng.choice(["full", "corners", "round"], p=[0.88, 0.1, 0.02]))
    lesion = _DRAWERS[label](rng)
    picture = skin.stain(skin.paint(rng, tone, site, sun), lesion.pigments)
    picture = skin.stain(picture, lesion.mottle(rng))
    picture = picture * skin.relief(rng, site)[..., None]
    picture = camera.glints(rng, picture, lesion.outline.fill(0.2), lesion.scale)
    picture, hairs = _cover(rng, picture)
    plain = kit.blur(picture, 1.0)
    picture, opening = camera.light(rng, picture, frame)
    picture = camera.expose(rng, picture)
    mask = lesion.outline.mask & (opening > 0.5)
    drawn = _resize(np.clip(picture, 0, 1), size)
    covered = _resize(mask.astype(np.float32), size) > 0.5
    parameters: dict[str, float | str] = {
        "lesion_size": round(100 * float(covered.mean()), 2),
        "site": site,
        "contrast": round(_contrast(plain, mask), 2),
        "pattern": lesion.pattern,
        "asymmetry": round(_asymmetry(mask), 2),
        "colour_spread": round(float(plain[mask].std(axis=0).mean()), 3),
        "skin": tone,
        "hairs": hairs,
        "frame": frame,
    }
    return Phantom(kit.develop(drawn, 90), covered, label, seed, parameters)


def _cover(rng, picture):
    """Hair, gel bubbles and the plate's rule in some of the pictures; how many hairs."""
    kind = str(rng.choice(["none", "long", "stubble", "vellus"], p=[0.5, 0.2, 0.1, 0.2]))
    fewest, most = {"none": (0, 1), "long": (1, 12), "stubble": (3, 20), "vellus": (4, 20)}[kind]
    hairs = int(rng.integers(fewest, most))
    picture = camera.hair(rng, picture, hairs, kind)
    if rng.random() < 0.15:
        picture = camera.gel(rng, picture, int(rng.integers(1, 7)))
    if rng.random() < 0.12:
        picture = camera.ticks(rng, picture)
    return picture, hairs


def _resize(picture, size):
    """Canvas -> [size, size] or [size, size, 3], by bicubic resampling."""
    channels = picture[..., None] if picture.ndim == 2 else picture
    bands = [
        np.asarray(Image.fromarray(channels[..., c]).resize((size, size), Image.Resampling.BICUBIC))
        for c in range(channels.shape[-1])
    ]
    return bands[0] if picture.ndim == 2 else np.stack(bands, axis=-1)


def _contrast(picture, mask):
    """Distance between the mean colours inside the mask and in a ring of skin around it."""
    away = ndimage.distance_transform_edt(~mask)
    ring = (away > 8) & (away < 32)
    if not ring.any():
        ring = ~mask
    return float(np.linalg.norm(picture[mask].mean(axis=0) - picture[ring].mean(axis=0)))


def _asymmetry(mask):
    """Share of the mask that a half turn about its centroid does not cover."""
    y, x = np.nonzero(mask)
    turned_y = np.clip(np.rint(2 * y.mean() - y), 0, CANVAS - 1).astype(int)
    turned_x = np.clip(np.rint(2 * x.mean() - x), 0, CANVAS - 1).astype(int)
    return float(1 - mask[turned_y, turned_x].mean())

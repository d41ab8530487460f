"""Eye fundus photographs: normal, diabetic retinopathy, glaucoma, cataract.

The mask is true on every lesion in diabetic retinopathy, on the optic cup in glaucoma (its size against the
disc is the sign), on the whole visible field in cataract (the haze is everywhere), nowhere in a normal eye.

Parameters: `laterality` of the eye, `frame` of the camera, `pigment`, `cup_to_disc` (vertical), `disc_size`
and `lesion_size` (visible share of the picture in percent), `lesion_count` (separate patches of the diabetic
mask), `grade` of the retinopathy, `haze` (share of the contrast lost in the lens); with a lesion also `site`
and `contrast`, how strongly the sign is drawn: density of the blood, pallor of the cup, contrast that the
haze leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .. import Phantom, kit
from . import anatomy, camera, signs, vessels

CLASSES: tuple[str, ...] = ("cataract", "diabetic_retinopathy", "glaucoma", "normal")


@dataclass(frozen=True)
class Habits:
    """What a class's pictures share beside the disease, since each comes from its own cameras and patients.

    Attributes:
        frames: how often each kind of frame comes; the overlap keeps the frame from giving the class away.
        pigments: the eyes' colours, repeated by how common they are.
        colourfulness: span of the cameras' colour setting, 1 as in `anatomy.PIGMENTS`.
        blood: span of the vessels' density; age and small pupils make them fainter.
        unevenness: of the light, 1 for a good pupil.
        dust: how many ghosts and specks the pictures carry.
    """

    frames: dict[str, float]
    pigments: tuple[str, ...]
    colourfulness: tuple[float, float]
    blood: tuple[float, float] = (0.65, 1.1)
    unevenness: float = 1.0
    dust: float = 0.5


HABITS = {
    "cataract": Habits(
        {"round": 0.5, "squashed": 0.32, "clipped": 0.08, "tabbed": 0.1},
        ("amber", "amber", "gold", "brown", "rose", "brick", "olive"),
        (0.8, 1.5),
        unevenness=1.5,
        dust=1.5,
    ),
    "diabetic_retinopathy": Habits(
        {"tabbed": 0.42, "cropped": 0.45, "round": 0.13},
        ("amber", "amber", "rose", "rose", "peach", "peach", "dusk", "dusk", "brick", "brown", "gold"),
        (0.55, 1.25),
    ),
    "glaucoma": Habits(
        {"squashed": 0.32, "round": 0.4, "clipped": 0.1, "tabbed": 0.1, "cropped": 0.08},
        ("amber", "amber", "gold", "brown", "brown", "rose", "brick", "dusk", "olive"),
        (0.8, 1.4),
        blood=(0.45, 0.95),
    ),
    "normal": Habits(
        {"round": 0.66, "clipped": 0.14, "tabbed": 0.12, "squashed": 0.04, "cropped": 0.04},
        ("amber", "amber", "amber", "gold", "brown", "brown", "rose", "brick", "peach", "dusk", "olive"),
        (0.8, 1.5),
    ),
}


def draw(label: str, seed: int, size: int = 224) -> Phantom:
    """Draw one fundus photograph.

    Args:
        label: one of `CLASSES`.
        seed: any integer from 0.
        size: side of the picture in pixels.
    """
    rng = np.random.default_rng([seed, CLASSES.index(label)])
    habits = HABITS[label]
    frame = camera.choose_frame(rng, habits.frames)
    eye, thinnest = _eye(rng, label, habits, frame)
    y, x = camera.field_coordinates(frame, size)
    opening = camera.aperture(rng, frame, size)
    retina = signs.Retina.seen(eye, frame, y, x, opening > 0.5)
    facts: dict[str, float | str] = {"haze": 0.0, "lesion_count": 0}
    mask = np.zeros((size, size), dtype=bool)

    picture = anatomy.backdrop(rng, eye, retina.u, retina.v)
    if label == "glaucoma" and thinnest != "whole rim":
        picture = signs.fibre_loss(rng, picture, retina.u, retina.v, -1 if thinnest == "upper rim" else 1)
    atrophy = max(0.0, rng.normal(0.5 if label == "glaucoma" else 0.0, 0.4))
    pallor = rng.uniform(0.75, 0.95) if label == "glaucoma" else rng.uniform(0.45, 0.9)
    picture, disc, cup = anatomy.disc(rng, picture, eye, retina.u, retina.v, atrophy, pallor)
    facts["disc_size"] = _percent((disc < 1) & retina.visible)
    if label == "glaucoma":
        mask = (cup < 1) & retina.visible
        facts |= {"site": thinnest, "contrast": round(pallor, 2)}

    hub = (
        eye.cup_at[0] / 2 - eye.disc_radii[1] * rng.uniform(0.1, 0.35) * (1 + eye.cup_ratio),
        rng.normal(0, 0.01),
    )
    tree = vessels.grow(rng, eye.fovea, hub, rng.uniform(0.6, 1.5), rng.uniform(0.85, 1.1))
    veins, arteries, reflex = vessels.ink(tree, retina.place, frame.radii, size)
    if label == "diabetic_retinopathy":
        lesions = signs.diabetic(rng, retina)
        mask = lesions.mask
        picture = signs.paint_pale(rng, picture, lesions)
    picture = anatomy.paint_vessels(picture, veins, arteries, reflex, rng.uniform(*habits.blood))
    if label == "diabetic_retinopathy":
        density = rng.uniform(0.85, 1.1)
        picture = signs.paint_red(picture, lesions, density)
        facts |= {"site": lesions.site, "grade": lesions.grade, "contrast": round(density, 2)}
        facts["lesion_count"] = int(ndimage.label(mask)[1])

    picture = camera.saturate(picture, rng.uniform(*habits.colourfulness))
    picture = camera.illuminate(rng, picture, y, x, eye.disc, habits.unevenness)
    if label == "cataract":
        haze = 0.42 + 0.55 * rng.beta(1.5, 1.1)
        picture = signs.cloud(rng, picture, y, x, haze)
        mask = retina.visible
        facts |= {"site": "lens", "haze": round(haze, 2), "contrast": round(1 - haze, 2)}
    picture = camera.ghosts(rng, picture, y, x, habits.dust)
    picture = camera.expose(rng, picture, opening, rng.uniform(0.4, 0.8))
    facts |= {"laterality": "left" if eye.side > 0 else "right", "frame": frame.kind, "pigment": eye.pigment}
    facts |= {"cup_to_disc": round(eye.cup_ratio, 2), "lesion_size": _percent(mask)}
    return Phantom(kit.develop(picture, jpeg_quality=90), mask, label, seed, facts)


def _eye(rng: np.random.Generator, label: str, habits: Habits, frame: camera.Frame) -> tuple[anatomy.Eye, str]:
    """An eye in the camera's field, and where its rim is thinnest (the lower rim goes first in glaucoma)."""
    side = 1 if rng.random() < 0.5 else -1
    centred = rng.random() < 0.2
    zoom = rng.uniform(0.9, 1.12)
    if label == "glaucoma" and centred:
        zoom *= rng.uniform(1.1, 1.45)
    offset = rng.uniform(0.0, 0.3) if centred else rng.uniform(0.3, 0.85)
    height = zoom * rng.uniform(0.15, 0.18)
    radii = (height, height * rng.uniform(0.84, 0.97))
    if label == "glaucoma":
        # Elsewhere the disc may lie half outside, as it does in real pictures; here it carries the sign.
        offset = min(offset, 0.97 / max(1, frame.radii[1]) - radii[1])
    disc = (rng.normal(-0.02, 0.09), -side * offset)
    reach = zoom * rng.uniform(0.7, 0.8)
    fovea = (reach, reach * rng.uniform(0.04, 0.2))
    ratio = rng.uniform(0.66, 0.9) if label == "glaucoma" else rng.uniform(0.24, 0.52)
    thinnest = str(rng.choice(["lower rim", "upper rim", "whole rim"], p=[0.5, 0.2, 0.3]))
    down = {"lower rim": 1, "upper rim": -1, "whole rim": 0}[thinnest] if label == "glaucoma" else 0
    cup_at = (radii[1] * (1 - ratio) * rng.uniform(0.1, 0.4), radii[0] * (1 - ratio) * 0.6 * down)
    pigment = str(rng.choice(habits.pigments))
    return anatomy.Eye(side, disc, radii, fovea, rng.normal(0, 0.06), ratio, cup_at, pigment), thinnest


def _percent(mask: np.ndarray) -> float:
    """Share of the picture in percent."""
    return round(100 * float(mask.mean()), 2)

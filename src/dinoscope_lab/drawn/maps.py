"""Maps on drawn lesions: does the demo's map of the drawn class, by a head of real pictures, point into the lesion?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from dinoscope.explain import Subject, background, targets
from dinoscope.explain.localisation import Localisation, centred_blob, locate
from dinoscope.explain.methods import METHODS
from dinoscope.fitting.statistics import wilson
from dinoscope.reading.encoder import Encoder

from .fresh import Fresh
from .likeness import OVERALL
from .reals import Reals

MAP, BLOB = "ViT-CX on tokens", "centred blob"
TOUCHED = 0.25
"""Share of a patch that the lesion covers where it counts as the lesion's."""


@dataclass(frozen=True)
class _Located:
    """How one map lies on one drawn lesion.

    Attributes:
        label: what was drawn; at: map and lesion, pixel by pixel; touching: whether the highest patch holds any of it;
        left: share of the class's probability that is left without it, which no method has a part in.
    """

    label: str
    at: Localisation
    touching: bool
    left: float


def rows(encoder: Encoder, reals: Reals, fresh: Fresh, most: int, seed: int = 0) -> list[dict]:
    """A row a method, and one a class of the map: how often it points to the lesion, over `most` cases a class.

    `left`: the share of the class's probability that is left when the patches of the lesion are not read. Where nearly
    all of it is, no map of the class can point into the lesion.
    """
    found: dict[str, list[_Located]] = {MAP: [], BLOB: []}
    for name in reals.head.classes:
        with_lesion = [p for p in fresh.phantoms if p.label == name and p.mask.any()]
        for phantom in with_lesion[:most]:
            pixels = encoder.pixels([phantom.picture])
            tokens = encoder.tokens(pixels)
            target = targets.label(reals.head, name)
            subject = Subject.of(encoder, pixels, tokens, target)
            subject, _ = background.settle(subject, encoder.levels(pixels)[0])
            saliency = METHODS["vitcx"].explain(subject, seed).map
            shrunk = Image.fromarray(phantom.mask).resize(saliency.shape[::-1], Image.Resampling.NEAREST)
            lesion = np.asarray(shrunk) > 0
            if lesion.any():
                left = without(subject, lesion)
                for method, drawn in ((MAP, saliency), (BLOB, centred_blob(lesion.shape))):
                    touching = touches(drawn, lesion, subject.patch)
                    found[method].append(_Located(name, locate(drawn, lesion), touching, left))
    sorts = [(method, OVERALL, located) for method, located in found.items()]
    sorts += [(MAP, name, [o for o in found[MAP] if o.label == name]) for name in reals.head.classes]
    return [_row(reals.task, *sort) for sort in sorts if sort[-1]]


def touches(saliency: np.ndarray, lesion: np.ndarray, patch: int) -> bool:
    """Whether the patch that holds the map's highest pixel holds any of the lesion [S, S] bool.

    A map of tokens has one value for each of them: finer than that it cannot point, and many signs are smaller.
    """
    row, column = (i - i % patch for i in np.unravel_index(int(saliency.argmax()), saliency.shape))
    return bool(lesion[row : row + patch, column : column + patch].any())


def without(subject: Subject, lesion: np.ndarray) -> float:
    """Share of the score that is left when the patches that lie in the lesion [S, S] bool for a fourth are not read."""
    height, width = subject.grid
    covered = lesion.reshape(height, subject.patch, width, subject.patch).mean((1, 3)).ravel()
    kept = covered < min(TOUCHED, covered.max())
    return float(subject.through(kept[None], subject.target.value)[0]) / subject.value if kept.any() else 0.0


def _row(task: str, method: str, label: str, located: list[_Located]) -> dict:
    count = len(located)
    hits, touching = sum(o.at.hit for o in located), sum(o.touching for o in located)
    (low, high), (least, most) = wilson(hits, count), wilson(touching, count)
    return {
        "task": task,
        "class": label,
        "method": method,
        "drawn": count,
        "hit": round(hits / count, 3),
        "hit_low": round(low, 3),
        "hit_high": round(high, 3),
        "patch": round(touching / count, 3),
        "patch_low": round(least, 3),
        "patch_high": round(most, 3),
        "overlap": round(float(np.mean([o.at.overlap for o in located])), 3),
        "left": round(100 * float(np.median([o.left for o in located])), 1),
    }

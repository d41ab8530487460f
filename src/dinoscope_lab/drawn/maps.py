"""Maps on drawn lesions: does the demo's map of the drawn class, by a head of real pictures, point into the lesion?"""

from __future__ import annotations

import numpy as np
from PIL import Image

from dinoscope.explain import Subject, background, targets
from dinoscope.explain.localisation import Localisation, centred_blob, locate
from dinoscope.explain.methods import METHODS
from dinoscope.fitting.statistics import wilson
from dinoscope.reading.encoder import Encoder

from .fresh import Fresh
from .reals import Reals

MAP, BLOB = "ViT-CX on tokens", "centred blob"
TOUCHED = 0.25
"""Share of a patch that the lesion covers where it counts as the lesion's."""


def rows(encoder: Encoder, reals: Reals, fresh: Fresh, most: int, seed: int = 0) -> list[dict]:
    """A row a method: how often its highest pixel is in the lesion, over at most `most` cases a class.

    `left`, which belongs to the cases and not to the method: the share of the class's probability that is left when
    the patches of the lesion are not read. Where nearly all of it is, no map of the class can point into the lesion.
    """
    found: dict[str, list[Localisation]] = {MAP: [], BLOB: []}
    left = []
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
                found[MAP].append(locate(saliency, lesion))
                found[BLOB].append(locate(centred_blob(lesion.shape), lesion))
                left.append(without(subject, lesion))
    return [_row(reals.task, name, located, left) for name, located in found.items()]


def without(subject: Subject, lesion: np.ndarray) -> float:
    """Share of the score that is left when the patches that lie in the lesion [S, S] bool for a fourth are not read."""
    height, width = subject.grid
    covered = lesion.reshape(height, subject.patch, width, subject.patch).mean((1, 3)).ravel()
    kept = covered < min(TOUCHED, covered.max())
    return float(subject.through(kept[None], subject.target.value)[0]) / subject.value if kept.any() else 0.0


def _row(task: str, method: str, located: list[Localisation], left: list[float]) -> dict:
    hits = [one.hit for one in located]
    low, high = wilson(sum(hits), len(hits))
    return {
        "task": task,
        "method": method,
        "drawn": len(hits),
        "hit": round(float(np.mean(hits)), 3),
        "hit_low": round(low, 3),
        "hit_high": round(high, 3),
        "overlap": round(float(np.mean([one.overlap for one in located])), 3),
        "left": round(100 * float(np.median(left)), 1),
    }

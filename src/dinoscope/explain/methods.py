"""Methods: every way to explain, by name; a new one is a file with an `explain` and a line here.

It is measured once it stands in `dinoscope_lab/benchmark/explain.py`, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from . import (
    Progress,
    Saliency,
    Subject,
    attention_gradients,
    gradcam,
    occlusion,
    random_map,
    rise,
    rollout,
    vitcx,
    vitcx_published,
)


class Explain(Protocol):
    """One method: a subject, a seed and a pace -> saliency. `progress` is told of every batch and may cancel."""

    def __call__(
        self, subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None
    ) -> Saliency: ...


@dataclass(frozen=True)
class Method:
    """How a method is called on the page, what it does in one sentence, and its function.

    Attributes:
        reference: stands here for comparison: drawn as it is, and never recommended.
    """

    title: str
    sentence: str
    run: Explain
    reference: bool = False

    def explain(self, subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None) -> Saliency:
        """What the method finds, with empty background as low as the lowest place of the map."""
        found = self.run(subject, seed, quick, progress)
        if self.reference or not subject.empty.any():
            return found
        unlit = subject.empty.reshape(subject.grid).repeat(subject.patch, 0).repeat(subject.patch, 1)
        return replace(found, map=np.where(unlit, found.map.min(), found.map))


METHODS = {
    "vitcx": Method(
        "ViT-CX on tokens",
        "Reads only the patches where a group of the network's feature maps is high, sees what score is left, adds "
        "what each patch itself adds to it, and multiplies that by where the attention goes for the score.",
        vitcx.explain,
    ),
    "attention_gradients": Method(
        "Attention gradients",
        "Follows the attention through the network, weighting each head by what it does for the score.",
        attention_gradients.explain,
    ),
    "gradcam": Method(
        "Grad-CAM",
        "Adds up the last block's feature maps, each weighted by how the score grows with it.",
        gradcam.explain,
    ),
    "rollout": Method(
        "Attention rollout",
        "Follows the attention alone, whatever the score: the same map for every class.",
        rollout.explain,
    ),
    "occlusion": Method(
        "Occlusion",
        "Leaves out one small window after another and sees how far the score falls; simple to believe.",
        occlusion.explain,
    ),
    "rise": Method(
        "RISE",
        "Reads many random halves of the picture and compares the score with a patch and without it.",
        rise.explain,
    ),
    "vitcx_published": Method(
        "ViT-CX, as published",
        "The reference: multiplies the picture by each mask, fills the rest with noise, and takes many times as long.",
        vitcx_published.explain,
        reference=True,
    ),
    "random": Method(
        "Random map",
        "Knows nothing about the picture: a baseline that every other map must beat.",
        random_map.explain,
        reference=True,
    ),
}

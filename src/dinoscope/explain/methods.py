"""Methods: every way to explain, by name; a new one is a file with an `explain` and a line here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

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
    vitcx_plain,
)


class Explain(Protocol):
    """One method: a subject, a seed and a pace -> saliency. `progress` is told of every batch and may cancel."""

    def __call__(
        self, subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None
    ) -> Saliency: ...


@dataclass(frozen=True)
class Method:
    """How a method is called on the page, what it does in one sentence, and its function."""

    title: str
    sentence: str
    explain: Explain


METHODS = {
    "vitcx": Method(
        "ViT-CX",
        "Hides all but one group of the network's own feature maps at a time and sees what score is left.",
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
        "Hides one small window after another and sees how far the score falls; slow, but simple to believe.",
        occlusion.explain,
    ),
    "rise": Method(
        "RISE",
        "Hides hundreds of random halves of the picture and averages what is left to see; slow.",
        rise.explain,
    ),
    "vitcx_plain": Method(
        "ViT-CX, as published",
        "The reference: two passes a mask and fresh noise for each; several times slower for nearly the same map.",
        vitcx_plain.explain,
    ),
    "random": Method(
        "Random map",
        "Knows nothing about the picture: a baseline that every other map must beat.",
        random_map.explain,
    ),
}

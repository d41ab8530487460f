"""ViT-CX on tokens: which groups of the network's own feature maps hold the score, and which patches it attends to.

ViT-CX multiplies the picture by a mask and fills the rest with noise: a picture that the network never saw, and whose
empty parts still get a confident class. Here a mask is read as a set of patches to keep, and the network is given only
those, with their positions, as in its own pre-training. A set's score is compared with the mean of all sets, in
log-odds, because probabilities saturate. The map says which patches are enough, but diffusely; multiplied by the root
of the relevance that one backward pass through the attention gives, it is nearly as sharp as that and as faithful as
it was. Form, share and number of sets were chosen on fold 1 of six sets with outlines: the product without the root
overlaps lesions a little better and is a little less faithful; to read what a set leaves out, too, takes three times as
long and adds nothing.

Sources: Xie, Li, Cao, Zhang, "ViT-CX: causal explanation of vision transformers", IJCAI 2023, arXiv 2211.03064 (the
masks); Englebert et al., "Explaining through transformer input sampling", ICCV workshops 2023 (keeping tokens);
Chefer, Gur, Wolf, "Generic attention-model explainability", ICCV 2021, arXiv 2103.15679 (the relevance).
"""

from __future__ import annotations

import numpy as np
import torch

from . import Progress, Saliency, Subject, masks
from .attention_gradients import relevance
from .rise import highest

FULL, QUICK = 16, 8
"""Most sets of patches that are scored."""
SHARE = 0.35
"""Share of the patches in a set."""


def explain(subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None) -> Saliency:
    """Mean score of the sets that hold a patch, times the root of its relevance. Nothing is drawn, whatever the seed.

    Raises:
        RequestError: when nothing varies in the picture.
    """
    found = masks.cluster(subject.before, most=QUICK if quick else FULL).cpu().numpy()
    kept = highest(found, SHARE)
    scores = subject.through(kept, subject.target.log_odds, progress).numpy()
    scores -= scores.mean()
    both = spanned(held(kept, found, scores)), np.sqrt(spanned(relevance(subject).cpu().numpy()))
    # Where one of them says nothing at all, the other has the word alone.
    saliency = np.prod([m for m in both if m.any()] or [np.zeros_like(both[0])], axis=0)
    return Saliency(
        subject.enlarge(torch.from_numpy(saliency.astype(np.float32))[None])[0].numpy(),
        kept.reshape(-1, *subject.grid).astype(np.float32),
        scores,
    )


def held(kept: np.ndarray, found: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Mean score of the sets that hold a patch, each as far as its mask is there; the lowest where none does.

    Args:
        kept: [N, h * w] bool; found: [N, h * w] masks from 0 to 1; scores: [N].
    Returns:
        [h * w].
    """
    count = kept.sum(axis=0)
    mean = scores @ (kept * found) / np.maximum(count, 1)
    return np.where(count, mean, mean[count > 0].min())


def spanned(values: np.ndarray) -> np.ndarray:
    """Stretched to span 0 to 1; 0 where all are the same."""
    reach = np.ptp(values)
    return (values - values.min()) / reach if reach > 0 else np.zeros_like(values)

"""ViT-CX on tokens: which groups of the network's own feature maps hold the score, and which patches it attends to.

ViT-CX multiplies the picture by a mask and fills the rest with noise: a picture that the network never saw, and whose
empty parts still get a confident class. Here a mask is read as a set of patches to keep, and the network is given only
those, with their positions, as in its own pre-training. A set's score is compared with the mean of all sets, in
log-odds, because probabilities saturate. That says which patches are enough, but diffusely, for a group of feature
maps covers many. One pass back through the whole picture says more of each: what its token, as it enters the last two
blocks, adds to the log-odds beside the mean token; and how far the attention carries it to what the head reads. The
map is the sum of the first two times a root of the third.

Form, share, power and number of sets were chosen on fold 1 of six sets with outlines, by overlap and faithfulness
together: without the gradient of the tokens a map overlaps lesions a little better and is less faithful, with a
weaker root it is the other way round; to read what a set leaves out, too, takes three times as long and adds little.

Sources: Xie, Li, Cao, Zhang, "ViT-CX: causal explanation of vision transformers", IJCAI 2023, arXiv 2211.03064 (the
masks); Englebert et al., "Explaining through transformer input sampling", ICCV workshops 2023 (keeping tokens);
`gradients.times_tokens` and `attention_gradients` name theirs.
"""

from __future__ import annotations

import numpy as np
import torch

from ..reading.one_thread import in_one_thread
from . import Progress, Saliency, Subject, gradients, masks
from .attention_gradients import relevance
from .rise import highest

FULL, QUICK = 16, 8
"""Most sets of patches that are scored."""
SHARE = 0.35
"""Share of the patches in a set."""
ENTERED = 2
"""So many last blocks at whose entrance a token is weighed."""
POWER = 0.35
"""Of the relevance."""


def explain(subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None) -> Saliency:
    """(Mean score of the sets that hold a patch + what its token adds) x a root of its relevance; no seed matters.

    Raises:
        RequestError: when nothing varies in the picture.
    """
    found = masks.cluster(subject.before, most=QUICK if quick else FULL).cpu().numpy()
    kept = highest(found, SHARE)
    scores = subject.through(kept, subject.target.log_odds, progress).numpy()
    scores -= scores.mean()
    added, attended = backwards(subject)
    worth = spanned(held(kept, found, scores)) + sum(spanned(a) for a in added)
    # Where one of them says nothing at all, the other has the word alone.
    both = worth, spanned(attended) ** POWER
    saliency = np.prod([m for m in both if m.any()] or [np.zeros_like(worth)], axis=0)
    return Saliency(
        subject.enlarge(torch.from_numpy(saliency.astype(np.float32))[None])[0].numpy(),
        kept.reshape(-1, *subject.grid).astype(np.float32),
        scores,
    )


@in_one_thread
def backwards(subject: Subject) -> tuple[list[np.ndarray], np.ndarray]:
    """One pass back through the network: what each patch's token adds at each of the last entrances, and relevance.

    Returns:
        [h * w] float32 an entrance; [h * w] as `attention_gradients.relevance` has it.
    """
    trace = subject.trace()
    entering = trace.entering[-ENTERED:]
    slopes = gradients.of(subject.target, trace, (*trace.attentions, *entering))
    attention = relevance(trace, slopes[: len(trace.attentions)]).cpu().numpy()
    pairs = zip(entering, slopes[len(trace.attentions) :], strict=True)
    return [gradients.times_tokens(tokens, slope, trace.prefix).cpu().numpy() for tokens, slope in pairs], attention


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

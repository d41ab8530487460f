"""ViT-CX as published: full-size masks on the picture's pixels, noise in what they hide, two passes a mask.

The reference for `vitcx`, which asks the same question of the tokens.

Source: Xie, Li, Cao, Zhang, "ViT-CX: causal explanation of vision transformers", IJCAI 2023, arXiv 2211.03064.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import RequestError
from . import Progress, Saliency, Subject
from .masks import FLAT, clusters

NOISE = 0.1
"""Standard deviation, in normalised pixels, of what fills the hidden regions."""


@torch.inference_mode()
def explain(
    subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None, batch: int = 8
) -> Saliency:
    """Causal saliency of one picture.

    With R_i = 0.1 * N(0, 1) * (1 - M_i): s_i = p(X * M_i + R_i) - p(X + R_i) + p(X), and
    S(x) = 1/N * sum_i s_i M_i(x) / sum_j M_j(x), 0 where no mask reaches.

    Args:
        seed: of the noise; the same seed gives the same map, bit for bit.
        quick: has no effect; the reference has one pace.
    Raises:
        RequestError: when nothing varies in the picture.
    """
    causal, small = _masks(subject)
    pixels, base = subject.pixels, subject.score(subject.pixels)
    generator = torch.Generator().manual_seed(seed)
    scores = []
    for start in range(0, len(causal), batch):
        m = causal[start : start + batch, None]
        noise = torch.randn(len(m), *pixels.shape[1:], generator=generator).to(pixels)
        noise = NOISE * noise * (1 - m)
        scores.append(subject.score(pixels * m + noise) - subject.score(pixels + noise) + base)
        if progress is not None:
            progress(min(start + batch, len(causal)), len(causal))
    s = torch.cat(scores).float()
    cover = causal.sum(0)
    total = torch.einsum("n,nhw->hw", s, causal)
    saliency = torch.where(cover > FLAT, total / cover.clamp(min=FLAT), 0) / len(causal)
    return Saliency(saliency.cpu().numpy(), small.cpu().numpy(), s.cpu().numpy())


def _masks(subject: Subject) -> tuple[Tensor, Tensor]:
    """Masks [N, S, S] from enlarged feature maps, in the order of first channels; and at the patches [N, h, w]."""
    maps = subject.enlarge(subject.before.T).flatten(1)
    low, high = maps.amin(1, keepdim=True), maps.amax(1, keepdim=True)
    varied = (high - low).squeeze(1) > FLAT
    if not varied.any():
        raise RequestError("nothing varies in this picture, so there is nothing to explain; choose another one")
    maps = ((maps - low) / (high - low).clamp(min=FLAT))[varied]
    directions = F.normalize(maps, dim=1)
    distances = (1 - directions @ directions.T).clamp(min=0)
    merged = F.one_hot(clusters(distances)).T.to(maps) @ maps
    low, high = merged.amin(1, keepdim=True), merged.amax(1, keepdim=True)
    masks = ((merged - low) / (high - low).clamp(min=FLAT)).reshape(-1, *subject.size)
    return masks, F.adaptive_avg_pool2d(masks, subject.grid)

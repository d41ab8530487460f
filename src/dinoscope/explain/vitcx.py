"""ViT-CX, fast: the map of `vitcx_plain` from a fraction of its work.

Three things differ. The masks are clustered on the grid of patches, exactly (`masks`). The noise-only passes, half of
all, become one backward pass: the noise is small, so p(X + R) - p(X) is nearly the gradient of p times R, for every
mask at once. Leaving them out altogether will not do: on pictures of fine texture, such as blood smears, noise alone
moves the score as much as the masks do. And a mask's noise is mixed in by one multiplication. What each is worth is
measured by `dinoscope benchmark explain`.

Source: Xie, Li, Cao, Zhang, "ViT-CX: causal explanation of vision transformers", IJCAI 2023, arXiv 2211.03064.
"""

from __future__ import annotations

import torch
from torch import Tensor

from . import Progress, Saliency, Subject, masks
from .vitcx_plain import NOISE

MOST = 16
"""Masks scored when it is quick."""


def explain(
    subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None, batch: int = 8
) -> Saliency:
    """Causal saliency of one picture.

    With R_i = 0.1 * N(0, 1) * (1 - M_i): s_i = p(X * M_i + R_i) - R_i . dp/dX, and
    S(x) = 1/N * sum_i s_i M_i(x) / sum_j M_j(x), 0 where no mask reaches.

    Args:
        seed: of the noise, which is that of the plain path for this seed; gives the same map each time, bit for bit.
        quick: merge the masks further, to at most `MOST`, and give every mask the score of the one it went into.
    Raises:
        RequestError: when nothing varies in the picture.
    """
    found = masks.cluster(subject.before, subject.grid, subject.size, most=MOST if quick else None)
    slope = subject.slope()
    with torch.inference_mode():
        merged = _scores(subject, found.merged, slope, seed, progress, batch)
        scored = merged[found.parent]
        # Enlargement is linear: the weighted sum and the cover are enlarged, not each mask.
        weighted = torch.einsum("n,nhw->hw", scored, found.grid)
        total, cover = subject.enlarge(torch.stack([weighted, found.grid.sum(0)]))
        saliency = torch.where(cover > masks.FLAT, total / cover.clamp(min=masks.FLAT), 0) / len(scored)
    return Saliency(saliency.cpu().numpy(), found.merged.cpu().numpy(), merged.cpu().numpy())


def _scores(
    subject: Subject, merged: Tensor, slope: Tensor, seed: int, progress: Progress | None, batch: int
) -> Tensor:
    """Causal scores [K] of masks [K, h, w]."""
    pixels, generator = subject.pixels, torch.Generator().manual_seed(seed)
    scores = []
    for start in range(0, len(merged), batch):
        mask = subject.enlarge(merged[start : start + batch])[:, None]
        noise = NOISE * torch.randn(len(mask), *pixels.shape[1:], generator=generator).to(pixels)
        # Between noise and picture: X M + R = N + M (X - N), with N the noise everywhere.
        kept = subject.score(torch.lerp(noise, pixels, mask)).float()
        disturbed = ((noise * slope).sum(1, keepdim=True) * (1 - mask)).sum((1, 2, 3))
        scores.append(kept - disturbed)
        if progress is not None:
            progress(min(start + batch, len(merged)), len(merged))
    return torch.cat(scores)

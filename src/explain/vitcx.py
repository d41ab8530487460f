"""ViT-CX: cluster a vision transformer's own feature maps into masks, and score each by what it causes.

Source: Xie, Li, Cao, Zhang, "ViT-CX: causal explanation of vision transformers", IJCAI 2023, arXiv 2211.03064.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scipy.cluster.hierarchy import fcluster, linkage
from torch import Tensor

from . import Progress, Saliency, Score

THRESHOLD = 0.1
NOISE = 0.1


def masks(tokens: Tensor, grid: tuple[int, int], size: tuple[int, int], threshold: float = THRESHOLD) -> Tensor:
    """Feature maps that agree, merged into causal masks.

    Args:
        tokens: [h * w, D] patch tokens after the last block's first norm.
        grid: (h, w).
        size: (H, W) of the encoder's pixels.
        threshold: largest cosine distance inside a cluster, complete linkage.
    Returns:
        [N, H, W] float32 in 0 to 1, 1 <= N <= D, in the order of each cluster's first channel.
    Raises:
        ValueError: when every feature map is constant, as with a blank picture.
    """
    maps = tokens.T.reshape(1, -1, *grid)
    maps = F.interpolate(maps, size=size, mode="bilinear", align_corners=False)[0].flatten(1)
    low, high = maps.amin(1, keepdim=True), maps.amax(1, keepdim=True)
    varied = (high - low).squeeze(1) > 1e-8
    if not varied.any():
        raise ValueError("nothing varies in this picture, so there is nothing to explain; choose another one")
    maps = ((maps - low) / (high - low).clamp(min=1e-8))[varied]
    directions = F.normalize(maps, dim=1)
    cosines = (directions @ directions.T).cpu().numpy()
    clusters = _cluster(np.clip(1 - cosines, 0, None), threshold)
    members = F.one_hot(torch.from_numpy(clusters)).T.to(maps)
    merged = members @ maps
    low, high = merged.amin(1, keepdim=True), merged.amax(1, keepdim=True)
    return ((merged - low) / (high - low).clamp(min=1e-8)).reshape(-1, *size)


def _cluster(distances: np.ndarray, threshold: float) -> np.ndarray:
    """Complete linkage of [D, D] distances -> cluster numbers [D] from 0, in the order of first members."""
    if len(distances) == 1:
        return np.zeros(1, dtype=np.int64)
    condensed = distances[np.triu_indices(len(distances), 1)].astype(np.float64)
    numbers = fcluster(linkage(condensed, "complete"), threshold, "distance")
    _, first, cluster = np.unique(numbers, return_index=True, return_inverse=True)
    return first.argsort().argsort()[cluster]


@torch.inference_mode()
def explain(
    score: Score,
    pixels: Tensor,
    tokens: Tensor,
    grid: tuple[int, int],
    seed: int,
    progress: Progress | None = None,
    batch: int = 32,
) -> Saliency:
    """Causal saliency of one picture, the plain path: two passes a mask.

    With R_i = 0.1 * N(0, 1) * (1 - M_i): s_i = p(X * M_i + R_i) - p(X + R_i) + p(X), and
    S(x) = 1/N * sum_i s_i M_i(x) / sum_j M_j(x).

    Args:
        score: what is explained.
        pixels: [1, 3, S, S] normalised.
        tokens: [h * w, D] patch tokens after the last block's first norm.
        seed: of the noise; the same seed gives the same map, bit for bit.
    """
    causal = masks(tokens, grid, (pixels.shape[2], pixels.shape[3]))
    generator = torch.Generator().manual_seed(seed)
    base = score(pixels)
    scores = []
    for start in range(0, len(causal), batch):
        m = causal[start : start + batch, None]
        noise = torch.randn(len(m), *pixels.shape[1:], generator=generator).to(pixels)
        noise = NOISE * noise * (1 - m)
        scores.append(score(pixels * m + noise) - score(pixels + noise) + base)
        if progress is not None:
            progress(min(start + batch, len(causal)), len(causal))
    s = torch.cat(scores)
    cover = causal.sum(0)
    total = torch.einsum("n,nhw->hw", s, causal)
    saliency = torch.where(cover > 1e-6, total / cover.clamp(min=1e-6), torch.zeros_like(total)) / len(causal)
    return Saliency(saliency.cpu().numpy(), causal.cpu().numpy(), s.cpu().numpy())

"""Published ViT-CX: the algorithm as its authors' code runs it, for comparison with ours.

Written from the paper and the published code (github.com/vaynexie/CausalX-ViT): every feature map is enlarged and
compared at the picture's size, maps and masks travel through numpy, and each mask costs two float32 passes, 50 masks
at a time. Only what ties it to one network is left out (CUDA, a grid of 14 x 14), and its noise is seeded.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.cluster import AgglomerativeClustering
from torch import Tensor

from dinoscope.explain import Score

THRESHOLD, NOISE, BATCH = 0.1, 0.1, 50


@torch.inference_mode()
def explain(score: Score, pixels: Tensor, before: Tensor, grid: tuple[int, int], seed: int) -> np.ndarray:
    """Causal saliency [S, S] of one picture.

    Args:
        score: normalised pixels [B, 3, S, S] -> [B], in float32.
        pixels: [1, 3, S, S]; before: [h * w, D] patch tokens after the last block's first norm.
        seed: of the noise.
    """
    masks = _masks(before.T.reshape(-1, *grid).numpy(), (pixels.shape[2], pixels.shape[3]))
    generator = torch.Generator().manual_seed(seed)
    base = float(score(pixels))
    kept, disturbed = [], []
    for start in range(0, len(masks), BATCH):
        mask = torch.from_numpy(masks[start : start + BATCH])[:, None]
        noise = NOISE * torch.randn(len(mask), *pixels.shape[1:], generator=generator) * (1 - mask)
        kept.append(score(pixels * mask + noise).numpy())
        disturbed.append(score(pixels + noise).numpy())
    scores = np.concatenate(kept) - np.concatenate(disturbed) + base
    cover = masks.sum(axis=0)
    total = (scores[:, None, None] * masks).sum(axis=0)
    return np.where(cover > 1e-8, total / np.maximum(cover, 1e-8), 0).astype(np.float32) / len(masks)


def _masks(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Feature maps [D, h, w] -> masks [N, H, W] in 0 to 1."""
    large = F.interpolate(torch.from_numpy(maps)[None], size=size, mode="bilinear", align_corners=False)[0].numpy()
    low, high = large.min(axis=(1, 2), keepdims=True), large.max(axis=(1, 2), keepdims=True)
    large = ((large - low) / np.maximum(high - low, 1e-8))[(high > low).ravel()]
    flat = large.reshape(len(large), -1)
    flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    clustering = AgglomerativeClustering(None, metric="precomputed", linkage="complete", distance_threshold=THRESHOLD)
    labels = clustering.fit_predict(np.clip(1 - flat @ flat.T, 0, None))
    # In the order of each cluster's first map, so that the same seed gives each mask the same noise as ours.
    merged = np.stack([large[labels == label].sum(axis=0) for label in dict.fromkeys(labels)])
    low, high = merged.min(axis=(1, 2), keepdims=True), merged.max(axis=(1, 2), keepdims=True)
    return ((merged - low) / np.maximum(high - low, 1e-8)).astype(np.float32)

"""Masks: a vision transformer's own feature maps, clustered on the grid of patches as if they were enlarged.

ViT-CX enlarges every map bilinearly to the picture's pixels before it compares them, which smooths them, so that
clustering the small maps gives other clusters. Enlargement is linear: enlarged = E a, with E = U_h x U_w fixed by the
sizes. Inner products of enlarged maps are therefore a' (U_h' U_h x U_w' U_w) b, and nothing needs to be enlarged.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from scipy.cluster.hierarchy import fcluster, linkage
from torch import Tensor

from ..errors import RequestError

THRESHOLD = 0.1
FLAT = 1e-8
"""A map whose range is not larger is constant."""


@dataclass(frozen=True)
class Masks:
    """Causal masks of one picture.

    Attributes:
        grid: [N, h, w] float32; enlarged bilinearly to the pixels each spans 0 to 1 exactly.
        merged: [K, h, w] float32, the same masks merged further by the same linkage; K <= N.
        parent: [N] which merged mask each belongs to.
    """

    grid: Tensor
    merged: Tensor
    parent: Tensor


def cluster(
    tokens: Tensor, grid: tuple[int, int], size: tuple[int, int], threshold: float = THRESHOLD, most: int | None = None
) -> Masks:
    """Feature maps that agree, merged into causal masks.

    Args:
        tokens: [h * w, D] patch tokens after the last block's first norm.
        grid: (h, w).
        size: (H, W) of the encoder's pixels, to which the masks will be enlarged.
        threshold: largest cosine distance inside a cluster of the enlarged maps, complete linkage.
        most: merge on until at most so many masks are left in `merged`; None to leave them as they are.
    Returns:
        masks in the order of each cluster's first channel.
    Raises:
        RequestError: when every feature map is constant, as with a blank picture.
    """
    maps = tokens.T.double().contiguous().reshape(-1, *grid)  # as it lies, a product of it takes 100 times as long
    low, high = _extremes(maps, size)
    varied = high - low > FLAT
    if not varied.any():
        raise RequestError("nothing varies in this picture, so there is nothing to explain; choose another one")
    maps = (maps - low[:, None, None])[varied] / (high - low)[varied, None, None]
    tree = _linkage(_distances(maps, size))
    fine = _labels(tree, threshold, None, len(maps))
    coarse = _labels(tree, threshold, most, len(maps))
    first = np.unique(fine, return_index=True)[1]
    parent = torch.from_numpy(coarse[first]).to(tokens.device)
    return Masks(_merge(maps, fine, size), _merge(maps, coarse, size), parent)


def _distances(maps: Tensor, size: tuple[int, int]) -> np.ndarray:
    """Cosine distances [D, D] of the enlarged maps, from the small ones [D, h, w]."""
    gram_h, gram_w = (_gram(small, large).to(maps) for small, large in zip(maps.shape[1:], size, strict=True))
    inner = (gram_h @ maps @ gram_w).flatten(1) @ maps.flatten(1).T
    norm = inner.diagonal().clamp(min=1e-300).sqrt()
    return (1 - inner / norm[:, None] / norm).clamp(min=0).cpu().numpy()


def _extremes(maps: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Least and greatest pixel [D] of each enlarged map.

    Between two neighbouring patch centres a bilinear map is linear along each axis, so that among the pixels there
    the extremes lie on the first or last of each axis. Pixel centres need not fall on patch centres: the extremes of
    the small map itself are others.
    """
    rows, columns = (_corners(small, large).to(maps) for small, large in zip(maps.shape[1:], size, strict=True))
    corners = (rows @ maps @ columns.T).flatten(1)
    return corners.amin(1), corners.amax(1)


def _merge(maps: Tensor, labels: np.ndarray, size: tuple[int, int]) -> Tensor:
    """Sum of each cluster's maps, scaled so that the enlarged sum spans 0 to 1: [N, h, w] float32."""
    members = F.one_hot(torch.from_numpy(labels)).T.to(maps)
    merged = torch.einsum("nd,dhw->nhw", members, maps)
    low, high = (v[:, None, None] for v in _extremes(merged, size))
    return ((merged - low) / (high - low).clamp(min=FLAT)).float()


def _linkage(distances: np.ndarray) -> np.ndarray:
    """Complete linkage of [D, D] distances; [0, 4] for a single map."""
    condensed = distances[np.triu_indices(len(distances), 1)]
    return linkage(condensed, "complete") if len(condensed) else np.zeros((0, 4))


def _labels(tree: np.ndarray, threshold: float, most: int | None, count: int) -> np.ndarray:
    """Cluster numbers [count] from 0, in the order of first members."""
    if count == 1:
        return np.zeros(1, dtype=np.int64)
    numbers = fcluster(tree, threshold, "distance")
    if most is not None and numbers.max() > most:
        numbers = fcluster(tree, most, "maxclust")
    _, first, found = np.unique(numbers, return_index=True, return_inverse=True)
    return first.argsort().argsort()[found]


@lru_cache(maxsize=16)
def _enlargement(small: int, large: int) -> Tensor:
    """U [large, small] float64: bilinear enlargement along one axis."""
    unit = torch.eye(small, dtype=torch.float64)[None]
    return F.interpolate(unit, size=large, mode="linear", align_corners=False)[0].T.contiguous()


@lru_cache(maxsize=16)
def _gram(small: int, large: int) -> Tensor:
    """U' U [small, small]."""
    enlargement = _enlargement(small, large)
    return enlargement.T @ enlargement


@lru_cache(maxsize=16)
def _corners(small: int, large: int) -> Tensor:
    """The rows of U at the first and last pixel between each two neighbouring patch centres."""
    centre = ((np.arange(large) + 0.5) * small / large - 0.5).clip(0, small - 1)
    between = np.floor(centre).astype(int)
    ends = [np.flatnonzero(between == k)[[0, -1]] for k in np.unique(between)]
    return _enlargement(small, large)[np.unique(np.concatenate(ends))]

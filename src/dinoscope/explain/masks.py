"""Masks: a vision transformer's own feature maps, those that agree merged into one, on the grid of patches."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from scipy.cluster.hierarchy import fcluster, linkage
from torch import Tensor

from ..errors import RequestError

THRESHOLD = 0.1
"""Largest cosine distance inside a cluster of feature maps."""
FLAT = 1e-8
"""A map whose range is not larger is constant."""


def cluster(tokens: Tensor, most: int | None = None) -> Tensor:
    """Feature maps that agree, merged into masks.

    Args:
        tokens: [h * w, D] patch tokens after the last block's first norm.
        most: merge on until at most so many masks are left; None to stop at the threshold.
    Returns:
        [N, h * w] from 0 to 1, in the order of each cluster's first channel.
    Raises:
        RequestError: when every feature map is constant, as with a blank picture.
    """
    maps = tokens.T.double().contiguous()  # as it lies, a product of it takes 100 times as long
    varied = maps.amax(1) - maps.amin(1) > FLAT
    if not varied.any():
        raise RequestError("nothing varies in this picture, so there is nothing to explain; choose another one")
    maps = _spanned(maps[varied])
    directions = F.normalize(maps, dim=1)
    numbers = clusters((1 - directions @ directions.T).clamp(min=0), most)
    return _spanned(F.one_hot(numbers).T.to(maps) @ maps).float()


def clusters(distances: Tensor, most: int | None = None) -> Tensor:
    """Complete linkage of [D, D] distances, cut at the threshold -> [D] numbers in the order of first members."""
    if len(distances) == 1:
        return torch.zeros(1, dtype=torch.long, device=distances.device)
    rows, columns = torch.triu_indices(len(distances), len(distances), offset=1)
    tree = linkage(distances[rows, columns].double().cpu().numpy(), "complete")
    found = fcluster(tree, THRESHOLD, "distance")
    if most is not None and found.max() > most:
        found = fcluster(tree, most, "maxclust")
    order = {n: i for i, n in enumerate(dict.fromkeys(found.tolist()))}
    return torch.tensor([order[n] for n in found.tolist()], device=distances.device)


def _spanned(maps: Tensor) -> Tensor:
    """[N, P], each row stretched to span 0 to 1."""
    low, high = maps.amin(1, keepdim=True), maps.amax(1, keepdim=True)
    return (maps - low) / (high - low).clamp(min=FLAT)

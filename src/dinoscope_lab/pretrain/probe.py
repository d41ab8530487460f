"""Probe: does the encoder under training tell the classes of held-out pictures apart? Asked on its own device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, normalize, one_hot
from transformers import Dinov2Model

from dinoscope.fitting.statistics import balanced_accuracy
from dinoscope.reading.encoder import pool

from .objective import tokens_of
from .pack import Pack
from .views import normalise

NEIGHBOURS = 5
PENALTY = 0.1
"""Of the ridge, as a share of the features' own spread."""


@torch.inference_mode()
def features(model: Dinov2Model, pictures: np.ndarray, size: int, batch: int = 64) -> Tensor:
    """Pooled tokens of the last block of packed pictures [N, S, S, 3] uint8, read at `size` pixels: [N, P] float32.

    They stay on the device.
    """
    device = next(model.parameters()).device
    rows = []
    for start in range(0, len(pictures), batch):
        x = torch.from_numpy(np.ascontiguousarray(pictures[start : start + batch])).to(device)
        x = interpolate(x.permute(0, 3, 1, 2).float() / 255, size=(size, size), mode="bilinear", antialias=True)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            tokens = tokens_of(model, normalise(x))
        rows.append(pool([tokens]))
    return torch.cat(rows)


@torch.inference_mode()
def run(model: Dinov2Model, pack: Pack, size: int, most: int = 0) -> dict[str, dict[str, float]]:
    """Balanced accuracy of each data set's validation fold from its training folds.

    Args:
        most: use at most so many pictures a set and side, 0 for all.
    Returns:
        {"knn": ..., "ridge": ...}, each percent by data set with their `mean`. Empty without validation pictures.
    """
    training = model.training
    model.eval()
    scores: dict[str, dict[str, float]] = {"knn": {}, "ridge": {}}
    source, label = np.asarray(pack.source), np.asarray(pack.label)
    rng = np.random.default_rng(0)
    for name in sorted(set(pack.source)):
        known = pack.training[source[pack.training] == name]
        asked = pack.validation[source[pack.validation] == name]
        if most:
            known, asked = (rng.permutation(x)[:most] for x in (known, asked))
        if len(set(label[asked])) < 2:
            continue
        seen, new = (features(model, pack.pictures[x], size) for x in (known, asked))
        classes, truth = np.unique(label[known], return_inverse=True)
        wanted = np.searchsorted(classes, label[asked])
        for kind, judge in (("knn", knn), ("ridge", ridge)):
            guess = judge(seen, torch.from_numpy(truth).to(seen.device), new)
            scores[kind][name] = 100 * balanced_accuracy(wanted, guess.cpu().numpy())
    for by_set in scores.values():
        if by_set:
            by_set["mean"] = float(np.mean(list(by_set.values())))
    model.train(training)
    return scores


def knn(known: Tensor, truth: Tensor, asked: Tensor) -> Tensor:
    """Majority of the 5 nearest by cosine, of equally frequent classes the one nearer in sum: guesses [M]."""
    similarity = normalize(asked, dim=1) @ normalize(known, dim=1).T
    near, which = similarity.topk(min(NEIGHBOURS, len(known)), dim=1)
    votes = one_hot(truth[which], int(truth.max()) + 1)
    return (votes.sum(1) + 1e-3 * (votes * near.unsqueeze(-1)).sum(1)).argmax(1)


def ridge(known: Tensor, truth: Tensor, asked: Tensor) -> Tensor:
    """Least squares on the classes, each class counted alike, with a ridge: guesses [M]."""
    wanted = one_hot(truth).double()
    weight = (wanted / wanted.sum(0)).sum(1, keepdim=True) / wanted.shape[1]  # sums to 1
    mean = (weight * known.double()).sum(0)
    spread = (weight * (known.double() - mean).square()).sum(0).sqrt().clamp(min=1e-6)
    x, y = (known.double() - mean) / spread, wanted - (weight * wanted).sum(0)
    if len(x) < x.shape[1]:  # fewer rows than columns: the same answer in the rows' own span
        rows = weight.sqrt() * x
        inner = rows @ rows.T + PENALTY * torch.eye(len(x), device=x.device, dtype=x.dtype)
        found = rows.T @ torch.linalg.solve(inner, weight.sqrt() * y)
    else:
        inner = x.T @ (weight * x) + PENALTY * torch.eye(x.shape[1], device=x.device, dtype=x.dtype)
        found = torch.linalg.solve(inner, x.T @ (weight * y))
    return (((asked.double() - mean) / spread) @ found).argmax(1)

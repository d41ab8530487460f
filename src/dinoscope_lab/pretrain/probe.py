"""Probe: does the encoder under training tell the classes of held-out pictures apart?"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.nn.functional import interpolate
from transformers import Dinov2Model

from dinoscope.reading.encoder import Tokens

from .objective import tokens_of
from .pack import Pack
from .views import normalise


@torch.inference_mode()
def features(model: Dinov2Model, pictures: np.ndarray, size: int, batch: int = 64) -> np.ndarray:
    """What heads read of packed pictures [N, S, S, 3] uint8, read at `size` pixels: [N, P] float32."""
    device = next(model.parameters()).device
    side = size // int(model.embeddings.patch_embeddings.projection.stride[0])
    rows = []
    for start in range(0, len(pictures), batch):
        x = torch.from_numpy(np.ascontiguousarray(pictures[start : start + batch])).to(device)
        x = interpolate(x.permute(0, 3, 1, 2).float() / 255, size=(size, size), mode="bilinear", antialias=True)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            tokens = tokens_of(model, normalise(x))
        tokens = tokens.float()
        rows.append(Tokens(tokens[:, 0], tokens[:, 1:], tokens[:, 1:], (side, side)).pooled.cpu().numpy())
    return np.concatenate(rows)


def run(model: Dinov2Model, pack: Pack, size: int, most: int = 0) -> dict[str, dict[str, float]]:
    """Balanced accuracy of each data set's validation fold from its training folds.

    Args:
        most: use at most so many pictures a set and side, 0 for all.
    Returns:
        {"knn": ..., "linear": ...}, each percent by data set with their `mean`: the 5 nearest neighbours by
        cosine, and logistic regression (C = 0.01, standardised). Empty without validation pictures.
    """
    judges = {
        "knn": lambda: KNeighborsClassifier(5, metric="cosine"),
        "linear": lambda: make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200)),
    }
    training = model.training
    model.eval()
    scores: dict[str, dict[str, float]] = {name: {} for name in judges}
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
        for kind, judge in judges.items():
            guess = judge().fit(seen, label[known]).predict(new)
            scores[kind][name] = 100 * float(balanced_accuracy_score(label[asked], guess))
    for by_set in scores.values():
        if by_set:
            by_set["mean"] = float(np.mean(list(by_set.values())))
    model.train(training)
    return scores

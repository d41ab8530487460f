"""Probes: frozen features and their baselines, each guessing the test fold of one set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from torch import nn
from transformers import Dinov2Model

from dinoscope.fitting.datasets import TEST_FOLD, VALIDATION_FOLD
from dinoscope.fitting.statistics import balanced_accuracy
from dinoscope.reading import scope
from dinoscope.reading.encoder import Encoder
from dinoscope.reading.frozen import Frozen

from ..pretrain import export
from . import baselines, source, supervised
from .baselines import EDGES, PIXELS, RANDOM, RESIDUAL, SCRATCH
from .pool import Pool
from .study import Study

STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0)
NEIGHBOURS = 5
BASELINES = {
    PIXELS: "pixels",
    EDGES: "edges",
    RANDOM: "random-{shape}",
    SCRATCH: "supervised-{shape}",
    RESIDUAL: "residual",
}
"""Method -> what is kept under: the shape of the network where that is all it shares with the backbone."""


def guesses(study: Study, pool: Pool, rivals: Sequence[Frozen] = ()) -> dict[str, np.ndarray]:
    """Guessed class numbers on fold 0 by every method; a rival's frozen features are judged as the backbone's are.

    The first rival is judged joined with the backbone, too; of `BASELINES` a study without what is trained takes only
    those that need no network.
    """
    found: dict[str, np.ndarray] = {}
    seen = {
        name: study.pooled(pool, e) for name, e in {"backbone": study.encoder, **{r.name: r for r in rivals}}.items()
    }
    for rival in rivals[:1]:
        seen[f"backbone with {rival.name}"] = np.concatenate([seen["backbone"], seen[rival.name]], axis=1)
    for name, features in seen.items():
        found[f"{name}, linear"] = linear(features, pool.truth, pool.fold)
        found[f"{name}, kNN"] = neighbours(features, pool.truth, pool.fold)
    methods = (PIXELS, EDGES) if study.untrained else BASELINES
    return found | {method: baseline(method, pool, study).argmax(1) for method in methods}


def baseline(method: str, pool: Pool, study: Study) -> np.ndarray:
    """Logits [M, C] on fold 0 by one of `BASELINES`; none depends on the backbone's weights, so they are kept by what
    they do depend on: its shape where they share it, the split, and the code."""
    encoder, seed, quick = study.encoder, study.seed, study.quick
    kept = study.kept.parent / "baselines"
    config = export.shape(encoder)
    tag = BASELINES[method].format(shape=f"{study.shape}-{encoder.size}")
    code = source.fingerprint(__name__)[:16]
    path = kept / f"{pool.name.replace(', ', '-')}-{tag}-{seed}-{pool.split}-{code}.safetensors"
    if not path.is_file():
        print(f"{pool.name}: {method}", flush=True)
        if method == SCRATCH:
            found = _supervised(partial(supervised.Classifier, config), pool, seed, 4 if quick else 480)
        elif method == RESIDUAL:
            found = _supervised(supervised.Residual, pool, seed, 4 if quick else 960, rate=1e-3)
        else:
            simple = {PIXELS: baselines.pixels, EDGES: baselines.edges}.get(method)
            features = simple(pool.files) if simple else study.pooled(pool, random_encoder(encoder, kept, seed))
            found = log_probabilities(features, pool.truth, pool.fold)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({"logits": np.ascontiguousarray(found, np.float32)}, path)
    return load_file(path)["logits"]


def random_encoder(encoder: Encoder, folder: Path, seed: int) -> Encoder:
    """The backbone's architecture with random weights, kept below `folder`."""
    place = folder / f"random-{seed}"
    torch.manual_seed(seed)
    export.write(Dinov2Model(export.shape(encoder)), encoder.size, place)
    return Encoder(place, "random weights")


def _supervised(build: Callable[[int], nn.Module], pool: Pool, seed: int, steps: int, rate: float = 3e-4) -> np.ndarray:
    """Trained on folds 2 to 4, stopped by fold 1: logits on fold 0."""
    pictures = baselines.squashed(pool.files, 144)
    known, held = pool.known, pool.held
    model = supervised.train(
        build,
        pictures[known],
        pool.truth[known],
        (pictures[held], pool.truth[held]),
        steps=steps,
        rate=rate,
        every=max(2, steps // 12),
        seed=seed,
    )
    return supervised.logits_of(model, pictures[pool.test])


def linear(features: np.ndarray, truth: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Standardised logistic regression on folds 2 to 4, C chosen on fold 1; guesses on fold 0."""
    return log_probabilities(features, truth, fold).argmax(1)


def log_probabilities(features: np.ndarray, truth: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """The same as log-probabilities [M, C]; minus infinity for a class that folds 2 to 4 lack."""
    known, held, test = fold > VALIDATION_FOLD, fold == VALIDATION_FOLD, fold == TEST_FOLD
    scaler = StandardScaler().fit(features[known])
    x = scaler.transform(features)
    if x.shape[1] > known.sum():
        # The penalty keeps coefficients in the span of the fitted rows: the same guesses on as many axes.
        x = x @ np.linalg.qr(x[known].T)[0]
    best, found = -1.0, np.full((test.sum(), truth.max() + 1), -np.inf)
    model = LogisticRegression(max_iter=500, warm_start=True)
    with threadpool_limits(1):
        for strength in STRENGTHS:
            model.set_params(C=strength).fit(x[known], truth[known])
            score = balanced_accuracy(truth[held], model.predict(x[held]))
            if score > best:
                best = score
                found[:, model.classes_] = model.predict_log_proba(x[test])
    return found


def neighbours(features: np.ndarray, truth: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Majority of the 5 nearest by cosine among folds 2 to 4; the nearer class on a tie. Guesses on fold 0."""
    unit = scope.unit(features)
    known = fold > VALIDATION_FOLD
    similarity = unit[fold == TEST_FOLD] @ unit[known].T
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :NEIGHBOURS]
    return np.array([_majority(row) for row in truth[known][nearest]])


def _majority(labels: np.ndarray) -> int:
    """The most frequent of some labels that stand nearest first; of equally frequent ones the nearest."""
    return max(labels.tolist(), key=labels.tolist().count)

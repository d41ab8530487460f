"""Probes: frozen features and their baselines, each guessing the test fold of one set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from transformers import Dinov2Config, Dinov2Model

from ... import scope
from ...encoder import Encoder
from ..datasets import TEST_FOLD, VALIDATION_FOLD, Sample
from ..feature_cache import FeatureCache
from ..pretrain import export
from ..statistics import balanced_accuracy
from . import baselines, supervised

STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0)
NEIGHBOURS = 5
OURS = "backbone, linear"


def guesses(name: str, samples: list[Sample], cache: FeatureCache, kept: Path, seed: int) -> dict[str, np.ndarray]:
    """Guessed class numbers on fold 0 by every method; what does not depend on the backbone is kept."""
    files = [s.path for s in samples]
    labels = sorted({s.label for s in samples})
    truth = np.array([labels.index(s.label) for s in samples])
    fold = np.array([s.fold for s in samples])
    ours = cache.read(f"{name}-all", files)[1]
    found = {OURS: linear(ours, truth, fold), "backbone, kNN": neighbours(ours, truth, fold)}

    def once(method: str, measure: Callable[[], np.ndarray]) -> np.ndarray:
        path = kept / f"{name}-{method}-{seed}.safetensors"
        if not path.is_file():
            print(f"{name}: {method}", flush=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file({"guess": measure().astype(np.int64)}, path)
        return load_file(path)["guess"]

    config: Dinov2Config = cache.encoder.model.config
    shape = f"{config.hidden_size}x{config.num_hidden_layers}"
    found["pixels"] = once("pixels", lambda: linear(baselines.pixels(files), truth, fold))
    found["edges and colours (HOG)"] = once("edges", lambda: linear(baselines.edges(files), truth, fold))
    found["random weights"] = once(
        f"random-{shape}", lambda: linear(random_weights(cache.encoder, kept, seed)(files), truth, fold)
    )
    found["supervised from scratch"] = once(
        f"supervised-{shape}", lambda: _supervised(config, files, truth, fold, seed)
    )
    return found


def random_weights(encoder: Encoder, folder: Path, seed: int) -> baselines.Describe:
    """Features of the backbone's architecture with random weights, reading as the backbone does."""
    random = random_encoder(encoder, folder, seed)
    return lambda files: FeatureCache(random, None).read("all", files)[1]


def random_encoder(encoder: Encoder, folder: Path, seed: int) -> Encoder:
    """The backbone's architecture with random weights, kept below `folder`."""
    place = folder / f"random-{seed}"
    torch.manual_seed(seed)
    export.write(Dinov2Model(encoder.model.config), encoder.size, place)
    return Encoder(place, "random weights")


def _supervised(config: Dinov2Config, files: list[Path], truth: np.ndarray, fold: np.ndarray, seed: int) -> np.ndarray:
    """Trained on folds 2 to 4, stopped by fold 1, guessing fold 0."""
    pictures = baselines.squashed(files, 144)
    known, held = fold > VALIDATION_FOLD, fold == VALIDATION_FOLD
    model = supervised.train(config, pictures[known], truth[known], (pictures[held], truth[held]), seed=seed)
    return supervised.guess(model, pictures[fold == TEST_FOLD])


def linear(features: np.ndarray, truth: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Standardised logistic regression on folds 2 to 4, C chosen on fold 1; guesses on fold 0."""
    return log_probabilities(features, truth, fold).argmax(1)


def log_probabilities(features: np.ndarray, truth: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """The same as log-probabilities [M, C]; minus infinity for a class that folds 2 to 4 lack."""
    known, held, test = fold > VALIDATION_FOLD, fold == VALIDATION_FOLD, fold == TEST_FOLD
    scaler = StandardScaler().fit(features[known])
    x = scaler.transform(features)
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

"""Backbone: what its frozen features are worth beside simpler ones, on pictures that nothing has seen."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from dinoscope import settings, tasks
from dinoscope.evidence import read
from dinoscope.fitting import catalogue, datasets
from dinoscope.fitting.datasets import TEST_FOLD, VALIDATION_FOLD, Sample
from dinoscope.fitting.feature_cache import FeatureCache
from dinoscope.fitting.statistics import balanced_accuracy, drawn_balanced_accuracy, group_draws
from dinoscope.settings import ROOT
from dinoscope.tasks import Task
from dinoscope.workbench import Workbench

from .. import evidence, readme, rivals
from ..pretrain import card
from . import baselines, retrieval, trust
from .agreement import Joined, join
from .baselines import EDGES, OURS, PIXELS
from .probes import BASELINES, guesses, linear
from .study import Pool

SETS = (
    "blood_cells_pbc",
    "brain_mri",
    "busi",
    "chest_ct",
    "eye_diseases",
    "ham10000",
    "leukemia_all",
    "lgg_mri",
    "lung_ct_iqothnccd",
    "lung_histology",
    "pneumonia_cxr",
)


def run(arguments: argparse.Namespace) -> None:
    """Measure and write backbone.json."""
    began = time.monotonic()
    chosen = settings.load()
    workbench = Workbench.load(chosen)
    encoder = workbench.encoder
    cache = FeatureCache(encoder, chosen.cache)
    samples = {name: datasets.read(arguments.images / name, arguments.images / "splits") for name in trust.MODALITIES}
    others = rivals.installed(device=chosen.device)
    guessed = {
        name: guesses(
            Pool.of(name, samples[name]), encoder, chosen.cache, arguments.seed, others.encoders, arguments.untrained
        )
        for name in SETS
    }
    joined = {name: _joined(workbench, cache, Pool.of(name, samples[name])) for name in SETS}
    guessed = {name: _beside(guessed[name], joined[name].guesses) for name in SETS}
    rows, headline, notes = _probes(samples, guessed, arguments.seed)
    if arguments.untrained:
        notes.append(_left_out(chosen.assets / "evidence"))
    rows += [joined[name].row for name in SETS]
    rows += [_official(samples["brain_mri"], cache)]
    rows += trust.calibration(workbench)
    pooled = {name: _test_features(cache, name, samples[name]) for name in trust.MODALITIES}
    rows += trust.scopes(workbench, pooled)
    rows += retrieval_rows(workbench, samples, pooled, arguments.seed)
    rows += [r for r in others.tried if r["ran"] == "no"]
    evidence.write(
        chosen.assets / "evidence" / "backbone.json",
        headline,
        f"dinoscope benchmark backbone --images {arguments.images} --seed {arguments.seed}"
        + " --untrained" * arguments.untrained,
        arguments.seed,
        encoder.fingerprint,
        time.monotonic() - began,
        rows,
        notes,
        resumed=True,
    )
    of_sets = [r for r in rows if "set" in r]
    card.add_measured(chosen.assets / "backbone", readme.table(list(of_sets[0]), of_sets), " ".join(notes))
    tasks.write_manifest(chosen.assets)
    if chosen.assets == ROOT / "model_assets":
        readme.renew()


def _left_out(folder: Path) -> str:
    """One sentence on the methods of `BASELINES` that this run leaves out, with what an earlier one found."""
    earlier = read(folder).get("backbone")
    means = next((r for r in earlier.rows if r.get("set") == "mean"), {}) if earlier else {}
    found = [f"{m} {means[m]:g}" for m in BASELINES if m in means and m not in (PIXELS, EDGES)]
    said = "Networks that are trained here, and random weights, are left out of this run."
    if not found or earlier is None:
        return said
    return f"{said} On the mean of the same sets an earlier one ({earlier.date}) had: {', '.join(found)}; not paired."


def _joined(workbench: Workbench, cache: FeatureCache, pool: Pool) -> Joined:
    return join(pool, cache.read(f"{pool.name}-all", pool.files).pooled, workbench.projection)


def _beside(guesses: dict[str, np.ndarray], more: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All guesses, the backbone's own first."""
    own = {m: g for m, g in guesses.items() if m.startswith("backbone")}
    return own | more | guesses


def _probes(
    samples: dict[str, list[Sample]], guessed: dict[str, dict[str, np.ndarray]], seed: int
) -> tuple[list[dict], dict, list[str]]:
    """A row a set, their mean, and the paired difference of every baseline to the backbone."""
    methods = list(guessed[SETS[0]])
    drawn: dict[str, list[np.ndarray]] = {m: [] for m in methods}
    rows = []
    for name in SETS:
        tests = [s for s in samples[name] if s.fold == TEST_FOLD]
        labels = sorted({s.label for s in samples[name]})
        truth = np.array([labels.index(s.label) for s in tests])
        times = group_draws([s.group or s.id for s in tests], seed=seed)
        row: dict = {"set": name, "test pictures": len(tests)}
        for m in methods:
            drawn[m].append(drawn_balanced_accuracy(times, truth, guessed[name][m]))
            row[m] = _percent(balanced_accuracy(truth, guessed[name][m]))
        low, high = np.percentile(drawn[OURS][-1], [2.5, 97.5])
        rows.append(row | {"interval": f"{_percent(low)} to {_percent(high)}"})
    mean = {m: np.mean([r[m] for r in rows]) for m in methods}
    spread = {m: np.mean(drawn[m], axis=0) for m in methods}
    low, high = np.percentile(spread[OURS], [2.5, 97.5])
    rows.append(
        {"set": "mean", "test pictures": sum(r["test pictures"] for r in rows)}
        | {m: round(float(mean[m]), 1) for m in methods}
        | {"interval": f"{_percent(low)} to {_percent(high)}"}
    )
    for m in methods:
        if m != OURS:
            a, b = np.percentile(spread[OURS] - spread[m], [2.5, 97.5])
            rows.append(
                {"baseline": m, "mean": round(float(mean[m]), 1), "backbone better by": _rounded(mean[OURS] - mean[m])}
                | {"from": _percent(a), "to": _percent(b)}
            )
    headline = {
        "label": "Mean balanced accuracy of a linear probe on 11 sets",
        "value": round(float(mean[OURS]), 1),
        "low": _percent(low),
        "high": _percent(high),
        "unit": "%",
    }
    ahead = {
        r["set"]: [m for m in methods if not m.startswith("backbone") and r[m] >= r[OURS]] for r in rows[: len(SETS)]
    }
    notes = [
        "A baseline does at least as well as the linear probe on "
        + ("; ".join(f"{name} ({', '.join(found)})" for name, found in ahead.items() if found) or "no set")
        + ".",
        "Logistic regression on standardised features, C from 0.001 to 1 chosen on fold 1, fitted on folds 2 to 4, "
        "balanced accuracy in percent on fold 0; intervals from 1,000 draws of whole groups, the same draws for every "
        "method.",
        "Head and cases: the mean of a task's head and the vote of its nearest cases, as the app joins them; of the "
        "table of agreement, how often the head, or both together, were right where they name the same class and where "
        "not, with Wilson's 95 % intervals.",
        "kNN: 5 nearest by cosine of the plain features; of case vectors: of what case search compares. "
        "EfficientNet-Lite: trained by others on ImageNet's labels, "
        "frozen, its last map averaged, at the side it was trained for. The backbone was trained without labels.",
        "Supervised from scratch: the same architecture, trained on the labels of folds 2 to 4 with augmentation and "
        "balanced batches at 112 px, stopped by fold 1. Small ResNet from scratch: ResNet-18 at half its width, 2.8 "
        "million weights, trained so for at most twice as many steps.",
    ]
    return rows, headline, notes


def _official(samples: list[Sample], cache: FeatureCache) -> dict:
    """The linear probe on brain_mri's own split, the literature's, without its exact copies across the two parts.

    It is in part labelled wrongly, hence the recall of each class, and what simple features make of it.
    """
    labels = sorted({s.label for s in samples})
    truth = np.array([labels.index(s.label) for s in samples])
    # Fold 1 still chooses C, out of the official training pictures.
    fold = np.array([TEST_FOLD if s.official == "test" else VALIDATION_FOLD if s.fold == 1 else 2 for s in samples])
    files = [s.path for s in samples]
    guess = linear(cache.read("brain_mri-all", files).pooled, truth, fold)
    tests = [s for s, f in zip(samples, fold, strict=True) if f == TEST_FOLD]
    wanted = truth[fold == TEST_FOLD]
    drawn = drawn_balanced_accuracy(group_draws([s.group or s.id for s in tests]), wanted, guess)
    low, high = np.percentile(drawn, [2.5, 97.5])
    simple = ((PIXELS, baselines.pixels), (EDGES, baselines.edges))
    recalls = {f"recall, {name}": _percent((guess[wanted == i] == i).mean()) for i, name in enumerate(labels)}
    return {
        "split": "brain_mri, official test split, de-duplicated",
        "pictures": len(tests),
        OURS: _percent(balanced_accuracy(wanted, guess)),
        "interval": f"{_percent(low)} to {_percent(high)}",
        **{
            name: _percent(balanced_accuracy(wanted, linear(describe(files), truth, fold))) for name, describe in simple
        },
        **recalls,
    }


def _test_features(cache: FeatureCache, name: str, samples: list[Sample]) -> np.ndarray:
    """Pooled features of a set's fold 0."""
    if name in SETS:  # read already, with the other folds
        fold = np.array([s.fold for s in samples])
        return cache.read(f"{name}-all", [s.path for s in samples]).pooled[fold == TEST_FOLD]
    return cache.read(f"{name}-test", [s.path for s in samples if s.fold == TEST_FOLD]).pooled


def retrieval_rows(
    workbench: Workbench, samples: dict[str, list[Sample]], pooled: dict[str, np.ndarray], seed: int
) -> list[dict]:
    """Whole-picture search of fold 0 among the public cases of the index, as `benchmark similar` counts it."""
    rows = []
    for task in workbench.tasks.values():
        public = np.array([c.origin == "public" for c in task.cases])
        known = [c for c in task.cases if c.origin == "public"]
        tests = [s for s in samples[task.name] if s.fold == TEST_FOLD]
        cases = _as_set(task, task.vectors[public], [c.labels for c in known], [c.group or c.id for c in known])
        queries = _as_set(
            task,
            workbench.projection(pooled[task.name]),
            [catalogue.labels(task.name, s) for s in tests],
            [s.group or s.id for s in tests],
        )
        found, chance = retrieval.measure(queries, cases), retrieval.by_chance(queries, cases, seed)
        row: dict = {"search in": task.name}
        for name, scores in (("", found), (", chance", chance)):
            row[f"mAP@5{name}"] = _percent(scores.precision.mean())
            row[f"vote of 5{name}"] = _percent(scores.vote.mean())
            row[f"accuracy@1{name}"] = _percent(scores.first.mean())
        rows.append(row)
    return rows


def _as_set(task: Task, vectors: np.ndarray, labels: list[tuple[str, ...]], groups: list[str]) -> retrieval.Set:
    """Vectors with their classes and groups, without patches."""
    members = np.array([[c in own for c in task.head.classes] for own in labels])
    return retrieval.Set(vectors, np.zeros((len(vectors), 0, 0), np.float32), members, np.array(groups))


def _percent(share: float) -> float:
    return round(100 * float(share), 1)


def _rounded(value: float) -> float:
    return round(float(value), 1)

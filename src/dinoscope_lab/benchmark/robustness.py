"""Robustness: the shipped heads on worse pictures and on groups of patients - still right, still honest, warned?"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from functools import partial

import numpy as np
from sklearn.metrics import roc_auc_score

from dinoscope import settings
from dinoscope.fitting.features import Labelled, read_public
from dinoscope.fitting.statistics import balanced_accuracy, calibration_error, grouped_bootstrap
from dinoscope.reading import images, scope
from dinoscope.tasks import Task
from dinoscope.workbench import Workbench

from .. import evidence
from .corruptions import CORRUPTIONS, STRENGTHS
from .study import Study

EACH = 120
"""Test pictures a task that are corrupted, drawn by the seed."""
FEWEST = 20
"""Pictures that a group of patients needs to be reported."""
AGES = ((0, 40), (40, 60), (60, 120))
"""Years: from the first on, below the second."""
Metric = Callable[[np.ndarray, np.ndarray], float]
"""(truth [N, C] bool, probabilities [N, C]) -> score."""
MIDDLE = 3
"""Strength that the headline speaks of."""


def run(arguments: argparse.Namespace) -> None:
    """Measure and write robustness.json."""
    study = Study.of(arguments)
    workbench = Workbench.load(settings.load())
    splits = arguments.images / "splits"
    rows, groups = [], []
    exclusive = [t for t in workbench.tasks.values() if t.head.exclusive]
    for task in exclusive[:1] if study.quick else exclusive:
        rows += study.part(f"{task.name}-corrupted", partial(corrupted, study, workbench, task), _version(task))
    for task in [] if study.quick else workbench.tasks.values():
        public = read_public(study.encoder, arguments.images / task.name, splits, lambda _: None, cache=study.cache)
        groups += subgroups(task, public.at(public.folds == 0))
    rows += means(rows)
    average = [r for r in rows if r["set"] == "mean"]
    summary = evidence.wide(average, "corruption", lambda r: f"strength {r['strength']}", "balanced accuracy")
    mean = {r["corruption"]: r for r in rows if r["set"] == "mean" and r["strength"] == MIDDLE}
    clean = next(r for r in rows if r["set"] == "mean" and r["strength"] == 0)["balanced accuracy"]
    kept = np.mean([r["balanced accuracy"] for r in mean.values()])
    headline = {
        "label": f"Mean balanced accuracy under seven corruptions at strength {MIDDLE} of 5; {clean} on clean pictures",
        "value": round(float(kept), 1),
        "low": None,
        "high": None,
        "unit": "%",
    }
    notes = [
        f"Up to {EACH} pictures of fold 0 a task, corrupted before they are read; strength 0 is the picture as it is. "
        "Balanced accuracy and pictures called unfamiliar in percent.",
        f"Groups: every picture of fold 0 whose age or sex is known, in groups of at least {FEWEST}; of findings the "
        "mean ROC-AUC. Intervals from 1,000 draws of whole patients or lesions; groups differ in disease, too, so a "
        "difference need not be the head's.",
    ]
    study.write(headline, [*summary, *rows, *groups], notes)


def corrupted(study: Study, workbench: Workbench, task: Task) -> list[dict]:
    """A row for each corruption and strength, and the clean pictures as strength 0 of each."""
    pool = study.pool(task.name)
    tests = [s for s, yes in zip(pool.samples, pool.test, strict=True) if yes]
    chosen = np.random.default_rng(study.seed).permutation(len(tests))[: 8 if study.quick else EACH]
    pictures = [images.read(tests[i].path).picture.convert("RGB") for i in chosen]
    truth = np.array([task.head.classes.index(tests[i].label) for i in chosen])

    def read(name: str, strength: int) -> dict:
        if strength == 0:
            shown = pictures
        else:
            rng = np.random.default_rng([study.seed, strength, *name.encode()])
            shown = [CORRUPTIONS[name](p, strength, rng) for p in pictures]
        pooled = workbench.encoder(shown).pooled
        probabilities = task.head.probabilities(pooled)
        seen, known = map(workbench.projection.for_scope, (workbench.projection(pooled), task.training))
        far = scope.distances(seen, known)
        return {
            "set": task.name,
            "corruption": name,
            "strength": strength,
            "balanced accuracy": round(100 * balanced_accuracy(truth, probabilities.argmax(1)), 1),
            "calibration error": round(calibration_error(probabilities, truth), 3),
            "called unfamiliar": round(100 * float((~scope.familiar(far, task.reference)).mean()), 1),
        }

    clean = read("none", 0)
    rows = []
    for name in CORRUPTIONS:
        rows += [clean | {"corruption": name}] + [read(name, s) for s in STRENGTHS]
        print(f"{task.name}: {name}, {rows[-1]['balanced accuracy']} at strength 5", flush=True)
    return rows


def means(rows: list[dict]) -> list[dict]:
    """The mean over the tasks at each corruption and strength."""
    found: dict[tuple[str, int], list[dict]] = {}
    for row in rows:
        found.setdefault((row["corruption"], row["strength"]), []).append(row)
    digits = {"balanced accuracy": 1, "calibration error": 3, "called unfamiliar": 1}
    return [
        {"set": "mean", "corruption": c, "strength": s}
        | {k: round(float(np.mean([r[k] for r in mine])), n) for k, n in digits.items()}
        for (c, s), mine in found.items()
    ]


def subgroups(task: Task, test: Labelled) -> list[dict]:
    """A row for each sex and age band with enough test pictures; none where neither is known."""
    truth = test.membership(task.head.classes)
    if not len(truth):
        return []
    probabilities = task.head.probabilities(test.pooled)
    groups = np.array([c.group or c.id for c in test.cases])
    metric = _recall if task.head.exclusive else _areas
    rows = []
    for name, member in _groups(test).items():
        at = np.flatnonzero(member)
        if len(at) < FEWEST or member.all():
            continue
        mine, theirs = truth[at], probabilities[at]
        found = grouped_bootstrap(partial(_over, metric, mine, theirs), groups[at])
        rows.append(
            {
                "groups of": task.name,
                "group": name,
                "pictures": len(at),
                "measure": "balanced accuracy" if task.head.exclusive else "mean ROC-AUC",
                "value": round(100 * found.value, 1),
                "low": round(100 * found.low, 1),
                "high": round(100 * found.high, 1),
            }
        )
    return rows


def _groups(test: Labelled) -> dict[str, np.ndarray]:
    """Group -> [N] bool."""
    sex = np.array([str(c.metadata.get("sex", "")).lower()[:1] for c in test.cases])
    age = np.array([_years(c.metadata.get("age")) for c in test.cases])
    groups = {"female": sex == "f", "male": sex == "m"}
    for low, high in AGES:
        name = f"{low} to {high - 1} years" if high < AGES[-1][1] else f"{low} years and over"
        groups[name if low else f"under {high} years"] = (age >= low) & (age < high)
    return groups


def _years(text: object) -> float:
    try:
        return float(str(text))
    except ValueError:
        return float("nan")


def _over(metric: Metric, truth: np.ndarray, probabilities: np.ndarray, drawn: np.ndarray) -> float:
    return metric(truth[drawn], probabilities[drawn])


def _recall(truth: np.ndarray, probabilities: np.ndarray) -> float:
    return balanced_accuracy(truth.argmax(1), probabilities.argmax(1))


def _areas(truth: np.ndarray, probabilities: np.ndarray) -> float:
    columns = [k for k in range(truth.shape[1]) if 0 < truth[:, k].sum() < len(truth)]
    return float(np.mean([roc_auc_score(truth[:, k], probabilities[:, k]) for k in columns])) if columns else np.nan


def _version(task: Task) -> str:
    """Changes when the head is fitted again."""
    return hashlib.sha256(task.head.weight.tobytes() + task.reference.tobytes()).hexdigest()

"""Robustness: the shipped heads on worse pictures and on groups of patients - still right, still honest, warned?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from dinoscope.evidence import BARS, CURVES, MEAN, TABLE, Column, Table
from dinoscope.fitting.features import Labelled, read_public
from dinoscope.fitting.statistics import balanced_accuracy, calibration_error, grouped_bootstrap
from dinoscope.reading import images, scope
from dinoscope.tasks import Task

from ..evidence import count, number, percent
from . import paired
from .corruptions import CORRUPTIONS, STRENGTHS
from .paired import GROUPS, GUESS, TRUTH, multiplicity, shown, told
from .pool import Pool
from .study import Report, Study, headline

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


def measure(study: Study) -> Report:
    """The report of robustness.json."""
    rows, groups = [], []
    exclusive = [t for t in study.workbench.tasks.values() if t.head.exclusive]
    for task in exclusive[:1] if study.quick else exclusive:
        pool = study.pool(task.name)
        rows += study.part(f"{task.name}, corrupted", partial(corrupted, study, pool, task), _version(task), pool)
    for task in [] if study.quick else study.workbench.tasks.values():
        part = partial(subgroups, study, task)
        groups += study.part(f"{task.name}, groups of patients", part, _version(task))
    lost = [losses(rows, name, strength) for name in CORRUPTIONS for strength in STRENGTHS]
    rows = [*means(rows), *shown(rows)]
    middle = [r["value"] for r in rows if r["set"] == MEAN and r["strength"] == MIDDLE]
    clean = next(r for r in rows if r["set"] == MEAN and r["strength"] == 0)["value"]
    kinds = len(CORRUPTIONS)
    label = f"Mean balanced accuracy under {kinds} corruptions at strength {MIDDLE} of 5; {clean} on clean pictures"
    figure = headline(label, round(float(np.mean(middle)), 1), "%")
    return Report(figure, tables(rows, groups, lost), [multiplicity(len(lost)), *NOTES])


NOTES = [
    f"Up to {EACH} pictures of fold 0 a task, corrupted before they are read; strength 0 is the picture as it is. "
    "Balanced accuracy and pictures called unfamiliar in percent.",
    f"Groups: every picture of fold 0 whose age or sex is known, in groups of at least {FEWEST} with every class in "
    "them; of findings the mean ROC-AUC. Intervals from 1,000 draws of whole patients or lesions; groups differ in "
    "disease, too, so a difference need not be the head's.",
]
FINDINGS = "mean ROC-AUC"


def tables(rows: list[dict], groups: list[dict], lost: list[dict]) -> list[Table]:
    """Accuracy and warnings over the strength of each corruption, what is lost, and groups of patients."""
    drawn: dict[str, Any] = {"of": "set", "x": "strength", "by": ("corruption",)}
    place = (Column("set"), Column("corruption"), count("strength"))
    right = (*place, percent("value", "balanced accuracy", interval=False), number("error", "calibration error"))
    warned = (*place, percent("unfamiliar", "called unfamiliar", interval=False))
    gone = (Column("corruption"), count("strength"), paired.ahead("balanced accuracy lost", "%", 1))

    def of(columns: tuple[Column, ...]) -> list[dict]:
        return [{c.name: r[c.name] for c in columns} for r in rows]

    found = [
        Table("accuracy", "Balanced accuracy on worse pictures", CURVES, right, of(right), y="value", **drawn),
        Table("unfamiliar", "Worse pictures called unfamiliar", CURVES, warned, of(warned), y="unfamiliar", **drawn),
        Table("lost", "What is lost against the clean pictures, mean of the tasks", TABLE, gone, lost),
    ]
    for name, measure in (("groups", "balanced accuracy"), ("groups, findings", FINDINGS)):
        columns = (Column("task"), Column("group"), count("pictures"), percent("value", measure))
        mine = [{k: v for k, v in r.items() if k != "measure"} for r in groups if r["measure"] == measure]
        title = f"{measure[:1].upper()}{measure[1:]} in percent by group of patients"
        found.append(Table(name, title, BARS, columns, mine, "task", y="value", by=("group",)))
    return found


def losses(rows: list[dict], name: str, strength: int) -> dict:
    """What a corruption takes from balanced accuracy, mean of the tasks, on the same pictures and draws."""
    mine = {r["set"]: r for r in rows if (r["corruption"], r["strength"]) == (name, strength)}
    clean = {r["set"]: r for r in rows if (r["corruption"], r["strength"]) == (name, 0)}
    truths = [np.array(r[TRUTH]) for r in mine.values()]
    groups = [np.array(r[GROUPS]) for r in mine.values()]
    before, after = ([[r[s][GUESS]] for s in mine] for r in (clean, mine))
    return {"corruption": name, "strength": strength} | paired.accuracies(truths, groups, before, after)


def corrupted(study: Study, pool: Pool, task: Task) -> Iterator[dict]:
    """A row for each corruption and strength, and the clean pictures as strength 0 of each."""
    workbench = study.workbench
    tests = [s for s, yes in zip(pool.samples, pool.test, strict=True) if yes]
    chosen = np.random.default_rng(study.seed).permutation(len(tests))[: 8 if study.quick else EACH]
    pictures = [images.read(tests[i].path).picture.convert("RGB") for i in chosen]
    truth = np.array([task.head.classes.index(tests[i].label) for i in chosen])
    groups = np.array([tests[i].group or tests[i].id for i in chosen])

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
            "value": round(100 * balanced_accuracy(truth, probabilities.argmax(1)), 1),
            "error": round(calibration_error(probabilities, truth), 3),
            "unfamiliar": round(100 * float((~scope.familiar(far, task.reference)).mean()), 1),
            **told(truth, probabilities.argmax(1), groups),
        }

    clean = read("none", 0)
    for name in CORRUPTIONS:
        yield clean | {"corruption": name}
        yield from (read(name, s) for s in STRENGTHS)


def means(rows: list[dict]) -> list[dict]:
    """The mean over the tasks at each corruption and strength."""
    found: dict[tuple[str, int], list[dict]] = {}
    for row in rows:
        found.setdefault((row["corruption"], row["strength"]), []).append(row)
    digits = {"value": 1, "error": 3, "unfamiliar": 1}
    return [
        {"set": MEAN, "corruption": c, "strength": s}
        | {k: round(float(np.mean([r[k] for r in mine])), n) for k, n in digits.items()}
        for (c, s), mine in found.items()
    ]


def subgroups(study: Study, task: Task) -> list[dict]:
    """A row for each sex and age band with enough test pictures; none where neither is known."""
    public = read_public(study.encoder, study.images / task.name, study.splits, lambda _: None, cache=study.cache)
    return by_group(task, public.at(public.folds == 0))


def by_group(task: Task, test: Labelled) -> list[dict]:
    """The same for test pictures that have been read."""
    truth = test.membership(task.head.classes)
    if not len(truth):
        return []
    probabilities = task.head.probabilities(test.pooled)
    groups = np.array([c.group or c.id for c in test.cases])
    metric = _recall if task.head.exclusive else _areas
    rows = []
    for name, member in _groups(test).items():
        at = np.flatnonzero(member)
        missing = task.head.exclusive and (truth.any(0) & ~truth[at].any(0)).any()
        if len(at) < FEWEST or member.all() or missing:  # a mean of other classes would answer another question
            continue
        mine, theirs = truth[at], probabilities[at]
        found = grouped_bootstrap(partial(_over, metric, mine, theirs), groups[at])
        rows.append(
            {
                "task": task.name,
                "group": name,
                "pictures": len(at),
                "measure": "balanced accuracy" if task.head.exclusive else FINDINGS,
                "value": round(100 * found.value, 1),
                "value_low": round(100 * found.low, 1),
                "value_high": round(100 * found.high, 1),
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

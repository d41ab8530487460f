"""Phantoms: how near the drawn cases come to real ones, to the encoder, to the heads and to an explanation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image

from dinoscope.evidence import BARS, TABLE, Column, Table
from dinoscope.explain.localisation import Localisation, centred_blob, locate
from dinoscope.explain.session import ExplainRequest
from dinoscope.fitting.datasets import TEST_FOLD, VALIDATION_FOLD
from dinoscope.fitting.features import Labelled, read_phantoms, read_public
from dinoscope.fitting.logistic import fit_head
from dinoscope.fitting.statistics import balanced_accuracy, grouped_bootstrap
from dinoscope.reading import images, scope
from dinoscope.reading.heads import Head
from dinoscope.tasks import Task
from dinoscope.workbench import Workbench
from dinoscope_phantoms import ROOMS

from ..evidence import count, number, percent
from .retrieval import mean_with_interval
from .study import Report, Study, headline

LIMIT = 95.0
"""A class passes when the median phantom lies nearer to real cases than this percentile of real ones."""
LESIONS = 8
"""Phantoms a class whose explanations are measured."""


def measure(study: Study) -> Report:
    """The report of phantoms.json."""
    first = {room: task for task, room in reversed(ROOMS.items())}  # two tasks share the fundus
    names = [t for t in study.workbench.tasks if t in first.values()]
    classes, kinds, maps = [], [], []
    for name in names[:1] if study.quick else names:
        rows = study.part(name, partial(_of_task, study, study.workbench.tasks[name]))
        classes += [r for r in rows if "class" in r]
        kinds += [r for r in rows if "nearness" in r and "class" not in r]
        maps += [r for r in rows if "method" in r]
    near = sum(k["nearness"] <= LIMIT for k in kinds)
    label = (
        f"Modalities of {len(kinds)} whose median phantom is as near to real cases as real cases are "
        f"({LIMIT:g}th percentile)"
    )
    return Report(headline(label, near), tables(kinds, classes, maps), NOTES)


NOTES = [
    "Percentile: of the mean distance of a phantom to its 5 nearest real training cases, among the same "
    "distances of real held-out pictures (fold 1); in the space of case search, and in the plain features.",
    "Real to drawn: a head fitted on real pictures alone, on all phantoms. Drawn to real: a head fitted on "
    "phantoms alone, on real fold 0. Balanced accuracy in percent, intervals from 1,000 draws of whole groups.",
    f"ViT-CX of the drawn class on up to {LESIONS} phantoms a class that have a lesion: share of maps whose "
    "highest pixel is in the lesion, and mean intersection over union at the lesion's own area.",
]


def tables(kinds: list[dict], classes: list[dict], maps: list[dict]) -> list[Table]:
    """Each modality, each class, and what explanations make of drawn lesions."""
    nearness = number("nearness", "percentile of the median phantom", digits=1)
    heads = (
        Column("task"),
        nearness,
        percent("drawn", "real to drawn"),
        percent("real", "drawn to real"),
        percent("own", "real to real"),
        percent("chance", "by guessing", interval=False),
    )
    each: tuple[Column, ...] = (Column("task"), Column("class"), count("phantoms"), nearness)
    each += (number("plain", "the same, plain features", digits=1),)
    found = (
        Column("task"),
        Column("method"),
        count("phantoms"),
        percent("hit", "highest pixel in the lesion"),
        number("overlap", "IoU", interval=True),
    )
    title = "How the map of each method lies on drawn lesions: intersection over union"
    return [
        Table("heads", "How near drawn cases are, and heads of one world in the other", TABLE, heads, kinds, "task"),
        Table("lesions", title, BARS, found, maps, "task", y="overlap", by=("method",), ours="ViT-CX"),
        Table("nearness", "How near the drawn cases of each class are", TABLE, each, classes, "task"),
    ]


def _of_task(study: Study, task: Task) -> list[dict]:
    """A row a class, one of the heads, one a method of explanation."""
    room = study.images / task.name
    real = read_public(study.encoder, room, study.splits, lambda _: None, cache=study.cache)
    drawn = read_phantoms(study.encoder, task.folder)
    rows, median = nearness(study.workbench, task, real, drawn)
    return [*rows, heads(task, real, drawn) | {"nearness": median}, *located(study, task)]


def nearness(workbench: Workbench, task: Task, real: Labelled, drawn: Labelled) -> tuple[list[dict], float]:
    """Where phantoms lie among real held-out pictures, by distance to real training cases: a row a class, overall."""
    known, held = real.at(real.folds > VALIDATION_FOLD), real.at(real.folds == VALIDATION_FOLD)
    rows: list[dict] = [
        {"task": task.name, "class": c, "phantoms": int((drawn.labels == c).sum())} for c in task.head.classes
    ]
    overall = []
    spaces: dict[str, Callable[[np.ndarray], np.ndarray]] = {"nearness": workbench.projection, "plain": scope.unit}
    for name, space in spaces.items():
        reference = np.sort(scope.distances(space(held.pooled), space(known.pooled)))
        far = scope.distances(space(drawn.pooled), space(known.pooled))
        percentiles = 100 * np.searchsorted(reference, far, side="right") / len(reference)
        overall.append(round(float(np.median(percentiles)), 1))
        for row in rows:
            mine = percentiles[drawn.labels == row["class"]]
            row[name] = round(float(np.median(mine)), 1)
    return rows, overall[0]


def heads(task: Task, real: Labelled, drawn: Labelled) -> dict:
    """Balanced accuracy of a head from one world in the other."""
    known, held = real.at(real.folds > VALIDATION_FOLD), real.at(real.folds == VALIDATION_FOLD)
    test = real.at(real.folds == TEST_FOLD)
    from_real = fit_head(known, held, task.head.fingerprint).head
    from_drawn = fit_head(
        drawn.at(drawn.folds > VALIDATION_FOLD), drawn.at(drawn.folds == VALIDATION_FOLD), task.head.fingerprint
    ).head

    def accuracy(name: str, head: Head, asked: Labelled) -> dict:
        guess = np.array(head.classes)[head.probabilities(asked.pooled).argmax(1)]
        groups = [c.group or c.id for c in asked.cases]
        found = grouped_bootstrap(lambda i: 100 * balanced_accuracy(asked.labels[i], guess[i]), groups)
        figures = {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
        return {k: round(v, 1) for k, v in figures.items()}

    return {
        "task": task.name,
        **accuracy("drawn", from_real, drawn),
        **accuracy("real", from_drawn, test),
        **accuracy("own", from_real, test),
        "chance": round(100 / len(task.head.classes), 1),
    }


def located(study: Study, task: Task) -> list[dict]:
    """Does ViT-CX point at the drawn lesion, more than a blob in the middle and a random map do?"""
    found: dict[str, list[Localisation]] = {"ViT-CX": [], "centred blob": [], "random map": []}
    drawn: dict[str, int] = {}
    for case in task.cases:
        if not case.mask or drawn.get(case.labels[0], 0) >= (1 if study.quick else LESIONS):
            continue
        drawn[case.labels[0]] = drawn.get(case.labels[0], 0) + 1
        decoded = images.read(task.folder / case.image)
        lesion = np.asarray(Image.open(task.folder / case.mask)) > 0
        for name, method in (("ViT-CX", "vitcx"), ("random map", "random")):
            request = ExplainRequest(target=case.labels[0], method=method, seed=study.seed)
            session = study.workbench.ask(decoded, task.name, request)
            found[name].append(locate(session.explain().saliency, lesion))
        found["centred blob"].append(locate(centred_blob(lesion.shape), lesion))
    rows = []
    for name, results in found.items() if found["ViT-CX"] else ():
        row: dict = {"task": task.name, "method": name, "phantoms": len(results)}
        for figure, values, factor, digits in (
            ("hit", [r.hit for r in results], 100, 1),
            ("overlap", [r.overlap for r in results], 1, 3),
        ):
            interval = mean_with_interval(np.array(values, float), np.arange(len(values)))
            row |= {figure: interval.value, f"{figure}_low": interval.low, f"{figure}_high": interval.high}
            row |= {k: round(factor * row[k], digits) for k in row if k.startswith(figure)}
        rows.append(row)
    return rows

"""Phantoms: how near the drawn cases come to real ones, to the encoder, to the heads and to an explanation."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from PIL import Image

from dinoscope import settings
from dinoscope.explain.localisation import Localisation, centred_blob, locate
from dinoscope.explain.session import ExplainRequest
from dinoscope.fitting.datasets import TEST_FOLD, VALIDATION_FOLD
from dinoscope.fitting.features import Labelled, read_phantoms, read_public
from dinoscope.fitting.logistic import fit_head
from dinoscope.fitting.statistics import balanced_accuracy
from dinoscope.reading import images, scope
from dinoscope.settings import ROOT
from dinoscope.tasks import Task
from dinoscope.workbench import Workbench
from dinoscope_phantoms import ROOMS

from .. import evidence, readme

LIMIT = 95.0
"""A class passes when the median phantom lies nearer to real cases than this percentile of real ones."""
LESIONS = 8
"""Phantoms a class whose explanations are measured."""


def run(arguments: argparse.Namespace) -> None:
    """Measure and write phantoms.json."""
    began = time.monotonic()
    chosen = settings.load()
    workbench = Workbench.load(chosen)
    splits = arguments.images / "splits"
    first = {room: task for task, room in reversed(ROOMS.items())}  # two tasks share the fundus
    classes, kinds, maps = [], [], []
    for name in (t for t in workbench.tasks if t in first.values()):
        task = workbench.tasks[name]
        real = read_public(workbench.encoder, arguments.images / name, splits, lambda _: None, cache=chosen.cache)
        drawn = read_phantoms(workbench.encoder, task.folder)
        rows, median = nearness(workbench, task, real, drawn)
        classes += rows
        kinds.append(heads(task, real, drawn) | {"percentile of the median phantom": median})
        maps.append(located(workbench, task, arguments.seed))
        print(kinds[-1], maps[-1], flush=True)
    near = sum(k["percentile of the median phantom"] <= LIMIT for k in kinds)
    evidence.write(
        chosen.assets / "evidence" / "phantoms.json",
        {
            "label": f"Modalities of {len(kinds)} whose median phantom is as near to real cases as real cases are "
            f"({LIMIT:g}th percentile)",
            "value": near,
            "low": None,
            "high": None,
            "unit": "",
        },
        f"dinoscope benchmark phantoms --images {arguments.images} --seed {arguments.seed}",
        arguments.seed,
        workbench.encoder.fingerprint,
        time.monotonic() - began,
        [*classes, *kinds, *maps],
        [
            "Percentile: of the mean distance of a phantom to its 5 nearest real training cases, among the same "
            "distances of real held-out pictures (fold 1); in the space of case search, and in the plain features.",
            "Real to drawn: a head fitted on real pictures alone, on all phantoms. Drawn to real: a head fitted on "
            "phantoms alone, on real fold 0. Balanced accuracy in percent.",
            f"ViT-CX of the drawn class on up to {LESIONS} phantoms a class that have a lesion: share of maps whose "
            "highest pixel is in the lesion, and mean intersection over union at the lesion's own area.",
        ],
    )
    if chosen.assets == ROOT / "model_assets":
        readme.renew()


def nearness(workbench: Workbench, task: Task, real: Labelled, drawn: Labelled) -> tuple[list[dict], float]:
    """Where phantoms lie among real held-out pictures, by distance to real training cases: a row a class, overall."""
    known, held = real.at(real.folds > VALIDATION_FOLD), real.at(real.folds == VALIDATION_FOLD)
    rows: list[dict] = [
        {"task": task.name, "class": c, "phantoms": int((drawn.labels == c).sum())} for c in task.head.classes
    ]
    overall = []
    spaces: dict[str, Callable[[np.ndarray], np.ndarray]] = {"": workbench.projection, ", plain features": scope.unit}
    for name, space in spaces.items():
        reference = np.sort(scope.distances(space(held.pooled), space(known.pooled)))
        far = scope.distances(space(drawn.pooled), space(known.pooled))
        percentiles = 100 * np.searchsorted(reference, far, side="right") / len(reference)
        overall.append(round(float(np.median(percentiles)), 1))
        for row in rows:
            mine = percentiles[drawn.labels == row["class"]]
            row[f"percentile of the median phantom{name}"] = round(float(np.median(mine)), 1)
    return rows, overall[0]


def heads(task: Task, real: Labelled, drawn: Labelled) -> dict:
    """Balanced accuracy of a head from one world in the other."""
    known, held = real.at(real.folds > VALIDATION_FOLD), real.at(real.folds == VALIDATION_FOLD)
    test = real.at(real.folds == TEST_FOLD)
    from_real = fit_head(known, held, task.head.fingerprint).head
    from_drawn = fit_head(
        drawn.at(drawn.folds > VALIDATION_FOLD), drawn.at(drawn.folds == VALIDATION_FOLD), task.head.fingerprint
    ).head

    def accuracy(head, asked: Labelled) -> float:
        guess = np.array(head.classes)[head.probabilities(asked.pooled).argmax(1)]
        return round(100 * balanced_accuracy(asked.labels, guess), 1)

    return {
        "heads of": task.name,
        "real to drawn": accuracy(from_real, drawn),
        "drawn to real": accuracy(from_drawn, test),
        "real to real": accuracy(from_real, test),
        "chance": round(100 / len(task.head.classes), 1),
    }


def located(workbench: Workbench, task: Task, seed: int) -> dict:
    """Does ViT-CX point at the drawn lesion, more than a blob in the middle and a random map do?"""
    found: dict[str, list[Localisation]] = {"ViT-CX": [], "centred blob": [], "random map": []}
    count: dict[str, int] = {}
    for case in task.cases:
        if not case.mask or count.get(case.labels[0], 0) >= LESIONS:
            continue
        count[case.labels[0]] = count.get(case.labels[0], 0) + 1
        decoded = images.read(task.folder / case.image)
        lesion = np.asarray(Image.open(task.folder / case.mask)) > 0
        for name, method in (("ViT-CX", "vitcx"), ("random map", "random")):
            session = workbench.ask(decoded, task.name, ExplainRequest(target=case.labels[0], method=method, seed=seed))
            found[name].append(locate(session.explain().saliency, lesion))
        found["centred blob"].append(locate(centred_blob(lesion.shape), lesion))
    row: dict = {"lesions of": task.name, "phantoms": len(found["ViT-CX"])}
    for name, results in found.items():
        row[f"hit, {name}"] = round(100 * float(np.mean([r.hit for r in results])), 1)
        row[f"IoU, {name}"] = round(float(np.mean([r.overlap for r in results])), 3)
    return row

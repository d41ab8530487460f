"""Phantoms: do drawn cases of fresh seeds pass for real ones: to heads of real pictures, to neighbours, to maps?"""

from __future__ import annotations

from functools import partial

import numpy as np

from dinoscope.evidence import TABLE, Column, Table
from dinoscope.fitting.measure import on_held
from dinoscope.reading.frozen import Frozen
from dinoscope.tasks import Task

from .. import rivals
from ..drawn import fresh, likeness, maps, reals
from ..evidence import count, number, percent
from .pool import first
from .study import Report, Study, headline

EACH, MAPS = 24, 6
"""Drawn cases a class, and maps a class with a lesion."""
ELSEWHERE = 90
"""Percent of a class's probability that are left without the lesion where it is read from something else."""

NOTES = [
    f"{EACH} cases a class, drawn for this measurement alone. Heads, neighbours and distances are of folds 2 to 4, "
    "ranks and recall of fold 1; fold 0 is not read.",
    "Real read right: recall of the same head on real pictures of the class (of all: mean), which bounds what can be "
    "asked of drawn ones. Neighbours: share of the 5 nearest real training pictures that are of the drawn class. Rank: "
    "share of real held-out pictures that lie at least as far from training pictures as the drawn one; 0.5 is as usual "
    "as they. Told apart: area under the curve of a linear classifier, out of fold; 0.5 is not at all. Distance: "
    "squared maximum mean discrepancy of search vectors; 0 is alike.",
    f"Maps: of the drawn class on up to {MAPS} drawn cases a class that have a lesion, by the head of real pictures: "
    "share whose highest pixel is in the lesion, share whose highest patch holds any of it (a map of tokens cannot "
    "point finer, and signs such as a cup or a haemorrhage are smaller), and mean intersection over union at its own "
    "area. Probability left: the median share of the class's probability when the lesion's patches are not read. "
    "Where it is nearly whole, the class is read from the rest of the picture - on CT from body, level and window, of "
    "a pituitary tumour from the plane, which go with the class in the real sets, too - and no map of the class can "
    "point into the lesion.",
    "Numbers of acquisition were fitted to please the very head and distances that judge here (other seeds, the same "
    f"judge); {rivals.IMAGENET} reads them with a head of its own, of the same real pictures.",
    "A drawn case stays in training only where fold 1 is read no worse for it.",
]


def measure(study: Study) -> Report:
    """The report of phantoms.json."""
    names = [t for t in reals.asked(None) if t in study.workbench.tasks]
    rows = []
    for name in names[:1] if study.quick else names:
        rows += study.part(name, partial(_of_task, study, study.workbench.tasks[name]))
    overall = _all([r for r in rows if "read" in r])
    label = f"Fresh drawn cases that heads of real pictures alone read as drawn, mean of {len(overall)}"
    value = round(100 * float(np.mean([r["read"] for r in overall])), 1)
    judged = [r["other"] for r in overall if "other" in r]
    told = f"By {rivals.IMAGENET}, which had no say in any drawing: {100 * np.mean(judged):.1f} %." if judged else ""
    return Report(headline(label, value, "%"), tables(rows), [*([told] if told else []), *_pointing(rows), *NOTES])


def _pointing(rows: list[dict]) -> list[str]:
    """How often maps point to drawn lesions, over the tasks, and where they cannot."""
    of_map = [r for r in rows if r.get("method") == maps.MAP]
    whole = _all(of_map)
    if not whole:
        return []
    hit, patch = (100 * np.mean([r[c] for r in whole]) for c in ("hit", "patch"))
    elsewhere = [r for r in of_map if r["class"] != likeness.OVERALL and r["left"] >= ELSEWHERE]
    said = f"The map of the drawn class has its highest pixel in the drawn lesion in {hit:.0f} %, its highest patch "
    said += f"touches it in {patch:.0f} %, mean of {len(whole)}"
    if elsewhere:
        hits = np.mean([r["hit"] for r in elsewhere])
        classes = "1 class" if len(elsewhere) == 1 else f"{len(elsewhere)} classes"
        said += f"; in {classes} of which {ELSEWHERE} % and more is left without it, the highest pixel is in it in "
        said += f"{100 * hits:.0f} %"
    return [f"{said}."]


def tables(rows: list[dict]) -> list[Table]:
    """Each class, what maps make of drawn lesions, and heads with and without drawn cases in training."""
    columns = (
        Column("task"),
        Column("class"),
        count("drawn"),
        number("recall", "real read right", digits=2),
        number("read", "read as drawn", digits=2, interval=True),
        number("other_recall", f"by {rivals.IMAGENET}: real read right", digits=2),
        number("other", "read as drawn", digits=2, interval=True),
        number("near", "neighbours of the class", digits=2, interval=True),
        number("rank", "rank among real ones", digits=2, interval=True),
        number("apart", "told apart, AUC", digits=2, interval=True),
        number("distance", "distance", digits=3, interval=True),
    )
    found = (
        Column("task"),
        Column("class"),
        Column("method"),
        count("drawn"),
        number("hit", "highest pixel in the lesion", digits=2, interval=True),
        number("patch", "highest patch touches it", digits=2, interval=True),
        number("overlap", "IoU", digits=2),
        percent("left", "probability left without the lesion", interval=False),
    )
    heads = (
        Column("task"),
        percent("alone", "real pictures alone", interval=False),
        percent("shipped", "as shipped", interval=False),
        number("weight", "weight of a drawn case in training", digits=2),
    )
    of_classes = [r for r in rows if "read" in r]
    located = [r for r in rows if "method" in r]
    of_class = [r for r in located if r["class"] != likeness.OVERALL]
    return [
        Table("overall", "Drawn cases among real ones", TABLE, columns, _all(of_classes), "task"),
        Table("lesions", "Maps on drawn lesions", TABLE, found, _all(located), "task"),
        Table("signs", "Maps on drawn lesions, class by class", TABLE, found, of_class, "task"),
        Table("heads", "Balanced accuracy on real fold 1", TABLE, heads, [r for r in rows if "alone" in r], "task"),
        Table("classes", "Drawn cases among real ones, class by class", TABLE, columns, of_classes, "task"),
    ]


def _all(rows: list[dict]) -> list[dict]:
    return [r for r in rows if r["class"] == likeness.OVERALL]


def _of_task(study: Study, task: Task) -> list[dict]:
    """A row a class, two of maps, one of heads."""
    encoder, projection = study.encoder, study.workbench.projection
    each, most = (4, 1) if study.quick else (EACH, MAPS)

    def read(reader: Frozen) -> reals.Reals:
        if study.quick:
            return reals.read(reader, projection, study.images, task.name, study.kept, first)
        return reals.read(reader, projection, study.images, task.name, study.cache)

    real = read(encoder)
    drawn = fresh.read(encoder, task.name, each, fresh.FIRST_SEED + study.seed)
    heads = {
        "task": task.name,
        "alone": 100 * on_held(real.head, real.held),
        "shipped": 100 * on_held(task.head, real.held),
        "weight": task.facts.get("phantom_weight", 0.0),
    }
    located = maps.rows(encoder, real, drawn, most, study.seed)
    found = likeness.rows(real, drawn.labels, drawn.pooled)
    if network := rivals.installed().first:
        others = read(network)
        pooled = np.concatenate([network([p.picture]).pooled for p in drawn.phantoms])
        found = [r | likeness.read_by(others, drawn.labels, pooled, r["class"]) for r in found]
    return [*found, *located, heads]

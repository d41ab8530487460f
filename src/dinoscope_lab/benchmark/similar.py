"""Similar cases: are the nearest of the same class, is a region found where it is, and how fast?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dinoscope.evidence import BARS, MEAN, TABLE, Column, Table
from dinoscope.fitting import catalogue, datasets
from dinoscope.fitting import regions as fitting
from dinoscope.fitting.datasets import TEST_FOLD, VALIDATION_FOLD, Sample
from dinoscope.fitting.feature_cache import FeatureCache
from dinoscope.reading import images
from dinoscope.reading.encoder import Encoder

from ..evidence import count, number
from . import end_to_end, region_search, retrieval, search_latency
from .paired import AHEAD, GROUPS, GUESS, ahead, multiplicity, shown, values
from .region_search import Masked
from .retrieval import Set
from .study import Report, Study, headline

MASKED = ("ham10000", "ph2", "busi", "lgg_mri")
"""Data sets with a folder of lesion masks."""
QUICK = 60
"""Pictures a set where only a trial is wanted."""
PICTURES = 5
"""Of a task, searched for through the workbench."""
GROWN, GROWN_PICTURES = (1000, 5000, 20_000), 20
"""Cases that the smallest task is filled up to, and the searches of each kind at each of them."""
RERANKED = "patch re-ranking"


@dataclass(frozen=True)
class Read:
    """What the encoder sees in N pictures of a set: unit vectors [N, ...] of each kind, cells [N, 16, D]."""

    samples: list[Sample]
    kinds: dict[str, np.ndarray]
    cells: np.ndarray
    grid: tuple[int, int]


def measure(study: Study) -> Report:
    """The report of similar.json."""
    workbench = study.workbench
    sets = [t for t in workbench.tasks if (study.images / t).is_dir()][: 2 if study.quick else None]
    masked = [n for n in MASKED if (study.images / n).is_dir()][: 1 if study.quick else None]
    rows = [r for name in sets for r in study.part(name, partial(retrieved, study, name))]
    found = [r for name in masked for r in study.part(f"regions of {name}", partial(regions_of, study, name))]
    each = 1 if study.quick else PICTURES
    asked = {t: end_to_end.choose(study.images, t, each, study.seed) for t in sets}
    through = search_latency.through_workbench(workbench, asked)
    smallest = min(sets, key=workbench.index.count)
    grown = end_to_end.choose(study.images, smallest, each if study.quick else GROWN_PICTURES, study.seed)
    counts = GROWN[: 1 if study.quick else None]
    through += search_latency.growing(workbench, smallest, grown, counts, study.seed)
    means = {k: [float(np.mean([r[c] for r in rows if r["vector"] == k])) for c in HELD_AND_TEST] for k in KINDS}
    best = max(means, key=lambda kind: means[kind][0])
    differences = compared(rows, best)
    notes = [
        multiplicity(len(differences)),
        "Queries of fold 0 are searched among folds 1 to 4, at most one case a patient, lesion or near-duplicate "
        f"group. The kind of vector with the best mAP@5 of fold 1 among folds 2 to 4 is {best}.",
        "Region search: share of a found case's own lesion mask inside its matched region, five cases a query, for "
        "the box around the query's lesion and for a box of the same size elsewhere; on 4 x 4 cells as "
        "public cases have them, and on every patch as drawn ones have.",
        "Through the workbench, reading and encoding included: test pictures among the own "
        f"cases of all tasks, and of {smallest} alone, whose cases are filled up with made-up ones.",
    ]
    label = f"mAP@5 of similar cases on test pictures, mean of {len(sets)} tasks, by {best}"
    made = tables([*averaged(rows), *shown(rows)], differences, found, through)
    return Report(headline(label, round(means[best][1], 3)), made, notes)


HELD_AND_TEST = ("validation", "value")
KINDS = ("CLS", "mean patch", "CLS + mean", "CLS + mean + deviation", "projected", RERANKED)


def tables(rows: list[dict], differences: list[dict], found: list[dict], through: list[dict]) -> list[Table]:
    """Which vectors find the right cases, by how much the chosen one is ahead, lesions in regions, seconds."""
    retrieval_of = (
        Column("task"),
        Column("vector"),
        count("queries"),
        number("value", "mAP@5", interval=True),
        number("chance", "mAP@5, chance"),
        number("vote", "vote of 5", interval=True),
        number("vote_chance", "vote of 5, chance"),
        number("first", "accuracy@1", interval=True),
        number("first_chance", "accuracy@1, chance"),
        number("validation", "mAP@5 on fold 1"),
    )
    gains = (Column("task"), Column("vector"), ahead("the chosen vectors are ahead by", "mAP@5"))
    inside = (
        Column("set"),
        count("queries"),
        count("cases"),
        Column("method"),
        number("value", "share", interval=True),
    )
    seconds: tuple[Column, ...] = (Column("search"), count("tasks"), count("cases"), count("searches"))
    seconds += (number("median", unit="ms", digits=1), number("late", "95th percentile", "ms", 1))
    drawn: dict[str, Any] = {"of": "task", "by": ("vector",)}
    title = "mAP@5 of each kind of vector"
    return [
        Table("retrieval", title, BARS, retrieval_of, rows, y="value", chance="chance", ours="projected", **drawn),
        Table(
            "differences",
            "By how much mAP@5 of the chosen vectors is higher",
            BARS,
            gains,
            differences,
            y=AHEAD,
            **drawn,
        ),
        Table(
            "regions",
            "Share of a found case's lesion inside the region that matches the query's lesion, or a box elsewhere",
            BARS,
            inside,
            found,
            "set",
            y="value",
            by=("method",),
        ),
        Table("workbench", "A search with a picture, reading and encoding included", TABLE, seconds, through),
    ]


def averaged(rows: list[dict]) -> list[dict]:
    """The mean over the tasks, a row for each kind of vector."""
    figures = ("value", "chance", "vote", "vote_chance", "first", "first_chance", "validation")
    kinds = {k: [r for r in rows if r["vector"] == k] for k in KINDS}
    return [
        {"task": MEAN, "vector": kind, "queries": sum(r["queries"] for r in mine)}
        | {f: round(float(np.mean([r[f] for r in mine])), 3) for f in figures}
        for kind, mine in kinds.items()
        if mine
    ]


def compared(rows: list[dict], best: str) -> list[dict]:
    """By how much the chosen vectors' average precision is above each other kind's, on the same queries."""
    by = {(r["task"], r["vector"]): r for r in rows}
    return [
        {"task": task, "vector": kind} | values(by[task, best][GUESS], row[GUESS], row[GROUPS])
        for (task, kind), row in by.items()
        if kind != best
    ]


def retrieved(study: Study, name: str) -> Iterator[dict]:
    """A row for each kind of vector of one task."""
    seed, read = study.seed, read_set(study, name)
    folds = np.array([s.fold for s in read.samples])
    cells = fitting.fit(read.cells, folds > VALIDATION_FOLD, {}, read.grid).vectors(read.cells)
    groups = np.array([s.group or s.id for s in read.samples])
    classes = study.workbench.tasks[name].head.classes
    members = np.array([[c in catalogue.labels(name, s) for c in classes] for s in read.samples])

    def part(kind: str, chosen: np.ndarray) -> Set:
        return Set(read.kinds[kind][chosen], cells[chosen], members[chosen], groups[chosen])

    first = next(iter(read.kinds))
    chance = retrieval.by_chance(part(first, folds == TEST_FOLD), part(first, folds > TEST_FOLD), seed)
    for kind in KINDS:
        base = kind if kind in read.kinds else list(read.kinds)[-1]
        again = kind == RERANKED
        held = retrieval.measure(part(base, folds == VALIDATION_FOLD), part(base, folds > VALIDATION_FOLD), again)
        tested = retrieval.measure(part(base, folds == TEST_FOLD), part(base, folds > TEST_FOLD), again)
        yield _row(name, kind, tested, held, chance, groups[folds == TEST_FOLD])


def regions_of(study: Study, name: str) -> list[dict]:
    """How much of a lesion lies in the region that is found, on cells and on every patch."""
    masked = read_masked(study.encoder, study.images, name, QUICK if study.quick else None, study.seed)
    return region_search.measure(name, masked, 20 if study.quick else 150, study.seed)


def read_set(study: Study, name: str) -> Read:
    """Every picture of a task's data set; a quick run takes a few."""
    encoder, folder, splits = study.encoder, study.images / name, study.images / "splits"
    leaked = datasets.copies_of_tests(folder, splits)
    known = [s for s in datasets.read(folder, splits) if s.fold == TEST_FOLD or s.id not in leaked]
    samples = _some(known, QUICK if study.quick else None, study.seed)
    read = FeatureCache(encoder, study.cache).read([s.path for s in samples])
    assert read.cells is not None
    cls, mean, deviation = np.split(read.pooled[:, : 3 * encoder.dim], 3, axis=1)  # of the last block
    kinds = retrieval.kinds(cls, mean, deviation) | {"projected": study.workbench.projection(read.pooled)}
    return Read(samples, kinds, read.cells.astype(np.float32), (encoder.size // encoder.patch,) * 2)


def read_masked(encoder: Encoder, data: Path, name: str, most: int | None, seed: int) -> Masked:
    """The pictures of a set that have a lesion mask, or `most` of them."""
    masks = data / name / "masks"
    samples = [s for s in datasets.read(data / name, data / "splits") if (masks / f"{s.path.stem}.png").is_file()]
    kept, tokens, shapes, grid = [], [], [], (0, 0)
    for sample in _some(samples, most, seed):
        mask = np.asarray(Image.open(masks / f"{sample.path.stem}.png").convert("L")) > 127
        if not mask.any():
            continue
        features = encoder([images.read(sample.path).picture])
        grid = features.grid
        kept.append(sample)
        tokens.append(features.patches[0])
        shapes.append(mask)
    groups, folds = np.array([s.group for s in kept]), np.array([s.fold for s in kept])
    return Masked(np.stack(tokens), grid, shapes, groups, folds)


def _some(samples: list[Sample], most: int | None, seed: int) -> list[Sample]:
    if most is None or len(samples) <= most:
        return samples
    order = np.random.default_rng(seed).permutation(len(samples))[:most]
    return [samples[i] for i in sorted(order)]


def _row(
    task: str,
    kind: str,
    tested: retrieval.Scores,
    held: retrieval.Scores,
    chance: retrieval.Scores,
    groups: np.ndarray,
) -> dict:
    row: dict = {"task": task, "vector": kind, "queries": len(groups)}
    at_random = {"value": chance.precision, "vote": chance.vote, "first": chance.first}
    for name, interval in tested.intervals(groups).items():
        row |= {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
        row["chance" if name == "value" else f"{name}_chance"] = float(at_random[name].mean())
    row["validation"] = float(held.precision.mean())
    row = {k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}
    return row | {GUESS: np.round(tested.precision, 4).tolist(), GROUPS: groups.tolist()}

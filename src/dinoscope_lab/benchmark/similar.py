"""Similar cases: are the nearest of the same class, is a region found where it is, and how fast?"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from dinoscope import settings
from dinoscope.fitting import catalogue, datasets
from dinoscope.fitting import regions as fitting
from dinoscope.fitting.datasets import TEST_FOLD, VALIDATION_FOLD, Sample
from dinoscope.reading import images
from dinoscope.reading.encoder import Encoder
from dinoscope.similar import regions
from dinoscope.workbench import Workbench

from .. import evidence, readme
from . import end_to_end, region_search, retrieval, search_latency
from .region_search import Masked
from .retrieval import Set

MASKED = ("ham10000", "ph2", "busi", "lgg_mri")
"""Data sets with a folder of lesion masks."""
QUICK = 60
"""Pictures a set where only a trial is wanted."""
BATCH = 64
PICTURES = 5
"""Of a task, searched for through the workbench."""
GROWN, GROWN_PICTURES = (1000, 5000, 20_000), 20
"""Cases that the smallest task is filled up to, and the searches of each kind at each of them."""
TIMED = (
    *(("memory", count) for count in (1000, 5000, 10_000, 20_000)),
    *(("folder", count) for count in (1000, 10_000, 100_000)),
)
"""Where made-up cases are kept, and how many."""
RERANKED = "patch re-ranking"


@dataclass(frozen=True)
class Read:
    """What the encoder sees in N pictures of a set: unit vectors [N, ...] of each kind, cells [N, 16, D]."""

    samples: list[Sample]
    kinds: dict[str, np.ndarray]
    cells: np.ndarray
    grid: tuple[int, int]


def run(arguments: argparse.Namespace) -> None:
    """Measure and write similar.json."""
    chosen = settings.load()
    workbench = Workbench.load(chosen)
    started = time.monotonic()
    most = QUICK if arguments.quick else None
    sets = [t for t in workbench.tasks if (arguments.images / t).is_dir()]
    rows, means = retrieval_rows(workbench, arguments.images, sets, most, arguments.seed)
    for row in rows:
        print(row, flush=True)
    found = []
    for name in (n for n in MASKED if (arguments.images / n).is_dir()):
        masked = read_masked(workbench.encoder, arguments.images, name, most, arguments.seed)
        found.append(region_search.measure(name, masked, 20 if arguments.quick else 150, arguments.seed))
        print(found[-1], flush=True)
    size = next(iter(workbench.tasks.values())).vectors.shape[1]
    speed = []
    for kind, count in TIMED[:2] if arguments.quick else TIMED:
        # A process of its own for each, or it would reuse the memory that the last one let go.
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:
            speed.append(alone.submit(search_latency.measure, kind, count, size, fitting.SIZE, arguments.seed).result())
        print(speed[-1], flush=True)
    through = search_latency.through_workbench(
        workbench, {t: end_to_end.choose(arguments.images, t, PICTURES, arguments.seed) for t in sets}
    )
    smallest = min(sets, key=workbench.index.count)
    grown = end_to_end.choose(arguments.images, smallest, GROWN_PICTURES, arguments.seed)
    for row in search_latency.growing(
        workbench, smallest, grown, GROWN[: 1 if arguments.quick else None], arguments.seed
    ):
        through.append(row)
        print(row, flush=True)
    best = max(means, key=lambda kind: means[kind]["validation"])
    command = f"dinoscope benchmark similar --images {arguments.images} --seed {arguments.seed}"
    command += " --quick" if arguments.quick else ""
    folder = chosen.cache / "benchmark" / "quick" if arguments.quick else chosen.assets / "evidence"
    evidence.write(
        folder / "similar.json",
        headline={
            "label": f"mAP@5 of similar cases on test pictures, mean of {len(sets)} tasks, by {best}",
            "value": round(means[best]["test"], 3),
            "low": None,
            "high": None,
            "unit": "",
        },
        command=command,
        seed=arguments.seed,
        fingerprint=workbench.encoder.fingerprint,
        seconds=time.monotonic() - started,
        rows=[*rows, *found, *speed, *through],
        notes=[
            "Queries of fold 0 are searched among folds 1 to 4, at most one case a patient, lesion or near-duplicate "
            f"group. The kind of vector with the best mAP@5 of fold 1 among folds 2 to 4 is {best}.",
            "Region search: share of a found case's own lesion mask inside its matched region, five cases a query, for "
            "the box around the query's lesion and for a box of the same size elsewhere (random); on 4 x 4 cells as "
            "public cases have them, and on every patch as drawn ones have.",
            "Speed, as cases grow: made-up vectors, through the index with the query already encoded, each row in a "
            "process of its own. Through the workbench, reading and encoding included: test pictures among the own "
            f"cases of all tasks, and of {smallest} alone, whose cases are filled up with made-up ones.",
        ],
    )
    if not arguments.quick:
        readme.renew()
    print(json.dumps({kind: {k: round(v, 4) for k, v in mean.items()} for kind, mean in means.items()}))


def retrieval_rows(
    workbench: Workbench, data: Path, sets: list[str], most: int | None, seed: int
) -> tuple[list[dict], dict[str, dict[str, float]]]:
    """Rows of every task and kind of vector, and each kind's mean mAP@5 on validation and test."""
    rows: list[dict] = []
    scores: dict[str, dict[str, list[float]]] = {}
    for name in sets:
        read = read_set(workbench, data, name, most, seed)
        folds = np.array([s.fold for s in read.samples])
        fitted = fitting.fit(read.cells, folds > VALIDATION_FOLD, {}, read.grid)
        cells = fitted.vectors(read.cells)
        groups = np.array([s.group for s in read.samples])
        classes = workbench.tasks[name].head.classes
        members = np.array([[c in catalogue.labels(name, s) for c in classes] for s in read.samples])

        def part(kind: str, chosen: np.ndarray, read=read, cells=cells, members=members, groups=groups) -> Set:
            return Set(read.kinds[kind][chosen], cells[chosen], members[chosen], groups[chosen])

        first = next(iter(read.kinds))
        chance = retrieval.by_chance(part(first, folds == TEST_FOLD), part(first, folds > TEST_FOLD), seed)
        for kind in [*read.kinds, RERANKED]:
            base = kind if kind in read.kinds else list(read.kinds)[-1]
            again = kind == RERANKED
            held = retrieval.measure(part(base, folds == VALIDATION_FOLD), part(base, folds > VALIDATION_FOLD), again)
            tested = retrieval.measure(part(base, folds == TEST_FOLD), part(base, folds > TEST_FOLD), again)
            mean = scores.setdefault(kind, {"validation": [], "test": []})
            mean["validation"].append(float(held.precision.mean()))
            mean["test"].append(float(tested.precision.mean()))
            rows.append(_row(name, kind, tested, held, chance, groups[folds == TEST_FOLD]))
    means = {kind: {k: float(np.mean(v)) for k, v in both.items()} for kind, both in scores.items()}
    return rows, means


def read_set(workbench: Workbench, data: Path, name: str, most: int | None, seed: int) -> Read:
    """Every picture of a task's data set, or `most` of them."""
    splits = data / "splits"
    leaked = datasets.copies_of_tests(data / name, splits)
    known = [s for s in datasets.read(data / name, splits) if s.fold == TEST_FOLD or s.id not in leaked]
    samples = _some(known, most, seed)
    parts: list[dict[str, np.ndarray]] = []
    cells, grid = [], (0, 0)
    for start in range(0, len(samples), BATCH):
        features = workbench.encoder([images.read(s.path).picture for s in samples[start : start + BATCH]])
        mean, deviation = features.patches.mean(axis=1), features.patches.std(axis=1)
        kinds = retrieval.kinds(features.cls, mean, deviation)
        parts.append(kinds | {"projected": workbench.projection(features.pooled)})
        grid = features.grid
        cells.append(regions.pool(features.patches, grid))
    kinds = {kind: np.concatenate([p[kind] for p in parts]) for kind in parts[0]}
    return Read(samples, kinds, np.concatenate(cells), grid)


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
    at_random = {"map_at_5": chance.precision, "vote_of_5": chance.vote, "accuracy_at_1": chance.first}
    for name, interval in tested.intervals(groups).items():
        row |= {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
        row[f"{name}_chance"] = float(at_random[name].mean())
    row["map_at_5_validation"] = float(held.precision.mean())
    return {k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}

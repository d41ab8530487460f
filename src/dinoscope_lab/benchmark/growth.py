"""Growth: the same search as the cases grow - in memory, and in a folder with Qdrant's own engine.

The cases are made up with the statistics of the real ones: each vector lies between a real one and one of its
neighbours, a little beside the line. A size is a part of its own, so that a run can be cut short between sizes.
"""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from dinoscope.evidence import CURVES, TABLE, Column, Table
from dinoscope.fitting import regions as fitting
from dinoscope.reading.scope import unit
from dinoscope.similar import CaseIndex, Filters, Query, SearchRequest, Storage
from dinoscope.similar.regions import Box

from ..evidence import count, number
from . import cluster
from .search_latency import CLASSES, made_up, milliseconds, timed
from .study import Report, Study, headline

SIZES = (
    *(("memory", n) for n in (1_000, 5_000, 20_000)),
    *(("folder", n) for n in (10_000, 100_000, 1_000_000)),
)
"""Where made-up cases are kept, and how many."""
QUICK_SIZES = (("memory", 500), ("folder", 1_000))
ROOM = 30_000
"""Bytes of disk that a case may take while its folder is built: a size for which there is no room is left out."""
CHUNK = 2_000
WHOLE = Box(0, 0, 1, 1)
FILTERS = Filters(labels=CLASSES[1:3], choices={"sex": ("female",)}, ranges={"age": (40.0, 70.0)})
ASKED, RECALLED = 60, 20
"""Searches of each kind, and those whose true neighbours are looked up one by one."""
NEAREST, ASIDE = 10, 0.15
"""Neighbours that a made-up vector may lie towards, and how far beside the line, as a share of the way."""
TASK, CELLS = "made up", 16


@dataclass(frozen=True)
class Made:
    """Endless cases with the statistics of real ones, the same for the same seed.

    Attributes:
        real: [N, K] float32 unit vectors; toward: [N, NEAREST] positions of the nearest of each.
    """

    real: np.ndarray
    toward: np.ndarray
    seed: int

    @classmethod
    def like(cls, real: np.ndarray, seed: int) -> Made:
        """From real vectors [N, K]."""
        nearest = []
        for start in range(0, len(real), 512):
            similarity = real[start : start + 512] @ real.T
            nearest.append(np.argsort(-similarity, axis=1)[:, 1 : NEAREST + 1])
        return cls(real, np.concatenate(nearest), seed)

    def vectors(self, chunk: int) -> np.ndarray:
        """[CHUNK, K] float32 unit vectors of one chunk."""
        size = CHUNK
        rng = np.random.default_rng([self.seed, chunk])
        first = rng.integers(len(self.real), size=size)
        other = self.toward[first, rng.integers(self.toward.shape[1], size=size)]
        way = self.real[other] - self.real[first]
        aside = rng.normal(size=way.shape) * np.linalg.norm(way, axis=1, keepdims=True) / np.sqrt(way.shape[1])
        return unit(self.real[first] + rng.uniform(size=(size, 1)) * way + ASIDE * aside).astype(np.float32)

    def patches(self, chunk: int) -> np.ndarray:
        """[CHUNK, CELLS, d] float32 unit patch vectors."""
        rng = np.random.default_rng([self.seed, chunk, 1])
        return unit(rng.normal(size=(CHUNK, CELLS, fitting.SIZE))).astype(np.float32)

    def queries(self, count: int) -> np.ndarray:
        """[count, K]: pictures that nobody has filed, near made-up ones."""
        near = self.vectors(0)[:count]
        beside = np.random.default_rng([self.seed, 2]).normal(size=near.shape) / np.sqrt(near.shape[1])
        return unit(near + 0.1 * beside).astype(np.float32)


def measure(study: Study) -> Report:
    """The report of growth.json."""
    real = unit(np.concatenate([t.vectors for t in study.workbench.tasks.values()]).astype(np.float32))
    made = Made.like(real, study.seed)
    rows, left_out = [], []
    for kind, size in QUICK_SIZES if study.quick else SIZES:
        if study.most and size > study.most:
            left_out.append(f"{size:,} cases were not asked for.")
        elif kind == "folder" and shutil.disk_usage(_scratch(study)).free < ROOM * size:
            left_out.append(f"{size:,} cases were left out: {ROOM * size / 1e9:.0f} GB of disk were not free.")
        else:
            rows += study.part(f"{kind} {size}", partial(_grown, study, made, kind, size))
    largest = max((r for r in rows if r["search"] == "plain"), key=lambda r: r["cases"])
    label = f"Milliseconds of a search among {largest['cases']:,} cases in a {largest['place']}, median"
    notes = [
        *left_out,
        f"Made-up cases with the statistics of the {len(real):,} real and drawn ones: each vector lies between one of "
        f"them and one of its {NEAREST} nearest, a little beside. The query is encoded already; {ASKED} searches of "
        "each kind. Filtered: two classes, one sex, an age range. Grouped: three of each of four classes. Region: the "
        f"nearest ranked again by {CELLS} patch vectors each.",
        "A folder is filled by one process and searched by another, which opens it as the app does at its start; "
        "memory is what that process holds more than before it opened the cases. Recall: the share of the true six "
        "nearest.",
        *cluster.NOTES,
    ]
    return Report(headline(label, largest["median"], "ms"), [*tables(rows), cluster.table(rows)], notes)


def tables(rows: list[dict]) -> list[Table]:
    """The curve, one for each place, and what a size costs."""
    curve = (
        Column("place", "kept in"),
        count("cases"),
        Column("search"),
        number("median", "milliseconds", digits=1),
        number("late", "95th percentile", "ms", 1),
    )
    costs = (
        Column("place", "kept in"),
        count("cases"),
        count("rate", "added a second"),
        number("graph", "graph built in", "s", 1),
        number("start", "opened in", "s", 2),
        count("memory", "memory, MB"),
        count("disk", "on disk, MB"),
        number("recall", "recall at 6"),
    )
    timings = [{c.name: r[c.name] for c in curve} for r in rows]
    once = [{c.name: r.get(c.name) for c in costs} for r in rows if r["search"] == "plain"]
    title = "Milliseconds a search takes as the cases grow; the query is encoded already"
    drawn: dict[str, Any] = {"of": "place", "x": "cases", "y": "median", "by": ("search",), "logarithmic": True}
    return [
        Table("costs", "What so many cases cost", TABLE, costs, once),
        Table("growth", title, CURVES, curve, timings, **drawn),
    ]


def _scratch(study: Study) -> Path:
    """Where folders are built; outside the repository, and not in memory as a temporary folder may be."""
    place = study.kept
    place.mkdir(parents=True, exist_ok=True)
    return place


def _grown(study: Study, made: Made, kind: str, size: int) -> Iterator[dict]:
    """A row for each kind of search among so many cases."""
    with tempfile.TemporaryDirectory(dir=_scratch(study)) as folder:
        path = Path(folder) if kind == "folder" else None
        facts: dict = {"place": kind, "cases": size}
        if path:
            facts |= _alone(_filled, made, path, size)
            facts["disk"] = round(sum(f.stat().st_blocks * 512 for f in path.rglob("*") if f.is_file()) / 1e6)
            facts |= _alone(_searched, made, path, size)
        else:
            facts |= _alone(_in_memory, made, size)
    searches = facts.pop("searches")
    for name, (median, late) in searches.items():
        yield facts | {"search": name, "median": median, "late": late}


def _alone(do: Callable[..., dict], *arguments: object) -> dict:
    """In a process of its own, or it would reuse the memory that the last one let go."""
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        return alone.submit(do, *arguments).result()


def _filled(made: Made, path: Path | None, size: int) -> dict:
    index = CaseIndex(Storage(path=path))
    facts = fill(index, made, size)
    index.close()
    return facts


def _searched(made: Made, path: Path, size: int) -> dict:
    before, began = _resident(), time.monotonic()
    index = CaseIndex(Storage(path=path))
    index.attach(TASK, made.real.shape[1], fitting.SIZE, "")
    index.search(Query(TASK, made.queries(1)[0]), SearchRequest(6))
    opened = time.monotonic() - began
    facts = asked(index, made, size)
    facts |= {"start": round(opened, 2), "memory": round((_resident() - before) / 1e6)}
    index.close()
    return facts


def _in_memory(made: Made, size: int) -> dict:
    before = _resident()
    index = CaseIndex(Storage())
    facts = fill(index, made, size)
    facts |= asked(index, made, size) | {"memory": round((_resident() - before) / 1e6)}
    return facts


def fill(index: CaseIndex, made: Made, size: int) -> dict:
    """So many cases: how many a second, and how long what makes searches fast took."""
    index.attach(TASK, made.real.shape[1], fitting.SIZE, "")
    added = 0.0
    for chunk, start in enumerate(range(0, size, CHUNK)):
        numbers = range(start, min(start + CHUNK, size))
        vectors, patches = made.vectors(chunk)[: len(numbers)], made.patches(chunk)[: len(numbers)]
        cases = [made_up(i) for i in numbers]
        began = time.monotonic()
        index.add(TASK, cases, vectors, patches)
        added += time.monotonic() - began
    began = time.monotonic()
    index.settle()
    return {"rate": round(size / added), "graph": round(time.monotonic() - began, 1)}


def asked(index: CaseIndex, made: Made, size: int) -> dict:
    """Milliseconds of each kind of search, median and 95th percentile, and recall."""
    queries = made.queries(ASKED)
    region = unit(np.random.default_rng(made.seed).normal(size=(12, fitting.SIZE)))
    kinds: dict[str, Callable] = {
        "plain": lambda q: index.search(Query(TASK, q), SearchRequest(6)),
        "filtered": lambda q: index.search(Query(TASK, q), SearchRequest(6, FILTERS)),
        "grouped": lambda q: index.by_class(Query(TASK, q), SearchRequest(3), len(CLASSES)),
        "region": lambda q: index.search(Query(TASK, q, region, (3, 4)), SearchRequest(6, region=WHOLE)),
    }
    found = {}
    for name, search in kinds.items():
        seconds = [timed(search, q) for q in queries]
        found[name] = (milliseconds(np.median(seconds)), milliseconds(np.percentile(seconds, 95)))
    return {"searches": found, "recall": round(recall(index, made, size), 3)}


def recall(index: CaseIndex, made: Made, size: int) -> float:
    """Share of the true six nearest that a plain search finds."""
    queries = made.queries(RECALLED)
    best, numbers = np.full((RECALLED, 6), -np.inf, np.float32), np.zeros((RECALLED, 6), int)
    for chunk, start in enumerate(range(0, size, CHUNK)):
        vectors = made.vectors(chunk)[: size - start]
        scores = np.concatenate([best, queries @ vectors.T], axis=1)
        known = np.concatenate([numbers, np.tile(np.arange(start, start + len(vectors)), (RECALLED, 1))], axis=1)
        order = np.argsort(-scores, axis=1)[:, :6]
        best, numbers = np.take_along_axis(scores, order, 1), np.take_along_axis(known, order, 1)
    shares = []
    for query, wanted in zip(queries, numbers, strict=True):
        hits = index.search(Query(TASK, query), SearchRequest(6, one_a_group=False))
        shares.append(len({f"made_up_{i}" for i in wanted} & {h.case.id for h in hits}) / 6)
    return float(np.mean(shares))


def _resident() -> int:
    """Bytes of memory this process holds now; 0 where the system does not say.

    Its peak would not do: a child takes over its parent's.
    """
    known = Path("/proc/self/statm")
    return int(known.read_text().split()[1]) * resource.getpagesize() if known.exists() else 0

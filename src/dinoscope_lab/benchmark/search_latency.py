"""Search latency: how long a search takes as the cases grow, in memory and in a folder."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from dinoscope.fitting import regions as fitting
from dinoscope.fitting.datasets import Sample
from dinoscope.reading.scope import unit
from dinoscope.similar import Case, CaseIndex, Filters, Query, SearchRequest, Storage
from dinoscope.similar.regions import Box
from dinoscope.workbench import Workbench

CLASSES = tuple(f"class {i}" for i in range(4))
REGION, WHOLE = Box(0.3, 0.3, 0.6, 0.6), Box(0, 0, 1, 1)
ASKED = 30
"""Searches of each kind."""
FILTERS = Filters(labels=CLASSES[1:3], choices={"sex": ("female",)}, ranges={"age": (40.0, 70.0)})


def measure(kind: str, count: int, size: int, patch_size: int, seed: int) -> dict:
    """A row: median and 95th percentile in milliseconds of plain, filtered, grouped and region searches.

    The vectors are made up, in 200 clusters, as a backbone's are; the cases carry the fields that real ones do.

    Args:
        kind: `memory`, or `folder` for Qdrant's engine on disk.
        size: of a picture's vector; patch_size: of each of its 16 patches.
    """
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(200, size))
    vectors = unit(centres[rng.integers(200, size=count)] + rng.normal(size=(count, size)))
    before = _resident()
    with tempfile.TemporaryDirectory() as folder:
        index = CaseIndex(Storage(path=Path(folder) if kind == "folder" else None))
        index.attach("made up", size, patch_size, "")
        began = time.monotonic()
        for start in range(0, count, 1000):
            part = range(start, min(start + 1000, count))
            patches = unit(rng.normal(size=(len(part), 16, patch_size)))
            index.add("made up", [_case(i) for i in part], vectors[start : start + len(part)], patches)
        added = time.monotonic() - began
        began = time.monotonic()
        index.settle()
        settled = time.monotonic() - began
        queries = unit(vectors[rng.integers(count, size=ASKED)] + 0.02 * rng.normal(size=(ASKED, size)))
        region = unit(rng.normal(size=(12, patch_size)))
        kinds: dict[str, Callable] = {
            "plain": lambda q: index.search(Query("made up", q), SearchRequest(6)),
            "filtered": lambda q: index.search(Query("made up", q), SearchRequest(6, FILTERS)),
            "grouped": lambda q: index.by_class(Query("made up", q), SearchRequest(3), len(CLASSES)),
            "region": lambda q: index.search(Query("made up", q, region, (3, 4)), SearchRequest(6, region=WHOLE)),
        }
        row: dict = {"kept_in": kind, "cases": count, "added_a_second": round(count / added)}
        for name, search in kinds.items():
            seconds = [_timed(search, q) for q in queries]
            row |= {f"{name}_ms": _ms(np.median(seconds)), f"{name}_p95_ms": _ms(np.percentile(seconds, 95))}
        row["recall_at_6"] = round(_recall(index, vectors, queries), 3)
        row["graph_seconds"] = round(settled, 1)
        row["memory_mb"] = round((_resident() - before) / 2**20) if before else None
        index.close()
    return row


def through_workbench(workbench: Workbench, pictures: dict[str, list[Sample]]) -> list[dict]:
    """A row for each kind of search with pictures of each task, reading and encoding them included."""
    cases = sum(workbench.index.count(task) for task in pictures)
    common = {"tasks": len(pictures), "cases": round(cases / len(pictures))}
    rows = []
    for name, search in _searches(workbench).items():
        seconds = [_timed(partial(search, task), s.path) for task, samples in pictures.items() for s in samples]
        median, late = _ms(np.median(seconds)), _ms(np.percentile(seconds, 95))
        row = {"through_the_workbench": name, **common, "searches": len(seconds)}
        rows.append(row | {"median_ms": median, "p95_ms": late})
    return rows


def growing(
    workbench: Workbench, task: str, samples: list[Sample], counts: tuple[int, ...], seed: int
) -> Iterator[dict]:
    """The rows of `through_workbench` for one task, whose index is filled with made-up cases up to each count."""
    rng, classes = np.random.default_rng(seed), workbench.tasks[task].head.classes
    size, index = workbench.tasks[task].vectors.shape[1], workbench.index
    assert isinstance(index, CaseIndex), "cases are made up in memory, or in a folder"
    for count in counts:
        for start in range(index.count(task), count, 1000):
            numbers = range(start, min(start + 1000, count))
            patches = unit(rng.normal(size=(len(numbers), 16, fitting.SIZE)))
            made_up = [_case(i, classes) for i in numbers]
            index.add(task, made_up, unit(rng.normal(size=(len(numbers), size))), patches)
        yield from through_workbench(workbench, {task: samples})


def _searches(workbench: Workbench) -> dict[str, Callable[[str, Path], object]]:
    def filters(task: str) -> Filters:
        return Filters(labels=workbench.tasks[task].head.classes[:2], origins=("public",))

    return {
        "plain": lambda t, p: workbench.similar(p, t),
        "filtered": lambda t, p: workbench.similar(p, t, filters=filters(t)),
        "grouped": lambda t, p: workbench.differential(p, t),
        "region": lambda t, p: workbench.similar(p, t, region=REGION),
    }


def _case(i: int, classes: Sequence[str] = CLASSES) -> Case:
    metadata: dict[str, str | float] = {"age": 20 + i % 70, "sex": "F" if i % 2 else "M", "site": f"site {i % 12}"}
    url = f"https://raw.githubusercontent.com/someone/some-data-set/{'0' * 40}/pictures/{i}.png"
    return Case(
        f"made_up_{i}", (classes[i % len(classes)],), "public", "", f"group {i // 2}", url=url, metadata=metadata
    )


def _resident() -> int:
    """Bytes of memory this process holds now; 0 where the system does not say.

    Its peak would not do: a child takes over its parent's.
    """
    known = Path("/proc/self/statm")
    return int(known.read_text().split()[1]) * resource.getpagesize() if known.exists() else 0


def _recall(index: CaseIndex, vectors: np.ndarray, queries: np.ndarray) -> float:
    """Share of the true six nearest that a plain search finds."""
    found = []
    for query in queries:
        best = {f"made_up_{i}" for i in np.argsort(-(vectors @ query))[:6]}
        hits = index.search(Query("made up", query), SearchRequest(6, one_a_group=False))
        found.append(len(best & {h.case.id for h in hits}) / 6)
    return float(np.mean(found))


def _timed(search: Callable, query: object) -> float:
    began = time.monotonic()
    search(query)
    return time.monotonic() - began


def _ms(seconds: float) -> float:
    return round(1000 * float(seconds), 1)

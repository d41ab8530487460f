"""Search latency: how long a search with a picture takes through the workbench, and as its cases grow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from dinoscope.fitting import regions as fitting
from dinoscope.fitting.datasets import Sample
from dinoscope.reading.scope import unit
from dinoscope.similar import Case, CaseIndex, Filters
from dinoscope.similar.regions import Box
from dinoscope.workbench import Workbench

CLASSES = tuple(f"class {i}" for i in range(4))
REGION = Box(0.3, 0.3, 0.6, 0.6)


def through_workbench(workbench: Workbench, pictures: dict[str, list[Sample]]) -> list[dict]:
    """A row for each kind of search with pictures of each task, reading and encoding them included."""
    cases = sum(workbench.index.count(task) for task in pictures)
    common = {"tasks": len(pictures), "cases": round(cases / len(pictures))}
    rows = []
    for name, search in _searches(workbench).items():
        seconds = [timed(partial(search, task), s.path) for task, samples in pictures.items() for s in samples]
        median, late = milliseconds(np.median(seconds)), milliseconds(np.percentile(seconds, 95))
        rows.append({"search": name, **common, "searches": len(seconds), "median": median, "late": late})
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
            cases = [made_up(i, classes) for i in numbers]
            index.add(task, cases, unit(rng.normal(size=(len(numbers), size))), patches)
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


def made_up(i: int, classes: Sequence[str] = CLASSES) -> Case:
    """A case that was made up, with the fields that real ones carry."""
    metadata: dict[str, str | float] = {"age": 20 + i % 70, "sex": "F" if i % 2 else "M", "site": f"site {i % 12}"}
    url = f"https://raw.githubusercontent.com/someone/some-data-set/{'0' * 40}/pictures/{i}.png"
    return Case(
        f"made_up_{i}", (classes[i % len(classes)],), "public", "", f"group {i // 2}", url=url, metadata=metadata
    )


def timed(search: Callable, query: object) -> float:
    """Seconds of one search."""
    began = time.monotonic()
    search(query)
    return time.monotonic() - began


def milliseconds(seconds: float | np.floating) -> float:
    """To a tenth."""
    return round(1000 * float(seconds), 1)

"""Similar map: a task's cases in two dimensions as SVG, with the query and its neighbours marked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from ..similar import Query, SimilarCase
from ..tasks import Task
from .markup import class_colours
from .render import part

WIDTH, HEIGHT, MARGIN = 640, 440, 16
MOST = 2000
"""Of more cases than these, so many are drawn: a page has to carry them."""


def draw(task: Task, query: Query, found: Sequence[SimilarCase]) -> Markup:
    """The map, its legend, and one sentence on what it is."""
    points = task.map.points
    low, high = points.min(axis=0), points.max(axis=0)
    place = np.array(task.map.place(query.vector))
    # A picture unlike every case may fall far outside; the map is stretched to hold it, but not without end.
    margin = 0.25 * (high - low)
    place = np.clip(place, low - margin, high + margin)
    low, high = np.minimum(low, place), np.maximum(high, place)
    scale = (np.array([WIDTH, HEIGHT]) - 2 * MARGIN) / np.maximum(high - low, 1e-9)

    def at(point: np.ndarray | tuple[float, float]) -> tuple[float, float]:
        x, y = MARGIN + (point - low) * scale
        return round(float(x), 1), round(HEIGHT - float(y), 1)

    colours = class_colours(task)
    near = {s.case.id for s in found}
    drawn = list(range(len(points)))
    if len(points) > MOST:
        chosen = np.random.default_rng(0).choice(len(points), MOST, replace=False)
        drawn = sorted({*chosen.tolist(), *(i for c in near if (i := task.position(c)) is not None)})
    dots: list[dict] = []
    rings: list[dict] = []
    for i in drawn:
        case = task.cases[i]
        x, y = at(points[i])
        title = f"{', '.join(task.display(label) for label in case.labels)}: {case.id}"
        dot = {"x": x, "y": y, "colour": colours[case.labels[0]], "id": case.id, "title": title}
        (rings if case.id in near else dots).append(dot)
    x, y = at(place)
    return part(
        "similar",
        "case_map",
        task=task.name,
        width=WIDTH,
        height=HEIGHT,
        cases=len(task.cases),
        dots=dots,
        rings=rings,
        x=x,
        y=y,
        legend=[(colours[c], task.display(c)) for c in task.head.classes],
        share=task.map.share,
    )

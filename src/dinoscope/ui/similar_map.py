"""Similar map: a task's cases in two dimensions as SVG, with the query and its neighbours marked."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from ..similar import SimilarCase
from ..similar.search import Query
from ..tasks import Task
from .markup import class_colours

WIDTH, HEIGHT, MARGIN = 640, 440, 16
MOST = 2000
"""Of more cases than these, so many are drawn: a page has to carry them."""


def draw(task: Task, query: Query, found: Sequence[SimilarCase]) -> str:
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
    dots: list[str] = []
    rings: list[str] = []
    for i in drawn:
        case = task.cases[i]
        x, y = at(points[i])
        title = escape(f"{', '.join(task.display(label) for label in case.labels)}: {case.id}")
        circle = (
            f'<circle cx="{x}" cy="{y}" r="{6 if case.id in near else 3.5}" fill="{colours[case.labels[0]]}" '
            f'data-act="open" data-case="{escape(case.id)}"><title>{title}</title></circle>'
        )
        (rings if case.id in near else dots).append(circle)
    x, y = at(place)
    cross = (
        f'<path class="you" d="M{x - 9} {y}H{x + 9}M{x} {y - 9}V{y + 9}"><title>the query</title></path>'
        f'<circle class="you" cx="{x}" cy="{y}" r="11"/>'
    )
    legend = "".join(
        f'<span><i style="background:{colours[c]}"></i>{escape(task.display(c))}</span>' for c in task.head.classes
    )
    return (
        f'<svg class="case-map" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Map of {len(task.cases)} cases, '
        f'the query marked with a cross">{"".join(dots)}<g class="near">{"".join(rings)}</g>{cross}</svg>'
        f'<p class="legend">{legend}<span><b>+</b> the query, its neighbours ringed</span></p>'
        f'<p class="quiet">Cases near each other look alike to the model. These two directions hold '
        f"{100 * task.map.share:.0f} % of the differences, so true neighbours may lie apart here. "
        "Click a case to open it.</p>"
    )

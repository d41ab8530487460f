"""Charts: numbers -> HTML and SVG that take the page's colours, keep their text as text and tell it on hover."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ..colour_maps import OKABE_ITO
from .render import part, plain

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 400, 260, 44, 34, 10, 40
"""Of a plot with two axes, in SVG units: as many as a phone has pixels, so that text is not shrunk there."""


@dataclass(frozen=True)
class Dot:
    """One line of a dot plot: a value, its interval where it was measured, and whether it is the one to look at."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    ours: bool = False


@dataclass(frozen=True)
class Series:
    """One curve: points (x, y) by rising x, and the lower and upper edge of its band where there is one."""

    name: str
    points: tuple[tuple[float, float], ...]
    band: tuple[tuple[float, float], ...] = ()


def dots(
    lines: Sequence[Dot], low: float, high: float, unit: str = "", chance: float | None = None, level: str = ""
) -> Markup:
    """A dot plot: a line for each value, on one scale from `low` to `high`.

    Args:
        chance: what guessing gives, drawn as a rule; level: what 0 means, where the rule stands there instead.
    """

    def place(value: float) -> float:
        return 100 * min(max((value - low) / (high - low), 0), 1)

    if level:
        chance = 0
    rows = []
    for d in lines:
        text, whisker = f"{d.name}: {plain(d.value)}{unit}", None
        if d.low is not None and d.high is not None:
            text += f", 95 % interval {plain(d.low)} to {plain(d.high)}"
            whisker = (place(d.low), place(d.high) - place(d.low))
        row = {"name": d.name, "value": d.value, "ours": d.ours, "text": text, "place": place(d.value)}
        rows.append(row | {"whisker": whisker})
    note, rule = level, None
    if chance is not None:
        note, rule = level or f"{plain(chance)}{unit} by guessing", place(chance)
    return part("charts", "dots", rows=rows, low=low, high=high, unit=unit, note=note, chance=rule)


def confusion(counts: Sequence[Sequence[int]], names: Sequence[str]) -> Markup:
    """A confusion matrix: rows are what the pictures show, columns what the head said, shaded by share of the row."""
    rows = []
    for i, (name, row) in enumerate(zip(names, counts, strict=True)):
        cells = []
        for j, n in enumerate(row):
            share = 100 * n / max(sum(row), 1)
            said = f"{name} called {names[j]}: {n} of {sum(row)} ({share:.0f} %)"
            cells.append(("right" if i == j else "wrong", share, said, n))
        rows.append((name, cells))
    return part("charts", "confusion", names=names, rows=rows)


def reliability(bins: Sequence[dict]) -> Markup:
    """A reliability diagram: on the diagonal, a claimed probability is right just as often."""
    plot = Plot((0, 1), (0, 1))
    said = [
        f"claimed {100 * b['confidence']:.0f} %, right {100 * b['right']:.0f} % (95 % interval {100 * b['low']:.0f} to "
        f"{100 * b['high']:.0f} %), {b['pictures']} answers"
        for b in bins
    ]
    line = plot.line((b["confidence"], b["right"]) for b in bins)
    told = list(zip(bins, said, strict=True))
    marks = part("charts", "reliability_marks", plot=plot, line=line, bins=told, colour=OKABE_ITO[0])
    ticks = [(t, f"{100 * t:.0f}") for t in (0, 0.25, 0.5, 0.75, 1)]
    return plot.drawn(marks, ticks, ticks, "claimed probability, %", "right, %", "Reliability diagram")


def curves(series: Sequence[Series], x_label: str, y_label: str, logarithmic: bool = False) -> Markup:
    """Curves with bands on one pair of axes, with a legend whose colours colour-blind readers can tell apart."""
    xs = sorted({x for s in series for x, _ in s.points})
    ys = [y for s in series for y in (*(y for _, y in s.points), *(edge for pair in s.band for edge in pair))]
    ticks = ticks_between(min(ys), max(ys))
    plot = Plot((xs[0], xs[-1]), (ticks[0][0], ticks[-1][0]), logarithmic)
    shown = []
    for i, s in enumerate(series):
        edges = list(zip(s.points, s.band, strict=True)) if s.band else []
        upper, lower = ([(x, pair[side]) for (x, _), pair in edges] for side in (1, 0))
        points = []
        for k, (x, y) in enumerate(s.points):
            said = f"{s.name}, {x_label} {plain(x)}: {plain(y)}"
            said += f" ({plain(s.band[k][0])} to {plain(s.band[k][1])})" if s.band else ""
            points.append((plot.x(x), plot.y(y), said))
        curve = {"name": s.name, "colour": OKABE_ITO[i % len(OKABE_ITO)], "points": points}
        shown.append(curve | {"line": plot.line(s.points), "area": plot.line(upper + lower[::-1])})
    drawn = plot.drawn(
        part("charts", "curve_marks", curves=shown),
        _apart([(x, plain(x)) for x in xs], plot),
        ticks,
        x_label,
        y_label,
        f"{y_label} by {x_label}",
    )
    return part("charts", "curves", drawn=drawn, curves=shown)


@dataclass(frozen=True)
class Plot:
    """Two axes: what lies where."""

    across: tuple[float, float]
    up: tuple[float, float]
    logarithmic: bool = False
    width, height = WIDTH, HEIGHT
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM

    def x(self, value: float) -> float:
        low, high = (math.log(v) if self.logarithmic else v for v in self.across)
        place = math.log(value) if self.logarithmic else value
        share = (place - low) / (high - low) if high > low else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value - self.up[0]) / (self.up[1] - self.up[0])
        return round(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP), 1)

    def line(self, points: Iterable[tuple[float, float]]) -> list[str]:
        """Points as the corners of an SVG path."""
        return [f"{self.x(x)} {self.y(y)}" for x, y in points]

    def drawn(
        self,
        marks: Markup,
        x_ticks: Sequence[tuple[float, str]],
        y_ticks: Sequence[tuple[float, str]],
        x_label: str,
        y_label: str,
        title: str,
    ) -> Markup:
        """The marks on their axes."""
        ticks = {"x_ticks": x_ticks, "y_ticks": y_ticks}
        names = {"x_label": x_label, "y_label": y_label, "title": title}
        return part("charts", "plot", plot=self, marks=marks, **ticks, **names)


def ticks_between(lowest: float, highest: float) -> list[tuple[float, str]]:
    """Round numbers at even distances, of which the first and the last enclose all values; at least two."""
    step = _step(highest - lowest)
    low, high = math.floor(lowest / step), math.ceil(highest / step)
    return [(i * step, plain(round(i * step, 6))) for i in range(low, max(high, low + 1) + 1)]


def _step(span: float) -> float:
    """A round distance between ticks, so that four to eight of them fill the span."""
    rough = max(span, 1e-9) / 5
    power = 10 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough)


def _apart(ticks: list[tuple[float, str]], plot: Plot, least: float = 34) -> list[tuple[float, str]]:
    """The ticks that do not run into the one before; the last always stands."""
    kept: list[tuple[float, str]] = []
    for tick in ticks:
        if not kept or plot.x(tick[0]) - plot.x(kept[-1][0]) >= least:
            kept.append(tick)
    if kept[-1] != ticks[-1]:
        kept[-1] = ticks[-1]
    return kept

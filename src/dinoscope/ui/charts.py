"""Charts: numbers -> HTML and SVG that take the page's colours, keep their text as text and tell it on hover."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ..figures import OKABE_ITO

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 400, 260, 44, 24, 10, 40
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
) -> str:
    """A dot plot: a line for each value, on one scale from `low` to `high`.

    Args:
        chance: what guessing gives, drawn as a rule; level: what 0 means, where the rule stands there instead.
    """

    def place(value: float) -> float:
        return 100 * min(max((value - low) / (high - low), 0), 1)

    if level:
        chance = 0
    rule = f'<i class="chance" style="left:{place(chance):.1f}%"></i>' if chance is not None else ""
    rows = []
    for d in lines:
        text = f"{d.name}: {plain(d.value)}{unit}"
        whisker = ""
        if d.low is not None and d.high is not None:
            text += f", 95 % interval {plain(d.low)} to {plain(d.high)}"
            width = place(d.high) - place(d.low)
            whisker = f'<i class="whisker" style="left:{place(d.low):.1f}%;width:{width:.1f}%"></i>'
        mine = " ours" if d.ours else ""
        rows.append(
            f'<div class="dot-row{mine}" role="img" title="{escape(text)}" aria-label="{escape(text)}">'
            f'<span class="name">{escape(d.name)}</span><span class="rail">{rule}{whisker}'
            f'<i class="point" style="left:{place(d.value):.1f}%"></i></span>'
            f'<span class="value">{plain(d.value)}</span></div>'
        )
    note = (
        f'<p class="quiet"><i class="chance"></i> {escape(level) or f"{plain(chance)}{unit} by guessing"}</p>'
        if chance is not None
        else ""
    )
    ends = f"<span>{plain(low)}{unit}</span><span>{plain(high)}{unit}</span>"
    return f'<div class="dots">{"".join(rows)}<div class="dot-ends">{ends}</div>{note}</div>'


def confusion(counts: Sequence[Sequence[int]], names: Sequence[str]) -> str:
    """A confusion matrix: rows are what the pictures show, columns what the head said, shaded by share of the row."""
    heads = "".join(f'<th scope="col" title="{escape(n)}">{i}</th>' for i, n in enumerate(names, 1))
    rows = []
    for i, (name, row) in enumerate(zip(names, counts, strict=True)):
        total = max(sum(row), 1)
        cells = []
        for j, n in enumerate(row):
            said = f"{name} called {names[j]}: {n} of {sum(row)} ({100 * n / total:.0f} %)"
            kind = "right" if i == j else "wrong"
            cells.append(f'<td class="{kind}" style="--share:{100 * n / total:.0f}%" title="{escape(said)}">{n}</td>')
        rows.append(f'<tr><th scope="row">{i + 1} {escape(name)}</th>{"".join(cells)}</tr>')
    return (
        '<div class="confusion"><table><thead><tr><th scope="col">is, down; called, across</th>'
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def reliability(bins: Sequence[dict]) -> str:
    """A reliability diagram: on the diagonal, a claimed probability is right just as often."""
    plot = _Plot((0, 1), (0, 1))
    marks = [f'<path d="M{plot.x(0)} {plot.y(0)}L{plot.x(1)} {plot.y(1)}" class="ideal"/>']
    marks.append(_path([(plot.x(b["confidence"]), plot.y(b["right"])) for b in bins], OKABE_ITO[0]))
    for b in bins:
        x, said = plot.x(b["confidence"]), f"claimed {100 * b['confidence']:.0f} %, right {100 * b['right']:.0f} %"
        said += f" (95 % interval {100 * b['low']:.0f} to {100 * b['high']:.0f} %), {b['pictures']} answers"
        marks.append(
            f'<g tabindex="0" role="img" aria-label="{said}"><title>{said}</title>'
            f'<path d="M{x} {plot.y(b["low"])}V{plot.y(b["high"])}" stroke="{OKABE_ITO[0]}" stroke-width="1.5"/>'
            f'<circle cx="{x}" cy="{plot.y(b["right"])}" r="5" fill="{OKABE_ITO[0]}"/></g>'
        )
    ticks = [(t, f"{100 * t:.0f}") for t in (0, 0.25, 0.5, 0.75, 1)]
    return plot.svg("".join(marks), ticks, ticks, "claimed probability, %", "right, %", "Reliability diagram")


def curves(series: Sequence[Series], x_label: str, y_label: str, logarithmic: bool = False) -> str:
    """Curves with bands on one pair of axes, with a legend whose colours colour-blind readers can tell apart."""
    xs = sorted({x for s in series for x, _ in s.points})
    ys = [y for s in series for y in (*(y for _, y in s.points), *(edge for pair in s.band for edge in pair))]
    step = _step(max(ys) - min(ys))
    low, high = math.floor(min(ys) / step) * step, math.ceil(max(ys) / step) * step
    plot = _Plot((xs[0], xs[-1]), (low, high if high > low else low + step), logarithmic)
    marks = []
    for i, s in enumerate(series):
        colour = OKABE_ITO[i % len(OKABE_ITO)]
        if s.band:
            upper = [(plot.x(x), plot.y(b)) for (x, _), (_, b) in zip(s.points, s.band, strict=True)]
            lower = [(plot.x(x), plot.y(a)) for (x, _), (a, _) in zip(s.points, s.band, strict=True)]
            area = "L".join(f"{x} {y}" for x, y in upper + lower[::-1])
            marks.append(f'<path d="M{area}Z" fill="{colour}" opacity="0.15"/>')
        marks.append(_path([(plot.x(x), plot.y(y)) for x, y in s.points], colour))
        for k, (x, y) in enumerate(s.points):
            said = f"{s.name}, {x_label} {plain(x)}: {plain(y)}"
            said += f" ({plain(s.band[k][0])} to {plain(s.band[k][1])})" if s.band else ""
            marks.append(
                f'<circle cx="{plot.x(x)}" cy="{plot.y(y)}" r="4" fill="{colour}" tabindex="0" role="img" '
                f'aria-label="{escape(said)}"><title>{escape(said)}</title></circle>'
            )
    count = round((high - low) / step)
    drawn = plot.svg(
        "".join(marks),
        _apart([(x, plain(x)) for x in xs], plot),
        [(low + i * step, plain(round(low + i * step, 6))) for i in range(count + 1)],
        x_label,
        y_label,
        f"{y_label} by {x_label}",
    )
    keys = "".join(
        f'<li><i style="background:{OKABE_ITO[i % len(OKABE_ITO)]}"></i>{escape(s.name)}</li>'
        for i, s in enumerate(series)
    )
    return f'{drawn}<ul class="legend">{keys}</ul>'


def plain(value: float) -> str:
    """A number as a reader would write it: 77.5, 0.0894, 1280."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


@dataclass(frozen=True)
class _Plot:
    """Two axes: what lies where."""

    across: tuple[float, float]
    up: tuple[float, float]
    logarithmic: bool = False

    def x(self, value: float) -> float:
        low, high = (math.log(v) if self.logarithmic else v for v in self.across)
        place = math.log(value) if self.logarithmic else value
        share = (place - low) / (high - low) if high > low else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value - self.up[0]) / (self.up[1] - self.up[0])
        return round(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP), 1)

    def svg(
        self,
        marks: str,
        x_ticks: Sequence[tuple[float, str]],
        y_ticks: Sequence[tuple[float, str]],
        x_label: str,
        y_label: str,
        title: str,
    ) -> str:
        """The marks on their axes."""
        grid = "".join(
            f'<path d="M{LEFT} {self.y(t)}H{WIDTH - RIGHT}" class="grid"/>'
            f'<text x="{LEFT - 6}" y="{self.y(t) + 4}" text-anchor="end">{text}</text>'
            for t, text in y_ticks
        )
        below = "".join(
            f'<text x="{self.x(t)}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{text}</text>'
            for t, text in x_ticks
        )
        names = (
            f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 4}" text-anchor="middle">{escape(x_label)}</text>'
            f'<text x="11" y="{(HEIGHT - BOTTOM + TOP) / 2}" text-anchor="middle" '
            f'transform="rotate(-90 11 {(HEIGHT - BOTTOM + TOP) / 2})">{escape(y_label)}</text>'
        )
        return (
            f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="{escape(title)}">'
            f"{grid}{below}{names}{marks}</svg>"
        )


def _path(points: Sequence[tuple[float, float]], colour: str) -> str:
    line = "L".join(f"{x} {y}" for x, y in points)
    return f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"/>'


def _step(span: float) -> float:
    """A round distance between ticks, so that four to eight of them fill the span."""
    rough = max(span, 1e-9) / 5
    power = 10 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough)


def _apart(ticks: list[tuple[float, str]], plot: _Plot, least: float = 34) -> list[tuple[float, str]]:
    """The ticks that do not run into the one before; the last always stands."""
    kept: list[tuple[float, str]] = []
    for tick in ticks:
        if not kept or plot.x(tick[0]) - plot.x(kept[-1][0]) >= least:
            kept.append(tick)
    if kept[-1] != ticks[-1]:
        kept[-1] = ticks[-1]
    return kept

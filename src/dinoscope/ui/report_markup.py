"""Report markup: a report -> one page that holds everything it shows, to keep, send or print."""

from __future__ import annotations

import re
from dataclasses import dataclass

from PIL import Image

from .. import figures
from ..explain.methods import METHODS
from ..notice import NOTICE
from ..report import Report, paragraph
from ..visit_tasks import outside
from .explain_markup import CURVES, doubtful
from .markup import class_colours
from .pictures import data_url
from .render import part
from .similar_markup import ORIGIN_NAMES, small

SHOWN = 640
"""Longest side in pixels of each picture in a report."""


@dataclass(frozen=True)
class Figure:
    """A picture of the report with what it shows."""

    url: str
    caption: str


def page(report: Report) -> str:
    """The whole HTML document, with no address in it but those of public originals."""
    task, explanation = report.task, report.explanation
    cases = [
        (small(s, task), ", ".join(task.display(x) for x in s.case.labels), s, ORIGIN_NAMES[s.case.origin])
        for s in report.cases
    ]
    return str(
        part(
            "report",
            "page",
            report=report,
            notice=NOTICE,
            paragraph=paragraph(report),
            figures=_figures(report),
            colours=class_colours(task),
            display=task.display,
            title=METHODS[explanation.method].title,
            curves=_curves(report),
            cases=sorted(cases, key=lambda c: not c[0]),
        )
    )


def file_name(report: Report) -> str:
    """How the file is called: by the task and the day, never by the picture."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", outside(report.task.name))
    return f"dinoscope_{name}_{report.date[:10]}.html"


def _figures(report: Report) -> list[Figure]:
    picture = report.picture.convert("RGB")
    picture.thumbnail((SHOWN, SHOWN), Image.Resampling.LANCZOS)
    heat = figures.heat(report.explanation.saliency).resize(picture.size, Image.Resampling.BILINEAR)
    worth = f"What moves the score, by {METHODS[report.explanation.method].title}: bright where most."
    shaded = Image.blend(picture, heat, 0.5)
    if doubtful(report.explanation):
        worth = "No better than chance, so shown pale: do not read it."
        shaded = Image.blend(picture, heat.convert("L").convert("RGB"), 0.3)
    found = [
        Figure(data_url(picture, SHOWN, "WEBP"), "The picture, as it was read."),
        Figure(data_url(shaded, SHOWN, "WEBP"), worth),
    ]
    if report.sight is not None:
        share = f"{100 * report.sight.share:.0f} %"
        found.append(
            Figure(
                data_url(report.sight.picture(picture.size), SHOWN, "WEBP"),
                "What the network sees: the same colour is the same kind of place in every picture of this task. "
                f"Three colours hold {share} of how its places differ; no label was asked.",
            )
        )
    return found


def _curves(report: Report) -> list[tuple[str, int, int, float, float]]:
    """Of each curve: how it is called, random orders beaten, of how many, its area and theirs."""
    found = report.explanation
    if found.verdict is None or found.by_tokens is None or found.by_pixels is None:
        return []
    curves = {
        "deletion_tokens": found.by_tokens.deletion,
        "insertion_tokens": found.by_tokens.insertion,
        "deletion_pixels": found.by_pixels.deletion,
        "insertion_pixels": found.by_pixels.insertion,
    }
    verdict = found.verdict
    return [
        (CURVES[name], getattr(verdict, name), verdict.of, curve.area, curve.random_area)
        for name, curve in curves.items()
    ]

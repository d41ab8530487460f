"""Markup of Batch: how far it is, what it comes to, and the table."""

from __future__ import annotations

import io
from collections.abc import Sequence

from markupsafe import Markup
from PIL import Image

from ..batch import summary as summaries
from ..batch.rows import NO_FINDING, Row, answer, called
from ..tasks import Task
from . import charts
from .markup import class_colours
from .pictures import data_url
from .render import part

SMALL = 96
"""Pixels of a picture in the table, shown at half of that."""
STANDINGS = {
    "unfamiliar": "unlike anything it knows",
    "edge": "at the edge",
    "familiar": "familiar",
}

INVITATION = part("batch", "invitation")


def waiting() -> Markup:
    """What stands there until its turn comes."""
    return part("batch", "progress", sentence="Waiting for a turn.", share=0)


FITTING = part("batch", "progress", sentence="Fitting; some seconds, or a minute for hundreds of pictures.", share=0)


def fitted(title: str) -> Markup:
    """What can be done with the visit's own head now."""
    return part("batch", "fitted", title=title)


def progress(done: int, total: int, left: float | None) -> Markup:
    """How many are read, and how long the rest takes."""
    if left is None:
        return part("batch", "progress", sentence=f"Looking at {total} pictures.", share=0)
    sentence = f"{done} of {total} pictures read, about {in_words(left)} left."
    return part("batch", "progress", sentence=sentence, share=100 * done / total)


def in_words(seconds: float) -> str:
    """A time to wait."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} minutes"


def summary(rows: Sequence[Row], task: Task, said: Sequence[str]) -> Markup:
    """What the batch comes to, all in all."""
    found = summaries.of(rows, task)
    read = found.pictures - len(found.unreadable)
    colours = class_colours(task)
    answers = [(task.display(c), n, 100 * n / max(read, 1), colours[c]) for c, n in found.answers.items()]
    if found.none:
        answers.append((NO_FINDING, found.none, 100 * found.none / max(read, 1), "var(--body-text-color-subdued)"))
    measured = found.measured
    matrix = ""
    if measured:
        matrix = charts.confusion(measured.confusion, [task.display(c) for c in measured.classes])
    return part(
        "batch",
        "summary",
        found=found,
        read=read,
        task=task,
        answers=answers,
        said=said,
        figure=summaries.in_words(measured) if measured else "",
        caveats=summaries.caveats(measured) if measured else "",
        matrix=matrix,
        lost=len(found.unfamiliar) > read / 2,
        foldered=any(r.item.label for r in rows),
        lists=[
            ("unlike anything the head knows", found.unfamiliar),
            ("at the edge of what it knows", found.edge),
            ("could not be read", found.unreadable),
        ],
    )


def table(rows: Sequence[Row], task: Task, latest: bool = False) -> Markup:
    """A line for each picture; `latest` while others are still read."""
    labelled = any(r.item.label for r in rows)
    shown = []
    for number, row in enumerate(rows):
        found = row.reading
        entry = {
            "number": number,
            "name": row.item.name,
            "place": f"{row.item.series}, slice {row.item.slice} of {row.item.slices}" if row.item.series else "",
            "image": _small(row),
            "error": row.error,
            "label": row.item.label,
            "right": row.right,
            "known": row.known,
        }
        if found is not None:
            entry |= {
                "answer": answer(found, task),
                "nearest": "" if called(found, task) else task.display(found.label),
                "probability": found.probabilities[found.label],
                "others": [task.display(c) for c in found.prediction_set if c not in called(found, task)],
                "standing": found.scope.standing,
                "standing_words": STANDINGS[found.scope.standing],
                "percentile": found.scope.percentile,
                "vote": task.display(found.agreement.label) if found.agreement else "",
                "agree": found.agreement is None or found.agreement.agree,
            }
        shown.append(entry)
    return part("batch", "table", rows=shown, labelled=labelled, latest=latest, voted=any(e.get("vote") for e in shown))


def _small(row: Row) -> str:
    if not row.thumbnail:
        return ""
    with Image.open(io.BytesIO(row.thumbnail)) as picture:
        return data_url(picture.convert("RGB"), SMALL, "WEBP")

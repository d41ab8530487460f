"""Markup: pictures and readings -> the parts of the page that all rooms share, and the answer of Classify."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from ..colour_maps import OKABE_ITO
from ..notice import NOTICE
from ..results import Reading
from ..tasks import Task
from ..words import enumerated, percent
from .examples import Example
from .pictures import data_url, thumbnail
from .render import part
from .visit import Chosen

EMPTY = part("page", "empty")


def placeholder(sentence: str) -> Markup:
    """What stands where an answer will be."""
    return part("page", "placeholder", sentence=sentence)


WORKING = placeholder("Reading the picture.")
WAITING = placeholder("Choose a picture, and the answer appears here.")


def header(backbone: str, tasks: int, notices: Sequence[str]) -> Markup:
    """Name, purpose, badge, standing notice, and what went wrong at the start."""
    bundled = backbone.split()[0] == "bundled"  # perhaps with a second network beside it
    origin = "offline" if bundled else "from the hub" if "/" in backbone else "from a folder"
    return part("page", "header", backbone=backbone, origin=origin, tasks=tasks, notice=NOTICE, notices=notices)


def picture(chosen: Chosen) -> Markup:
    """The picture, as large as the panel allows, with its facts and warnings."""
    decoded = chosen.decoded
    return part(
        "page",
        "picture",
        url=data_url(decoded.picture),
        name=chosen.name,
        example=chosen.example,
        uploaded=chosen.uploaded,
        facts=decoded.facts,
        cautions=[*filter(None, [chosen.remark]), *decoded.warnings],
    )


def strip(shown: Sequence[Example], named: bool) -> Markup:
    """Examples as a row of buttons, each a thumbnail, with its name below where `named`."""
    if not shown:
        return caption("No drawn picture of this task is read well enough to be shown: choose one of your own.")
    entries = [
        (
            thumbnail(e.task.folder / e.case.image, 160),
            e.key,
            e.task.display(e.case.labels[0]) if named else e.task.title,
        )
        for e in shown
    ]
    return part("page", "strip", entries=entries, named=named)


def camera() -> Markup:
    """A button that a finger finds where there is a camera; style hides it elsewhere."""
    return part("page", "camera")


def promise(kinds: str, most: int) -> Markup:
    """Whose pictures the examples are, how one's own comes here - `most` files at once -, and what becomes of it."""
    return part("page", "promise", kinds=kinds, most=most)


def footer() -> Markup:
    """Where programs and readers go next."""
    return part("page", "footer", notice=NOTICE)


def error(sentence: str) -> Markup:
    """What went wrong, in place of an answer."""
    return part("page", "error", sentence=sentence)


def quiet(sentence: str) -> Markup:
    """A remark beside the answer."""
    return part("page", "quiet", sentence=sentence)


def caption(sentence: str) -> Markup:
    """What stands above or below a widget."""
    return part("page", "caption", sentence=sentence)


def classification(reading: Reading, task: Task, second: str = "") -> Markup:
    """The answer in one sentence, the bars, and how familiar the picture is; `second` is the title of another guess."""
    present = [f"{task.display(c)} ({percent(reading.probabilities[c])})" for c in reading.prediction_set]
    others = [task.display(c) for c in reading.prediction_set if c != reading.label]
    together = reading.agreement.prediction_set if reading.agreement else ()
    return part(
        "classify",
        "answer",
        task=task,
        reading=reading,
        label=task.display(reading.label),
        present=listed(present),
        others=listed(others),
        together=listed([task.display(c) for c in together]),
        colours=class_colours(task),
        facts=task.facts,
        chance=1 / len(task.head.classes) if task.head.exclusive else 0.5,
        second=second,
    )


def class_colours(task: Task) -> dict[str, str]:
    """A fixed colour for each class of a task."""
    return {c: OKABE_ITO[i % len(OKABE_ITO)] for i, c in enumerate(task.head.classes)}


def listed(names: list[str]) -> str:
    """['a', 'b', 'c'] -> 'A, b and c'; none -> ''."""
    text = enumerated(names)
    return text[:1].upper() + text[1:]

"""Cards: the three answers about one picture, side by side; each card is the tab of its room."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from PIL import Image

from .. import figures
from ..reading.scope import Scope
from ..results import Explanation, Reading, vote
from ..similar import SimilarCase
from ..tasks import Task
from ..words import percent
from .markup import listed
from .pictures import data_url
from .render import part
from .similar_markup import Told, small

TITLES = {
    "classify": "Classify: what it says",
    "explain": "Explain: why",
    "similar": "Similar cases: what it looks like",
}
WORKING = {
    "classify": "Reading the picture.",
    "explain": "Then the map is drawn: some seconds.",
    "similar": "Then the nearest cases are found.",
}
SEEN = 5
"""Cases on the card of similar cases."""
MAP = 168
"""Side in pixels of the map on its card, twice what it takes on the page."""


def waiting(room: str) -> Markup:
    """There is no picture."""
    return part("cards", "waiting", title=TITLES[room])


def reading(room: str, sentence: str = "") -> Markup:
    """There is a picture, and no answer yet."""
    return part("cards", "reading", title=TITLES[room], sentence=sentence or WORKING[room])


def failed(room: str) -> Markup:
    """There will be no answer."""
    return part("cards", "failed", title=TITLES[room])


def classify(found: Reading, task: Task, drawn: tuple[str, str] | None = None, second: str = "") -> Markup:
    """The class, what else is in its set, how familiar the picture is, and whether it was drawn as what it is read as.

    Args:
        drawn: (task, label) it was drawn as; second: what else its task may be.
    """
    likely = f"{task.display(found.label)}, {percent(found.probabilities[found.label])}"
    if task.head.exclusive:
        left = [task.display(c) for c in found.prediction_set if c != found.label]
        headline = likely
        ruling = f"{listed(left)} cannot be ruled out." if left else _alone(found)
    else:
        present = [f"{task.display(c)}, {percent(found.probabilities[c])}" for c in found.prediction_set]
        headline = present[0] if present else "No finding"
        rest = len(present) - 1
        ruling = f"and {rest} more {'findings reach their' if rest > 1 else 'finding reaches its'} threshold."
        ruling = ruling if rest > 0 else "" if present else f"None reaches its threshold; nearest is {likely}."
    return part(
        "cards",
        "classify",
        title=TITLES["classify"],
        standing=found.scope.standing,
        headline=headline[:1].upper() + headline[1:],
        ruling=ruling,
        percentile=_share(found.scope),
        guess=f"A guess: {task.title}, or {second}." if second else "",
        drawn=_drawn(found, task, drawn),
        agrees=drawn is not None and drawn[1] in _read(found, task),
    )


def _drawn(found: Reading, task: Task, drawn: tuple[str, str] | None) -> str:
    """What was drawn beside what is read, and whether that is easy praise; of another task nothing can be said."""
    if drawn is None or drawn[0] != task.name or drawn[1] not in task.head.classes:
        return ""
    said = f"Drawn as {task.display(drawn[1])}"
    if drawn[1] not in _read(found, task):
        return f"{said}: the head reads something else."
    return f"{said}, and read so{', by a head that learnt from drawings, too' if task.learnt_from_drawings else ''}."


def _read(found: Reading, task: Task) -> Sequence[str]:
    """The class, or the findings, that the head decides for."""
    return [found.label] if task.head.exclusive else found.prediction_set


def _alone(found: Reading) -> str:
    """The set holds one class: how often such a set is wrong, as a class outside it may still have 20 %."""
    return (
        f"Alone in its {percent(found.coverage)} set; such a set misses in {percent(1 - found.coverage)} of pictures."
    )


def _share(scope: Scope) -> str:
    return percent(scope.percentile / 100)


def explain(found: Explanation, picture: Image.Image, headline: str, line: str, pale: bool = False) -> Markup:
    """The map, what it is worth, and where it lies."""
    small = picture.convert("RGB")
    small.thumbnail((MAP, MAP), Image.Resampling.LANCZOS)
    shade = figures.heat(found.saliency).resize(small.size, Image.Resampling.BILINEAR)
    image = data_url(Image.blend(small, shade, 0.3 if pale else 0.5), MAP, "WEBP")
    return part("cards", "explain", title=TITLES["explain"], image=image, pale=pale, headline=headline, line=line)


def similar(found: Sequence[SimilarCase], task: Task, told: Told) -> Markup:
    """The vote of the nearest cases, and those that can be seen first; no vote on a picture that is like none."""
    head_says = told.head_says
    winner = vote(found)
    if winner is None:
        return failed("similar")
    name = task.display(winner.label)
    if head_says is None:
        line = ""
    else:
        line = "As the head says." if head_says == winner.label else f"The head says {task.display(head_says)}."
    pictured = sorted(found, key=lambda s: not small(s, task))[:SEEN]
    cases = [
        (
            small(s, task),
            ", ".join(task.display(x) for x in s.case.labels),
            s.similarity,
        )
        for s in pictured
    ]
    headline = f"{winner.count} of {winner.of} nearest: {name}"
    if told.decided:
        headline, line = f"The {winner.of} nearest that {told.decided} left", "No vote: that would confirm itself."
    elif told.strange:
        headline, line = "None is really near", "These are the least far, so their classes say little."
    return part("cards", "similar", title=TITLES["similar"], headline=headline, line=line, cases=cases)

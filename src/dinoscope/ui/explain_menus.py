"""Explain's menus: which classes and cases can be asked about."""

from __future__ import annotations

from ..errors import RequestError
from ..similar import SearchRequest
from ..tasks import Task
from ..workbench import Source, Workbench
from .visit import Chosen

NEAREST = 8
"""Cases offered for "similar to"."""
NO_CASE = ("no case: explain the class", "")


def classes_of(task: Task) -> list[tuple[str, str]]:
    """Every class, as a menu names it."""
    return [(task.display(c), c) for c in task.head.classes]


def first_target(chosen: Chosen, task: Task) -> str | None:
    """The class that is explained first."""
    wished = chosen.wish.target
    return wished if wished in task.head.classes else chosen.reading.label if chosen.reading else None


def cases_to_compare(workbench: Workbench, picture: Source, task: str) -> list[tuple[str, str]]:
    """What "similar to" offers: the nearest cases. A search that fails takes no map from anybody."""
    try:
        found = workbench.similar(picture, task, SearchRequest(NEAREST))
    except RequestError:
        found = []
    display = workbench.task(task).display
    named = [(f"{display(s.case.labels[0])}, similarity {s.similarity:.2f} ({s.case.id})", s.case.id) for s in found]
    return [NO_CASE, *named]

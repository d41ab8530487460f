"""Guess: which task a picture belongs to, when nobody says, and which other one it comes near to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .errors import RequestError
from .reading import scope
from .tasks import Task

CLOSE = 1.2
"""A second guess is told where its cases are at most so many times as far as those of the first. On 2,328 public
pictures of fold 1 the first was wrong for 205, all of them fundus photographs with two tasks; the second was right for
all of these and told for 90 %, as it was for 8 % of the others."""


def guessed(tasks: Mapping[str, Task], vector: np.ndarray) -> tuple[Task, str]:
    """The task whose training cases are nearest; of those of its modality rather one with a single answer.

    Args:
        vector: [K] unit vector of the picture.
    Returns:
        it, and the name of the nearest other one where that is close, or "".
    Raises:
        RequestError: when there is no task.
    """
    if not tasks:
        raise RequestError("no task is loaded; fit one with `dinoscope fit`")
    far = {name: scope.distances(vector[None], task.training)[0] for name, task in tasks.items()}
    first = min(far, key=far.__getitem__)
    modality = tasks[first].facts.get("modality")
    single = [n for n, t in tasks.items() if t.facts.get("modality") == modality and t.head.exclusive]
    if single and modality:
        first = min(single, key=far.__getitem__)
    second = min((name for name in far if name != first), key=far.__getitem__, default="")
    return tasks[first], second if second and far[second] < CLOSE * far[first] else ""


def nearest(tasks: Mapping[str, Task], vector: np.ndarray) -> Task:
    """The task that is `guessed` first."""
    return guessed(tasks, vector)[0]

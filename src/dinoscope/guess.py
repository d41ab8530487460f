"""Guess: which task a picture belongs to, when nobody says."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .errors import RequestError
from .reading import scope
from .tasks import Task


def nearest(tasks: Mapping[str, Task], vector: np.ndarray) -> Task:
    """The task whose training cases are nearest; of those of its modality rather one with a single answer.

    Args:
        vector: [K] unit vector of the picture.
    Raises:
        RequestError: when there is no task.
    """
    if not tasks:
        raise RequestError("no task is loaded; fit one with `dinoscope fit`")
    far = {name: scope.distances(vector[None], task.training)[0] for name, task in tasks.items()}
    found = tasks[min(far, key=far.__getitem__)]
    modality = found.facts.get("modality")
    single = [n for n, t in tasks.items() if t.facts.get("modality") == modality and t.head.exclusive]
    return tasks[min(single, key=far.__getitem__)] if single and modality else found

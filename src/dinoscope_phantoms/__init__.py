"""Phantoms: synthetic cases drawn by code, each with an exact lesion mask and its drawing parameters."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

ROOMS = {
    "brain_mri": "brain_mri",
    "leukemia_all": "blood_smear",
    "eye_diseases": "fundus",
    "chest_ct": "lung_ct",
    "pneumonia_cxr": "chest_radiograph",
    "ham10000": "dermoscopy",
    "busi": "breast_ultrasound",
    "odir": "fundus",
}
"""Task -> the module of this package that draws it. Each has `CLASSES` and `draw(label, seed, size)`.

Of the findings of `odir` four can be drawn.
"""


@dataclass(frozen=True)
class Phantom:
    """A drawn case.

    Attributes:
        picture: RGB picture, `size` by `size` pixels.
        mask: [size, size] bool, true on the lesion; all false where the class has none.
        label: class of the task it was drawn for.
        seed: the seed that draws it again, bit for bit.
        parameters: what was drawn, to filter by: lesion size, site, contrast and the like.
    """

    picture: Image.Image
    mask: np.ndarray
    label: str
    seed: int
    parameters: dict[str, float | str] = field(default_factory=dict)


def classes(task: str) -> tuple[str, ...]:
    """Labels that the task's phantoms can carry, in the task's own spelling."""
    return _room(task).CLASSES


def draw(task: str, label: str, seed: int, size: int = 224) -> Phantom:
    """Draw one phantom.

    Args:
        task: a key of `ROOMS`.
        label: one of `classes(task)`.
        seed: any integer from 0; the same seed draws the same picture.
        size: side of the square picture in pixels.
    Raises:
        ValueError: for a task that has no phantoms or a label that the task does not have.
    """
    phantom = as_drawn(task, label, seed, size)
    acquisition = importlib.import_module(".acquisition", __name__)
    rng = np.random.default_rng([seed, classes(task).index(label), 1])
    values = acquisition.settings(ROOMS[task], label, rng)
    return acquisition.acquire(ROOMS[task], phantom, values, rng) if values else phantom


def as_drawn(task: str, label: str, seed: int, size: int = 224) -> Phantom:
    """The same before its acquisition; arguments and errors as for `draw`."""
    room = _room(task)
    if label not in room.CLASSES:
        raise ValueError(f"{task} has no class {label!r}; draw one of {', '.join(room.CLASSES)}")
    return room.draw(label, seed, size)


def picture(task: str, label: str, seed: int) -> Image.Image:
    """What `draw` draws, without its mask."""
    return draw(task, label, seed).picture


def _room(task: str):
    if task not in ROOMS:
        raise ValueError(f"no phantoms are drawn for {task!r}; choose one of {', '.join(ROOMS)}")
    return importlib.import_module(f".{ROOMS[task]}", __name__)

"""Chest CT: one axial slice of a person without a tumour, in Hounsfield units."""

from __future__ import annotations

import numpy as np

from ..chest_shapes import Frame
from .couch import draw_couch
from .lungs import draw_lungs, draw_vessels
from .mediastinum import draw_mediastinum
from .skeleton import draw_skeleton
from .slice import AIR, Person, Slice
from .wall import draw_wall


def draw_body(rng: np.random.Generator, frame: Frame, person: Person) -> Slice:
    """Draw everything but a tumour."""
    size = frame.size
    scene = Slice(frame, person, np.full((size, size), AIR, np.float32), np.zeros((size, size), np.float32), {})
    draw_couch(rng, scene)
    draw_wall(rng, scene)
    draw_lungs(rng, scene)
    draw_vessels(rng, scene)
    draw_mediastinum(rng, scene)
    draw_skeleton(rng, scene)
    return scene

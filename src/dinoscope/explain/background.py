"""Background of a map: a map may not light the empty border of a picture.

There is nothing to see. Where the score falls without it all the same, that is a finding
about the data (a scanner's frame, a mask left in the picture), and is said instead of hidden.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..reading.background import find
from . import Subject

HANGS = 0.1
"""The score hangs on the background when it falls by more than this without it."""


def settle(subject: Subject, levels: np.ndarray) -> tuple[Subject, float]:
    """The subject with its empty background, none where the score hangs on it; and how far it falls without it.

    Args:
        levels: [S, S, 3] from 0 to 1, of the subject's pixels.
    """
    empty = find(levels, subject.grid)
    if not empty.any():
        return subject, 0.0
    lost = subject.value - float(subject.through(~empty[None], subject.target.value))
    return (subject if lost > HANGS else replace(subject, empty=empty)), lost

"""Fresh drawn cases: seeds that no bundled case has, drawn and read by the encoder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dinoscope.reading.encoder import Encoder
from dinoscope_phantoms import Phantom, classes, draw

FIRST_SEED = 1_000_000
"""The first seed that is drawn; bundled cases have seeds below 1,000."""
BATCH = 32


@dataclass(frozen=True)
class Fresh:
    """Drawn cases, in the order of their labels: phantoms [N], labels [N], pooled features [N, P]."""

    phantoms: list[Phantom]
    labels: np.ndarray
    pooled: np.ndarray


def read(encoder: Encoder, task: str, each: int, seed: int = FIRST_SEED) -> Fresh:
    """Draw `each` cases a class from `seed` on."""
    phantoms = [draw(task, label, seed + i) for label in classes(task) for i in range(each)]
    rows = [encoder([p.picture for p in phantoms[i : i + BATCH]]).pooled for i in range(0, len(phantoms), BATCH)]
    return Fresh(phantoms, np.array([p.label for p in phantoms]), np.concatenate(rows))

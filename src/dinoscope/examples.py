"""Examples: which drawn cases of a task are worth beginning with; `dinoscope phantoms --examples` chooses them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "examples.json"
HEAD = "head.safetensors"


@dataclass(frozen=True)
class Choice:
    """A drawn case that the head reads as drawn and finds familiar, and whose map points into its lesion.

    Attributes:
        id, label: of the case.
        probability: of its class.
        overlap: intersection over union of map and lesion, 0 to 1; None for a class without a lesion.
        guessed: whether the app guesses its task from the picture.
        faithful: whether the map beats chance on all curves.
        agreed: whether the nearest real cases say the same.
    """

    id: str
    label: str
    probability: float
    overlap: float | None
    guessed: bool
    faithful: bool
    agreed: bool

    @property
    def worth(self) -> tuple[bool, bool, bool, float, float]:
        """What the best one has most of."""
        return self.guessed, self.faithful, self.agreed, self.overlap or 0.0, self.probability


def read(folder: Path, there: Collection[str]) -> tuple[Choice, ...] | None:
    """What was chosen for the head in a task's folder, the best first; None where nothing was, or for another head.

    Args:
        there: ids of the cases whose pictures are at hand; others are left out.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    if told["head"] != _digest(folder):
        return None
    return tuple(Choice(**c) for c in told["examples"] if c["id"] in there)


def text(folder: Path, choices: list[Choice], counts: dict[str, int]) -> str:
    """The file for a task's folder.

    Args:
        counts: how many cases were drawn, and how many of them passed each condition.
    """
    best = sorted(choices, key=lambda c: c.worth, reverse=True)
    return json.dumps({"head": _digest(folder), **counts, "examples": [asdict(c) for c in best]}, indent=1) + "\n"


def _digest(folder: Path) -> str:
    """Of the head that the choice was made with: a head that is fitted anew may read the cases otherwise."""
    return hashlib.sha256((folder / HEAD).read_bytes()).hexdigest()

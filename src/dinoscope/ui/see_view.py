"""See view: what the network sees in the visitor's picture, beside a case where one is chosen. No widgets."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from markupsafe import Markup

from ..reading import images
from ..reading.encoded import Encoded
from ..reading.images import Decoded
from ..reading.scope import unit
from ..see import places
from ..see.sight import Sight
from ..similar import Filters, SearchRequest
from ..workbench import Workbench
from .markup import error
from .pictures import data_url
from .render import part
from .visit import Chosen

NEAREST = 8
"""Cases offered to stand beside the picture."""
SIDE = 512
"""Pixels of the longer side of a picture on the board."""


@dataclass(frozen=True)
class Shown:
    """One side of the board.

    Attributes:
        name: for readers; seen: the picture's sight.
        picture, colours: addresses of the two pictures that lie over each other; vectors: base64 of the bytes.
    """

    name: str
    seen: Sight
    picture: str
    colours: str
    vectors: str


@dataclass(frozen=True)
class Seer:
    """Draws the board of one visitor's picture."""

    workbench: Workbench

    def board(self, value: Chosen | None, case_id: str = "") -> Markup | str:
        """The picture, and a case of its task beside it where one with a picture is named.

        A task that was fitted without colours gets the sentence that says so.
        """
        if value is None or value.reading is None:
            return ""
        task = self.workbench.tasks[value.reading.task]
        if task.axes is None:
            return error(f"{task.title} was fitted without colours; fit it again with `dinoscope fit`")
        sides = [self._shown("your picture", value.picture, task.name)]
        if case_id:
            case = next((c for c in task.cases if c.id == case_id and c.image), None)
            if case is not None:
                picture = images.read(task.folder / case.image)
                sides.append(self._shown(f"{task.display(case.labels[0])} ({case.id})", picture, task.name))
        pairs = _pairs(*(s.seen for s in sides)) if len(sides) == 2 else []
        share = sides[0].seen.share
        sentence = f"What the network tells apart: three colours hold {100 * share:.0f} % of how its places differ."
        return part("see", "board", sights=sides, pairs=pairs, sentence=sentence)

    def cases(self, value: Chosen | None) -> list[tuple[str, str]]:
        """(for readers, id) of the nearest cases whose pictures are at hand."""
        if value is None or value.reading is None:
            return []
        task = self.workbench.tasks[value.reading.task]
        asked = SearchRequest(NEAREST, Filters(origins=("phantom",)))
        found = self.workbench.similar(value.picture, task.name, asked)
        return [(f"{task.display(s.case.labels[0])} ({s.case.id})", s.case.id) for s in found if s.case.image]

    def _shown(self, name: str, picture: Encoded | Decoded, task: str) -> Shown:
        seen = self.workbench.see(picture, task)
        shown = picture.decoded.picture if isinstance(picture, Encoded) else picture.picture
        return Shown(
            name,
            seen,
            data_url(shown, SIDE, "WEBP"),
            data_url(seen.picture(_fitted(shown.size)), SIDE),
            base64.b64encode(seen.vectors.tobytes()).decode(),
        )


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    """A size (W, H) with its longer side at `SIDE`."""
    scale = SIDE / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _pairs(here: Sight, there: Sight) -> list[list[tuple[float, float]]]:
    """Where the pairs of alike places lie, (x, y) in percent of each picture, of the first and of the second."""
    found = places.mutual(unit(here.vectors.astype("float32")), unit(there.vectors.astype("float32")))
    return [
        [_middle(pair.here, here.grid) for pair in found],
        [_middle(pair.there, there.grid) for pair in found],
    ]


def _middle(place: int, grid: tuple[int, int]) -> tuple[float, float]:
    row, column = divmod(place, grid[1])
    return 100 * (column + 0.5) / grid[1], 100 * (row + 0.5) / grid[0]

"""See view: what the network sees in the visitor's picture, beside a case where one is chosen. No widgets."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from ..errors import RequestError
from ..reading import images
from ..reading.encoded import Encoded
from ..reading.images import Decoded
from ..reading.scope import unit
from ..see import places
from ..see.sight import Sight
from ..similar import Filters, SearchRequest, SimilarCase
from ..similar.search import MOST
from ..tasks import Task
from ..workbench import Workbench
from .markup import error
from .pictures import data_url
from .render import part
from .visit import FORGOTTEN, Chosen

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
        if value is None:
            return error(FORGOTTEN)
        if value.reading is None:
            return ""
        try:
            task = self.workbench.task(value.reading.task)
        except RequestError as fault:
            return error(str(fault))
        if task.axes is None:
            return error(f"{task.title} was fitted without colours; fit it again with `dinoscope fit`")
        sides = [self._shown("this picture", value.picture, task.name)]
        if case_id:
            found = next((f for f in self._near(value) if f.case.id == case_id), None)
            if found is not None:
                sides.append(self._shown(_called(found, task), _picture(found, task), task.name))
        pairs = _pairs(*(s.seen for s in sides)) if len(sides) == 2 else []
        share = sides[0].seen.share
        sentence = f"What the network tells apart: three colours hold {100 * share:.0f} % of how its places differ."
        return part("see", "board", sights=sides, pairs=pairs, sentence=sentence)

    def cases(self, value: Chosen | None) -> list[tuple[str, str]]:
        """(for readers, id) of the nearest cases whose pictures are at hand: drawn, own or fetched ones."""
        if value is None or value.reading is None:
            return []
        try:
            task = self.workbench.task(value.reading.task)
        except RequestError:  # the board says why
            return []
        return [(_called(found, task), found.case.id) for found in self._near(value)]

    def _near(self, value: Chosen) -> list[SimilarCase]:
        """The nearest cases with a picture; a search that fails takes the colours from nobody."""
        assert value.reading is not None
        found: dict[str, SimilarCase] = {}
        try:
            # Cases without a picture may be the nearest by far, and drawn ones always have one.
            for request in (SearchRequest(MOST), SearchRequest(NEAREST, Filters(origins=("phantom",)))):
                near = self.workbench.similar(value.picture, value.reading.task, request)
                found |= {s.case.id: s for s in near if s.case.image or s.thumbnail}
        except RequestError:
            pass
        return sorted(found.values(), key=lambda s: -s.similarity)[:NEAREST]

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


def _called(found: SimilarCase, task: Task) -> str:
    """The case for readers; what is read from a thumbnail is said to be."""
    small = "" if found.case.image else ", from its thumbnail"
    return f"{task.display(found.case.labels[0])} ({found.case.id}{small})"


def _picture(found: SimilarCase, task: Task) -> Decoded:
    """What is at hand of a case's picture: all of a bundled one, the thumbnail of any other."""
    return images.read(task.folder / found.case.image if found.case.image else found.thumbnail)


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    """A size (W, H) with its longer side at `SIDE`."""
    scale = SIDE / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _pairs(here: Sight, there: Sight) -> list[list[tuple[float, float]]]:
    """Where the pairs of alike places lie, (x, y) in percent of each picture, of the first and of the second."""
    kept = [np.flatnonzero(~s.empty) for s in (here, there)]  # empty borders are very much alike, and say nothing
    first, second = (unit(s.vectors[at].astype(np.float32)) for s, at in zip((here, there), kept, strict=True))
    found = places.mutual(first, second)
    return [
        [_middle(int(kept[0][pair.here]), here.grid) for pair in found],
        [_middle(int(kept[1][pair.there]), there.grid) for pair in found],
    ]


def _middle(place: int, grid: tuple[int, int]) -> tuple[float, float]:
    row, column = divmod(place, grid[1])
    return 100 * (column + 0.5) / grid[1], 100 * (row + 0.5) / grid[0]

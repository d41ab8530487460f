"""Ask: one search of the index, and which of what was found it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .case import Case, Hit
from .facets import Filters


@dataclass(frozen=True)
class Ask:
    """One search.

    Attributes:
        vector: [K], the picture's.
        filters: what the cases must have.
        liked, disliked: ids of cases to come closer to, and to move away from.
        patches: [n, d] of a region of the picture, by which the nearest are ranked again.
        case: id of the query itself, pixels: its `pixel_hash`, group: its patient or lesion; all left out.
        one_a_group: at most one case a patient, lesion or near-duplicate group.
    """

    vector: np.ndarray
    filters: Filters | None = None
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    patches: np.ndarray | None = None
    case: str = ""
    pixels: str = ""
    group: str = ""
    one_a_group: bool = True

    def keeps(self, case: Case) -> bool:
        """Whether a case passes the filters and is not the query, an example or, unless asked for, of its group."""
        same = case.id in (self.case, *self.liked, *self.disliked) or (self.pixels and case.pixels == self.pixels)
        if same or (self.one_a_group and self.group and case.group == self.group):
            return False
        return self.filters is None or self.filters.allow(case)

    def distinct(self, found: Sequence[Hit]) -> list[Hit]:
        """Without the query itself, and with the first case of every group; one without a group stands for itself."""
        kept = [h for h in found if self.keeps(h.case)]
        if not self.one_a_group:
            return kept
        first: dict[str, Hit] = {}
        for hit in kept:
            first.setdefault(hit.case.group or f"case {hit.case.id}", hit)
        return list(first.values())

"""Request: what a visitor looks for among the cases, and the query that was read from the picture or case."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from . import regions
from .case import Case, Hit
from .facets import Filters
from .regions import Box


@dataclass(frozen=True)
class Query:
    """What similar cases are searched with; read once, then asked as often as the request changes.

    Attributes:
        task: name of the task.
        vector: [K] unit vector.
        patches: [h * w, d] unit vectors on `grid` (h, w); None where the task has no patch vectors.
        case: the known case that is the query, or whose picture it is; its whole group is left out.
        pixels: `pixel_hash` of the picture; cases of the same picture are left out.
        pixels_here: whether the picture itself is at hand, rather than only what is stored of the case.
    """

    task: str
    vector: np.ndarray
    patches: np.ndarray | None = None
    grid: tuple[int, int] = (1, 1)
    case: Case | None = None
    pixels: str = ""
    pixels_here: bool = True

    def inside(self, region: Box | None) -> np.ndarray | None:
        """[n, d] patches of a region; None without a region, or where there are no patches."""
        if region is None or self.patches is None:
            return None
        return self.patches[regions.inside(region, self.grid)]


@dataclass(frozen=True)
class SearchRequest:
    """What the found cases should be like; one from the page and from programs alike.

    Attributes:
        k: how many cases, of each class where it is the classes that are compared.
        filters: what they must have.
        liked, disliked: ids of cases to come closer to, and to move away from.
        region: the part of the query to look for; None for all of it.
        one_a_group: at most one case a patient, lesion or near-duplicate group.
    """

    k: int = 5
    filters: Filters = field(default_factory=Filters)
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    region: Box | None = None
    one_a_group: bool = True

    @property
    def judged(self) -> tuple[str, ...]:
        """Ids of all cases that were liked or disliked."""
        return (*self.liked, *self.disliked)

    def vote_decided_by(self, classes: Collection[str]) -> str:
        """What has decided a vote of the found cases beforehand, so that they have none; "" for nothing."""
        if self.filters.labels and set(self.filters.labels) != set(classes):
            return "the class filter"
        return "what you liked and disliked" if self.judged else ""

    def more(self, case_id: str) -> SearchRequest:
        """With a case to come closer to."""
        kept = self.without(case_id)
        return replace(kept, liked=(*kept.liked, case_id))

    def less(self, case_id: str) -> SearchRequest:
        """With a case to move away from."""
        kept = self.without(case_id)
        return replace(kept, disliked=(*kept.disliked, case_id))

    def without(self, case_id: str) -> SearchRequest:
        """As if nothing had been said of this case."""
        liked, disliked = (tuple(c for c in said if c != case_id) for said in (self.liked, self.disliked))
        return replace(self, liked=liked, disliked=disliked)

    def keeps(self, case: Case, query: Query) -> bool:
        """Whether a case passes the filters and is not the query, a judged one or, unless asked for, of its group."""
        own = query.case
        same = case.id in self.judged or (own is not None and case.id == own.id)
        if same or (query.pixels and case.pixels == query.pixels):
            return False
        if self.one_a_group and own is not None and own.group and case.group == own.group:
            return False
        return self.filters.allow(case)

    def distinct(self, found: Sequence[Hit], query: Query) -> list[Hit]:
        """What is kept, of every group the first case only; one without a group stands for itself."""
        kept = [h for h in found if self.keeps(h.case, query)]
        if not self.one_a_group:
            return kept
        first: dict[str, Hit] = {}
        for hit in kept:
            first.setdefault(hit.case.group or f"case {hit.case.id}", hit)
        return list(first.values())

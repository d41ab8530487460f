"""Trail: the steps of one visitor's search, to go back and forward on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..similar.regions import Box
from ..similar.search import Query


@dataclass(frozen=True)
class Step:
    """What is searched with, and what was said about the results.

    Attributes:
        name: how the page calls the query.
        liked, disliked: ids of cases; region: the part searched with, or None for the whole.
    """

    query: Query
    name: str
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    region: Box | None = None

    def more(self, case_id: str) -> Step:
        """With a case to come closer to."""
        kept = self.without(case_id)
        return replace(kept, liked=(*kept.liked, case_id))

    def less(self, case_id: str) -> Step:
        """With a case to move away from."""
        kept = self.without(case_id)
        return replace(kept, disliked=(*kept.disliked, case_id))

    def without(self, case_id: str) -> Step:
        """As if nothing had been said of this case."""
        liked = tuple(c for c in self.liked if c != case_id)
        return replace(self, liked=liked, disliked=tuple(c for c in self.disliked if c != case_id))


@dataclass(frozen=True)
class Trail:
    """Steps in order, and which one is shown. It lives in memory and ends with the visit."""

    steps: tuple[Step, ...] = field(default_factory=tuple)
    position: int = 0

    @property
    def now(self) -> Step:
        """The step that is shown."""
        return self.steps[self.position]

    @property
    def can_go_back(self) -> bool:
        """Whether there is a step before this one."""
        return self.position > 0

    @property
    def can_go_forward(self) -> bool:
        """Whether a step was gone back from."""
        return self.position + 1 < len(self.steps)

    def to(self, step: Step) -> Trail:
        """One step on; those that were gone back from are forgotten."""
        return Trail((*self.steps[: self.position + 1], step), self.position + 1)

    def back(self) -> Trail:
        """One step back, as far as there is one."""
        return replace(self, position=max(self.position - 1, 0))

    def forward(self) -> Trail:
        """One step forward again, as far as there is one."""
        return replace(self, position=min(self.position + 1, len(self.steps) - 1))

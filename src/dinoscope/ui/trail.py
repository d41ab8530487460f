"""Trail: the steps of one visitor's search, to go back and forward on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..errors import RequestError
from ..similar import Query, SearchRequest

MOST_STEPS = 100
"""Of one search; each is kept for going back."""


@dataclass(frozen=True)
class Step:
    """What is searched with, and what was said about the results.

    Attributes:
        name: how the page calls the query.
        request: liked and disliked cases and the region; the controls of the tab add the rest.
    """

    query: Query
    name: str
    request: SearchRequest = field(default_factory=SearchRequest)


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
        """One step on; those that were gone back from are forgotten.

        Raises:
            RequestError: after `MOST_STEPS`.
        """
        if self.position + 1 >= MOST_STEPS:
            raise RequestError(f"This search has {MOST_STEPS} steps; go back a few, or choose the picture anew.")
        return Trail((*self.steps[: self.position + 1], step), self.position + 1)

    def back(self) -> Trail:
        """One step back, as far as there is one."""
        return replace(self, position=max(self.position - 1, 0))

    def forward(self) -> Trail:
        """One step forward again, as far as there is one."""
        return replace(self, position=min(self.position + 1, len(self.steps) - 1))

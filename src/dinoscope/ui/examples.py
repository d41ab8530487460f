"""Examples: drawn cases that are offered to be looked at, one a modality or one a class."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import RequestError
from ..reading import images
from ..similar import Case
from ..tasks import Task
from ..workbench import Workbench
from .visit import Chosen


@dataclass(frozen=True)
class Example:
    """A drawn case of a task."""

    task: Task
    case: Case

    @property
    def key(self) -> str:
        """How an address names it."""
        return f"{self.task.name}/{self.case.id}"

    @property
    def name(self) -> str:
        """How the page calls it."""
        return f"Example, drawn: {self.task.display(self.case.labels[0])}"

    def chosen(self, task: str | None = None) -> Chosen:
        """The picture in front of a visitor; `task` is the one they asked for."""
        decoded = images.read(self.task.folder / self.case.image)
        drawn = (self.task.name, self.case.labels[0]) if self.case.origin == "phantom" else None
        return Chosen(decoded, self.name, example=self.key, task=task, drawn=drawn)


def offered(workbench: Workbench, task: str | None) -> list[Example]:
    """One a class of a task; one a modality, the best to begin with first, while the task is open.

    Only cases that were chosen because head and map do well on them; all that are drawn where none was ever chosen, as
    with another backbone.
    """
    if task:
        one = workbench.tasks[task]
        if one.choices is None:
            return [Example(one, c) for c in one.examples()]
        first = {c.label: Example(one, one.case(c.id)) for c in reversed(one.choices)}
        return [first[label] for label in one.head.classes if label in first]
    best: dict[str, tuple[tuple, Example]] = {}
    for t in workbench.tasks.values():
        found: list[tuple[tuple, Case]] = [((), c) for c in t.examples()[:1]]
        if t.choices is not None:
            found = [(c.worth, t.case(c.id)) for c in t.choices[:1] if c.guessed]
        modality = t.facts.get("modality", t.name)
        for worth, case in found:
            if modality not in best or worth > best[modality][0]:
                best[modality] = worth, Example(t, case)
    return [example for _, example in sorted(best.values(), key=lambda found: found[0], reverse=True)]


def named(workbench: Workbench, key: str) -> Example:
    """The example that an address or a button names; it is looked up, and never a path.

    Raises:
        RequestError: when there is none.
    """
    name, _, case_id = key.partition("/")
    task = workbench.tasks.get(name)
    position = task.position(case_id) if task else None
    if task is None or position is None or not task.cases[position].image:
        raise RequestError("There is no such example; choose one of those shown.")
    return Example(task, task.cases[position])

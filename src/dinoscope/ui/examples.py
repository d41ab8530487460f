"""Examples: drawn cases that are offered to be looked at, one a modality or one a class."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import RequestError
from ..reading import images
from ..similar import Case
from ..tasks import Task
from ..workbench import Workbench
from .visit import Chosen

GOOD = (
    "ham10000/phantom_vasc_14",
    "brain_mri/phantom_meningioma_tumor_9",
    "busi/phantom_benign_8",
    "eye_diseases/phantom_glaucoma_7",
    "leukemia_all/phantom_pre_8",
    "chest_ct/phantom_squamous_cell_carcinoma_11",
)
"""Cases to begin with, the best first: read rightly, familiar, and, where the bundled backbone has such a case, with a
faithful map on the lesion and nearest cases that can be seen. Of others the first of their modality is taken."""


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
        return Chosen(decoded, self.name, example=self.key, task=task)


def offered(workbench: Workbench, task: str | None) -> list[Example]:
    """One a class of a task; one a modality, the best to begin with first, while the task is open."""
    if task:
        return [Example(workbench.tasks[task], c) for c in workbench.tasks[task].examples()]
    first: dict[str, Example] = {}
    for t in workbench.tasks.values():
        shown = [Example(t, c) for c in t.examples()]
        good = [e for c in t.cases if c.image and (e := Example(t, c)).key in GOOD]
        modality = t.facts.get("modality", t.name)
        if good or (shown and modality not in first):
            first[modality] = (good or shown)[0]
    return sorted(first.values(), key=_rank)


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


def _rank(example: Example) -> int:
    return GOOD.index(example.key) if example.key in GOOD else len(GOOD)

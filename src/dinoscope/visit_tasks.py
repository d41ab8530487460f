"""Visit tasks: the tasks of everybody and, for who knows their names, those that a single visit fitted for itself."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .similar import CaseIndex
from .tasks import Task

OWN = "own-"
EACH, ALL = 3, 60
"""Tasks that one visit, and all visits together, may have; then the oldest goes."""


def name() -> str:
    """A name that nobody can guess."""
    return f"{OWN}{secrets.token_hex(16)}"


@dataclass(frozen=True)
class _Own:
    visitor: str
    task: Task
    index: CaseIndex | None


class VisitTasks(Mapping[str, Task]):
    """Tasks by name; only those of everybody are listed, counted and guessed. Safe to call from several threads.

    A visit's own are found by their names, which are secrets of the visit. They live in memory.
    """

    def __init__(self, shared: Mapping[str, Task]) -> None:
        self._shared = shared
        self._own: OrderedDict[str, _Own] = OrderedDict()
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> Task:
        """A task of everybody, or one whose secret name is known."""
        if name in self._shared:
            return self._shared[name]
        with self._lock:
            return self._own[name].task

    def __iter__(self) -> Iterator[str]:
        return iter(self._shared)

    def __len__(self) -> int:
        return len(self._shared)

    def add(self, visitor: str, task: Task, index: CaseIndex | None = None) -> None:
        """Keep a task for one visit, with the index of its cases; they go when the visit does."""
        with self._lock:
            self._own[task.name] = _Own(visitor, task, index)
            mine = [n for n, own in self._own.items() if own.visitor == visitor]
            for old in [*mine[:-EACH], *list(self._own)[: max(0, len(self._own) - ALL)]]:
                self._own.pop(old, None)

    def of(self, visitor: str) -> list[Task]:
        """The tasks of one visit, the oldest first."""
        with self._lock:
            return [own.task for own in self._own.values() if own.visitor == visitor]

    def index(self, name: str) -> CaseIndex | None:
        """Where the cases of a visit's own task are searched; None for any other."""
        with self._lock:
            return self._own[name].index if name in self._own else None

    def forget(self, visitor: str) -> None:
        """Forget the tasks of a visit."""
        with self._lock:
            for name in [n for n, own in self._own.items() if own.visitor == visitor]:
                del self._own[name]

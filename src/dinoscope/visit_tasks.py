"""Visit tasks: the tasks of everybody and, for who knows their names, those that a single visit fitted for itself."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .similar import CaseIndex
from .tasks import Task

OWN = "own-"
EACH, ALL = 3, 60
"""Tasks that one visit, and all visits together, may have; then the oldest goes."""
KEPT = 3600.0
"""Seconds after its last use at which a visit's own task is forgotten."""
SWEEP = 300.0
"""Seconds between two looks for what nobody uses."""


def name() -> str:
    """A name that nobody can guess."""
    return f"{OWN}{secrets.token_hex(16)}"


def outside(name: str) -> str:
    """How a task is called in what leaves the page - files, figures, their names: a visit's own by no secret."""
    return "own" if name.startswith(OWN) else name


@dataclass(frozen=True)
class _Own:
    visitor: str
    task: Task
    index: CaseIndex | None


class VisitTasks(Mapping[str, Task]):
    """Tasks by name; only those of everybody are listed, counted and guessed. Safe to call from several threads.

    A visit's own are found by their names, which are secrets of the visit. They live in memory, and are forgotten
    `KEPT` seconds after anybody last asked for them: when a visit ends is known to nobody.
    """

    def __init__(self, shared: Mapping[str, Task], clock: Callable[[], float] = time.monotonic) -> None:
        self._shared = shared
        self._clock = clock
        self._own: OrderedDict[str, _Own] = OrderedDict()
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()
        self._sweeping = False

    def beside(self, shared: Mapping[str, Task]) -> VisitTasks:
        """The same for another network: tasks of the same name are used, and forgotten, together."""
        other = VisitTasks(shared, self._clock)
        other._used, other._lock = self._used, self._lock
        return other

    def __getitem__(self, name: str) -> Task:
        """A task of everybody, or one whose secret name is known."""
        if name in self._shared:
            return self._shared[name]
        with self._lock:
            self._forget()
            found = self._own[name].task
            self._used[name] = self._clock()
            return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._shared)

    def __len__(self) -> int:
        return len(self._shared)

    def add(self, visitor: str, task: Task, index: CaseIndex | None = None) -> None:
        """Keep a task for one visit, with the index of its cases."""
        with self._lock:
            self._own[task.name] = _Own(visitor, task, index)
            self._used[task.name] = self._clock()
            mine = [n for n, own in self._own.items() if own.visitor == visitor]
            for old in [*mine[:-EACH], *list(self._own)[: max(0, len(self._own) - ALL)]]:
                self._used.pop(old, None)
            self._forget()
            if not self._sweeping:
                self._sweep_later()

    def of(self, visitor: str) -> list[Task]:
        """The tasks of one visit, the oldest first."""
        with self._lock:
            self._forget()
            return [own.task for own in self._own.values() if own.visitor == visitor]

    def index(self, name: str) -> CaseIndex | None:
        """Where the cases of a visit's own task are searched; None for any other."""
        with self._lock:
            self._forget()
            return self._own[name].index if name in self._own else None

    def _forget(self) -> None:
        """Forget what was not used for long, or was forgotten beside."""
        since = self._clock() - KEPT
        for name in [n for n in self._own if self._used.get(n, since) <= since]:
            del self._own[name]
            self._used.pop(name, None)

    def _sweep_later(self) -> None:
        """So that also what nobody asks for is forgotten; no longer once there is nothing left."""

        def sweep() -> None:
            with self._lock:
                self._forget()
                self._sweeping = False
                if self._own:
                    self._sweep_later()

        self._sweeping = True
        later = threading.Timer(SWEEP, sweep)
        later.daemon = True
        later.start()

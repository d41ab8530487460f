"""Running: long answers that a visitor may stop, at most one each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

EXPLAINING: dict[str, Any] = {"concurrency_id": "explain", "concurrency_limit": 2}
"""Every event that draws a map or measures one: so many at once, of all visitors, and the others keep a core."""


class StoppedError(Exception):
    """Raised inside an answer that its visitor no longer wants."""


class SupersededError(StoppedError):
    """Raised when the visitor has asked for something else since: nothing about it may reach the page."""


class _Reasons(list[StoppedError]):
    """Why one answer is to stop, once it is; known only as long as the answer's check is."""


class Running:
    """Which visitor has an answer under way; nothing is kept of others. Safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reasons: WeakValueDictionary[str, _Reasons] = WeakValueDictionary()

    def begin(self, visitor: str) -> Callable[[], None]:
        """Start an answer, in place of the visitor's last one; gives a check that raises once it is to stop."""
        reasons = _Reasons()
        with self._lock:
            self._stop(visitor, SupersededError())
            self._reasons[visitor] = reasons

        def check() -> None:
            if reasons:
                raise reasons[0]

        return check

    def busy(self, visitor: str) -> bool:
        """Whether the visitor's last answer is wanted still: it was not stopped, and whoever asked holds its check."""
        with self._lock:
            return visitor in self._reasons

    def stop(self, visitor: str) -> bool:
        """Stop the visitor's answer; False where there is none."""
        with self._lock:
            return self._stop(visitor, StoppedError())

    def supersede(self, visitor: str) -> None:
        """Stop the visitor's answer, if there is one, because it is about an earlier picture."""
        with self._lock:
            self._stop(visitor, SupersededError())

    def _stop(self, visitor: str, reason: StoppedError) -> bool:
        reasons = self._reasons.pop(visitor, None)
        if reasons is not None:
            reasons.append(reason)
        return reasons is not None

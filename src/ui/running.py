"""Running: long answers that a visitor may stop, at most one each."""

from __future__ import annotations

import threading
from collections.abc import Callable


class StoppedError(Exception):
    """Raised inside an answer that its visitor no longer wants."""


class Running:
    """Which visitor has an answer under way. Safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flags: dict[str, threading.Event] = {}

    def begin(self, visitor: str) -> Callable[[], None]:
        """Start an answer, in place of the visitor's last one; gives a check that raises once it is to stop."""
        flag = threading.Event()
        with self._lock:
            self._stop(visitor)
            self._flags[visitor] = flag

        def check() -> None:
            if flag.is_set():
                raise StoppedError

        return check

    def stop(self, visitor: str) -> None:
        """Stop the visitor's answer, if there is one."""
        with self._lock:
            self._stop(visitor)

    def _stop(self, visitor: str) -> None:
        if flag := self._flags.pop(visitor, None):
            flag.set()

"""Remembered: answers that one visitor was given already, for that visitor alone, in memory and within bounds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from ..results import Explanation

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """The latest answers by (visitor, question). Safe to call from several threads.

    A question that is asked while its answer is being made waits for that one: superseded requests of one visitor,
    answered one after the other, cost one answer.
    """

    def __init__(self, size: Callable[[Answer], int], room: int = 256 << 20, each: int = 8) -> None:
        """Args:
        size: bytes of an answer; room: bytes of all of them; each: answers of one visitor.
        """
        self._size, self._room, self._each = size, room, each
        self._lock = threading.Lock()
        self._making: dict[tuple[str, Hashable], threading.Lock] = {}
        self._held: OrderedDict[tuple[str, Hashable], Answer] = OrderedDict()

    def answer(self, visitor: str, question: Hashable, make: Callable[[], Answer]) -> Answer:
        """What this visitor was answered before, or what `make` gives now. What it raises is not remembered."""
        key = (visitor, question)
        with self._lock:
            turn = self._making.setdefault(key, threading.Lock())
        try:
            with turn:
                with self._lock:
                    if key in self._held:
                        self._held.move_to_end(key)
                        return self._held[key]
                made = make()
                with self._lock:
                    self._held[key] = made
                    self._forget(visitor)
                return made
        finally:
            with self._lock:
                if self._making.get(key) is turn and not turn.locked():
                    del self._making[key]

    def _forget(self, visitor: str) -> None:
        own = [key for key in self._held if key[0] == visitor]
        for key in own[: -self._each]:
            del self._held[key]
        while len(self._held) > 1 and sum(self._size(a) for a in self._held.values()) > self._room:
            self._held.popitem(last=False)


def explanation_bytes(found: Explanation) -> int:
    """What an explanation takes in memory, nearly all of it in its maps."""
    return found.saliency.nbytes + found.masks.nbytes + found.mask_scores.nbytes

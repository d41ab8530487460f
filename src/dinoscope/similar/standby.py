"""Standby: a server's index as soon as it is filled; until then, and while it is filled again, the cases in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from .case import Case, Hit
from .facets import Filters
from .index import CaseIndex
from .request import Query, SearchRequest
from .server import CollectionGoneError, IndexFault, in_a_hurry
from .storage import Storage

FIRST_WAIT = 5.0
"""Seconds a start waits for the server, before it goes on without."""
AGAIN = 15.0
"""Seconds after which a server that could not be filled is tried again."""


class Standby:
    """What a visitor's search asks of the index: whichever one is ready. Filling goes on in the background."""

    filling: tuple[str, ...] = ()
    """Nobody waits for that; see `CaseIndex.filling`."""

    def __init__(self, storage: Storage, fill: Callable[[CaseIndex], None]) -> None:
        """Begin to fill the server, and wait a moment for it.

        Args:
            fill: puts every task's cases into an index; called again after a fault, it goes on where it was.
        """
        self._wanted, self._fill = storage, fill
        self._why = f"the Qdrant server at {storage.server.shown} is still being filled"
        self._now: CaseIndex | None = None
        self._ready, self._wake, self._closed = threading.Event(), threading.Event(), False
        self._changing = threading.Lock()
        threading.Thread(target=self._keep, name="filling", daemon=True).start()
        if not self._ready.wait(FIRST_WAIT):
            self._fall_back()

    @property
    def storage(self) -> Storage:
        """Where the index keeps its cases that answers now, or will in a moment."""
        now = self._now
        return Storage() if now is None else now.storage

    @property
    def notices(self) -> tuple[str, ...]:
        """A sentence for the page, as long as the server does not answer."""
        if self.storage.kind == "server":
            return ()
        return (f"Searching the bundled cases in memory: {self._why}. The server is tried again by itself.",)

    def known(self, task: str, case_ids: Sequence[str]) -> set[str]:
        """As of `CaseIndex`."""
        with self._asked() as index:
            return index.known(task, case_ids)

    def get(self, task: str, case_id: str) -> tuple[Case, np.ndarray, np.ndarray | None] | None:
        """As of `CaseIndex`."""
        with self._asked() as index:
            return index.get(task, case_id)

    def count(self, task: str, filters: Filters | None = None) -> int:
        """As of `CaseIndex`."""
        with self._asked() as index:
            return index.count(task, filters)

    def search(self, query: Query, request: SearchRequest) -> list[Hit]:
        """As of `CaseIndex`."""
        with self._asked() as index:
            return index.search(query, request)

    def by_class(self, query: Query, request: SearchRequest, classes: int) -> dict[str, list[Hit]]:
        """As of `CaseIndex`."""
        with self._asked() as index:
            return index.by_class(query, request, classes)

    def emptied_by(self, task: str, filters: Filters) -> list[str]:
        """As of `CaseIndex`."""
        with self._asked() as index:
            return index.emptied_by(task, filters)

    def complete(self) -> int:
        """As of `CaseIndex`; a server is filled without being asked."""
        return 0

    def close(self) -> None:
        """Let go of the connection, and stop filling."""
        self._closed = True
        self._wake.set()
        if self._now is not None:
            self._now.close()

    @contextmanager
    def _asked(self) -> Iterator[CaseIndex]:
        """The index that answers; a server that has lost a collection is filled again."""
        try:
            now = self._now
            if now is None:
                raise IndexFault(self._why)
            with in_a_hurry():
                yield now
        except CollectionGoneError as fault:
            self._why = str(fault)
            self._wake.set()
            raise

    def _keep(self) -> None:
        """Fill the server until that is done, and again whenever it has lost a collection."""
        while not self._closed:
            self._wake.clear()
            try:
                index = CaseIndex(self._wanted)
                self._fill(index)
            except IndexFault as fault:
                self._why = str(fault)
                self._fall_back()
                self._wake.wait(AGAIN)
                continue
            with self._changing:
                self._now = index
            self._ready.set()
            self._wake.wait()
            if not self._closed:
                with self._changing:
                    self._now = None
                self._fall_back()

    def _fall_back(self) -> None:
        """Answer from memory, unless something answers already."""
        with self._changing:
            if self._now is None:
                memory = CaseIndex()
                self._fill(memory)
                self._now = memory
        self._ready.set()

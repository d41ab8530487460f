"""Index: one Qdrant collection a task - filled, added to, looked up and searched."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
from qdrant_client import models

from ..reading.scope import unit
from . import conditions, folder, lookup, points
from .case import Case, Hit
from .facets import Filters
from .request import Query, SearchRequest
from .storage import PICTURE, Storage

BATCH = 256
BUNDLED, ADDED = "bundled", "added"
"""Source of a point: shipped with its task, and kept equal to it; or added later, and kept."""


class CaseIndex:
    """One collection a task, in memory, in a folder or on a server; safe to call from several threads."""

    notices: tuple[str, ...] = ()
    """Nothing is the matter with it; see `Standby.notices`."""

    def __init__(self, storage: Storage | None = None) -> None:
        """Open the index.

        Raises:
            IndexFault: when the server or folder cannot be used.
        """
        self.storage = storage or Storage()
        self.client = self.storage.open()
        self._collections: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._expected: dict[str, Callable[[], object]] = {}
        self._filling: list[str] = []
        # Local mode keeps its points in plain numpy arrays, which a reader must not see half written.
        self._lock = threading.RLock()

    def expect(self, task: str, fill: Callable[[], object]) -> None:
        """Let a task's collection be filled when it is first asked for, or by `complete`: a start need not wait."""
        self._expected[task] = fill

    @property
    def filling(self) -> tuple[str, ...]:
        """A sentence for the page, as long as a collection is still expected to be filled."""
        if not (waiting := len(self._expected) + len(self._filling)):
            return ()
        tasks = "one task" if waiting == 1 else f"{waiting} tasks"
        return (f"The cases of {tasks} are still being made ready; a search among them takes a little longer.",)

    def complete(self) -> int:
        """Fill every collection that is still expected to be; returns how many there were."""
        waiting = list(self._expected)
        for task in waiting:
            self.collection(task)
        return len(waiting)

    def fill(
        self,
        task: str,
        cases: Sequence[Case],
        vectors: np.ndarray,
        patches: np.ndarray | None = None,
        space: str = "",
        thumbnails: Sequence[bytes] = (),
    ) -> int:
        """Make the task's collection hold these cases, beside those that were added to it; returns how many were sent.

        What the collection already holds is not sent again, so a start that was cut short goes on where it was.

        Args:
            vectors: [N, K]; patches: [N, m, d] or None.
            space: names what made the vectors: a collection of another space is another collection.
            thumbnails: as for `add`.
        """
        self.attach(task, vectors.shape[1], 0 if patches is None else patches.shape[2], space)
        sent = self.add(task, cases, vectors, patches, BUNDLED, thumbnails)
        stale = models.Filter(
            must=[models.FieldCondition(key="source", match=models.MatchValue(value=BUNDLED))],
            must_not=[models.HasIdCondition(has_id=[points.point_id(task, c.id) for c in cases])],
        )
        with self.connected() as client:
            # A collection without strangers has none to forget; that spares the delete at every other start.
            if client.count(self.collection(task)).count > len(cases):
                client.delete(self.collection(task), models.FilterSelector(filter=stale))
        return sent

    def attach(self, task: str, size: int, patch_size: int, space: str) -> None:
        """Use the task's collection of this space, created where there is none."""
        digest = hashlib.sha256(f"{space}/{size}/{patch_size}".encode()).hexdigest()[:12]
        self._sizes[task] = size
        name = self._collections[task] = f"dinoscope_{task}_{digest}"
        with self.connected() as client:
            if not client.collection_exists(name):
                self.storage.create(client, name, size, patch_size)
            self.storage.index_fields(client, name)

    def add(
        self,
        task: str,
        cases: Sequence[Case],
        vectors: np.ndarray,
        patches: np.ndarray | None,
        source: str = ADDED,
        thumbnails: Sequence[bytes] = (),
    ) -> int:
        """Send those cases that are not there yet, or not like this; returns how many. Idempotent by case id.

        Args:
            thumbnails: WebP of each case that the collection keeps with it, or none at all.
        """
        sent = 0
        with self.connected() as client:
            empty = not client.count(self.collection(task)).count
        for start in range(0, len(cases), BATCH):
            part = slice(start, start + BATCH)
            batch = self._points(task, cases[part], vectors[part], None if patches is None else patches[part], source)
            for point, small in zip(batch, thumbnails[part], strict=False):
                points.show(point, small)
            with self.connected() as client:
                ids = [p.id for p in batch]
                held = [] if empty else client.retrieve(self.collection(task), ids, with_payload=["revision"])
                known = {p.id: (p.payload or {}).get("revision") for p in held}
                missing = [p for p in batch if known.get(p.id) != (p.payload or {})["revision"]]
                if missing:
                    client.upsert(self.collection(task), missing, wait=True)
            sent += len(missing)
        return sent

    def _points(
        self, task: str, cases: Sequence[Case], vectors: np.ndarray, patches: np.ndarray | None, source: str
    ) -> list[models.PointStruct]:
        if self.storage.kind == "memory":  # compares by dot product
            vectors, patches = unit(vectors), None if patches is None else unit(patches)
        each = patches if patches is not None else [None] * len(cases)
        made = [points.of_case(task, c, v, p, source) for c, v, p in zip(cases, vectors, each, strict=True)]
        return [points.on_the_wire(p) for p in made] if self.storage.kind == "server" else made

    def known(self, task: str, case_ids: Sequence[str]) -> set[str]:
        """Those of the ids that the task's collection holds."""
        asked = {points.point_id(task, c): c for c in case_ids}
        with self.connected() as client:
            held = client.retrieve(self.collection(task), list(asked), with_payload=False)
        return {asked[str(p.id)] for p in held}

    def held(self, task: str, case_ids: Sequence[str]) -> dict[str, Case]:
        """Id -> the case that the task's collection holds under it, for those of the ids that it does."""
        asked = [points.point_id(task, c) for c in case_ids]
        with self.connected() as client:
            found = client.retrieve(self.collection(task), asked, with_payload=["case"])
        return {case.id: case for case in map(points.case_of, found)}

    def of_pixels(self, task: str, pixels: Sequence[str]) -> list[Case]:
        """Cases whose pictures decode to one of these hashes."""
        if not pixels:
            return []
        wanted = models.FieldCondition(key="pixels", match=models.MatchAny(any=list(pixels)))
        with self.connected() as client:
            found = client.query_points(
                self.collection(task),
                query=[1.0] * self._sizes[task],  # any: all that pass the filter are wanted
                using=PICTURE,
                limit=4 * len(pixels),
                query_filter=models.Filter(must=[wanted]),
                with_payload=["case"],
            ).points
        return [points.case_of(p) for p in found]

    def get(self, task: str, case_id: str) -> tuple[Case, np.ndarray, np.ndarray | None] | None:
        """A case with its vector [K] and patches [m, d]; None when there is no such case."""
        with self.connected() as client:
            found = client.retrieve(self.collection(task), [points.point_id(task, case_id)], with_vectors=True)
        if not found:
            return None
        return points.case_of(found[0]), points.vector_of(found[0], PICTURE), points.patches_of(found[0])

    def count(self, task: str, filters: Filters | None = None) -> int:
        """Number of cases in the task's collection, or of those that pass the filters."""
        with self.connected() as client:
            return client.count(self.collection(task), count_filter=conditions.of(filters)).count

    def search(self, query: Query, request: SearchRequest) -> list[Hit]:
        """The nearest cases by cosine, nearest first; with feedback or a region, ranked by these.

        Cases that are equally near come in the order of their ids.
        """
        return lookup.nearest(self, query, request)

    def by_class(self, query: Query, request: SearchRequest, classes: int) -> dict[str, list[Hit]]:
        """The nearest cases of each class, at most `request.k` of each of `classes`; that of the nearest first."""
        return lookup.by_class(self, query, request, classes)

    def emptied_by(self, task: str, filters: Filters) -> list[str]:
        """Names of the filters that leave no case: one that does so alone, else those without which some would stay."""
        parts = filters.parts()
        alone = [name for name, part in parts.items() if not self.count(task, part)]
        if alone:
            return alone
        return [
            name
            for name in parts
            if self.count(task, _merged([part for other, part in parts.items() if other != name]))
        ]

    def settle(self) -> None:
        """Build what makes searches fast, after many cases were added; a server does so by itself."""
        if self.storage.kind == "folder":
            with self.connected() as client:
                client.optimize()

    def close(self) -> None:
        """Let go of the connection.

        Raises:
            IndexFault: when a folder could not be written to the end.
        """
        with self.connected() as client:
            client.close()

    def collection(self, task: str) -> str:
        """Name of the task's collection, which is filled first where that was expected."""
        with self._lock:
            if fill := self._expected.pop(task, None):
                self._filling.append(task)
                try:
                    fill()
                finally:
                    self._filling.remove(task)
        return self._collections.get(task, task)

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """The client, one caller at a time where it is local, its faults as sentences where it is remote."""
        if self.storage.kind == "server":
            with self.storage.server.spoken():
                yield self.client
        else:
            with self._lock, folder.spoken(self.storage.path) if self.storage.path else nullcontext():
                yield self.client


def _merged(parts: Sequence[Filters]) -> Filters:
    return Filters(
        labels=sum((p.labels for p in parts), ()),
        origins=sum((p.origins for p in parts), ()),
        choices={k: v for p in parts for k, v in p.choices.items()},
        ranges={k: v for p in parts for k, v in p.ranges.items()},
    )

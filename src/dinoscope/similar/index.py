"""Index: one Qdrant collection a task - add, search, group by class, learn from feedback, match regions."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from qdrant_client import models

from ..reading.scope import unit
from . import conditions, folder, points
from .ask import Ask
from .case import Case, Hit
from .facets import Filters
from .storage import PATCHES, PICTURE, Storage

BATCH = 256
NEAR = 256
"""Cases looked through for those that pass a filter, before every case is tried."""
CANDIDATES = 1000
"""A region search re-ranks so many cases by their patches: those whose whole picture is nearest."""
BUNDLED, ADDED = "bundled", "added"
"""Source of a point: shipped with its task, and kept equal to it; or added later, and kept."""


class CaseIndex:
    """One collection a task, in memory, in a folder or on a server; safe to call from several threads."""

    def __init__(self, storage: Storage | None = None) -> None:
        """Open the index.

        Raises:
            IndexFault: when the server or folder cannot be used.
        """
        self.storage = storage or Storage()
        self.client = self.storage.open()
        self._collections: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        # Local mode keeps its points in plain numpy arrays, which a reader must not see half written.
        self._lock = threading.RLock()

    def fill(
        self,
        task: str,
        cases: Sequence[Case],
        vectors: np.ndarray,
        patches: np.ndarray | None = None,
        space: str = "",
    ) -> int:
        """Make the task's collection hold these cases, beside those that were added to it; returns how many were sent.

        What the collection already holds is not sent again, so a start that was cut short goes on where it was.

        Args:
            vectors: [N, K]; patches: [N, m, d] or None.
            space: names what made the vectors: a collection of another space is another collection.
        """
        self.attach(task, vectors.shape[1], 0 if patches is None else patches.shape[2], space)
        sent = self.add(task, cases, vectors, patches, BUNDLED)
        stale = models.Filter(
            must=[models.FieldCondition(key="source", match=models.MatchValue(value=BUNDLED))],
            must_not=[models.HasIdCondition(has_id=[points.point_id(task, c.id) for c in cases])],
        )
        with self._client() as client:
            # A collection without strangers has none to forget; that spares the delete at every other start.
            if client.count(self._name(task)).count > len(cases):
                client.delete(self._name(task), models.FilterSelector(filter=stale))
        return sent

    def attach(self, task: str, size: int, patch_size: int, space: str) -> None:
        """Use the task's collection of this space, created where there is none."""
        digest = hashlib.sha256(f"{space}/{size}/{patch_size}".encode()).hexdigest()[:12]
        self._sizes[task] = size
        name = self._collections[task] = f"dinoscope_{task}_{digest}"
        with self._client() as client:
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
        for start in range(0, len(cases), BATCH):
            part = slice(start, start + BATCH)
            batch = self._points(task, cases[part], vectors[part], None if patches is None else patches[part], source)
            for point, small in zip(batch, thumbnails[part], strict=False):
                points.show(point, small)
            with self._client() as client:
                held = client.retrieve(self._name(task), [p.id for p in batch], with_payload=["revision"])
                known = {p.id: (p.payload or {}).get("revision") for p in held}
                missing = [p for p in batch if known.get(p.id) != (p.payload or {})["revision"]]
                if missing:
                    client.upsert(self._name(task), missing, wait=True)
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
        with self._client() as client:
            held = client.retrieve(self._name(task), list(asked), with_payload=False)
        return {asked[str(p.id)] for p in held}

    def held(self, task: str, case_ids: Sequence[str]) -> dict[str, Case]:
        """Id -> the case that the task's collection holds under it, for those of the ids that it does."""
        asked = [points.point_id(task, c) for c in case_ids]
        with self._client() as client:
            found = client.retrieve(self._name(task), asked, with_payload=["case"])
        return {case.id: case for case in map(points.case_of, found)}

    def of_pixels(self, task: str, pixels: Sequence[str]) -> list[Case]:
        """Cases whose pictures decode to one of these hashes."""
        if not pixels:
            return []
        wanted = models.FieldCondition(key="pixels", match=models.MatchAny(any=list(pixels)))
        with self._client() as client:
            found = client.query_points(
                self._name(task),
                query=[1.0] * self._sizes[task],  # any: all that pass the filter are wanted
                using=PICTURE,
                limit=4 * len(pixels),
                query_filter=models.Filter(must=[wanted]),
                with_payload=["case"],
            ).points
        return [points.case_of(p) for p in found]

    def get(self, task: str, case_id: str) -> tuple[Case, np.ndarray, np.ndarray | None] | None:
        """A case with its vector [K] and patches [m, d]; None when there is no such case."""
        with self._client() as client:
            found = client.retrieve(self._name(task), [points.point_id(task, case_id)], with_vectors=True)
        if not found:
            return None
        return points.case_of(found[0]), points.vector_of(found[0], PICTURE), points.patches_of(found[0])

    def count(self, task: str, filters: Filters | None = None) -> int:
        """Number of cases in the task's collection, or of those that pass the filters."""
        with self._client() as client:
            return client.count(self._name(task), count_filter=conditions.of(filters)).count

    def search(self, task: str, ask: Ask, k: int) -> list[Hit]:
        """The k nearest cases by cosine, nearest first; with feedback or a region, ranked by these.

        Cases that are equally near come in the order of their ids.
        """
        if self.storage.kind == "memory" and ask.filters and ask.patches is None:
            # Memory tries a condition on every case, in Python: the nearest often hold enough that pass.
            near = self._query(NEAR, self._request(task, replace(ask, filters=None)))
            if len(kept := ask.distinct(points.ranked(points.settled(near, NEAR), ask))) >= k:
                return kept[:k]
        request = self._request(task, ask)
        limit = k * 4 if ask.one_a_group else k + 2 + len(ask.liked) + len(ask.disliked)
        while True:
            found = self._query(limit, request)
            kept = ask.distinct(points.ranked(points.settled(found, limit), ask))
            # The nearest may all be of a few patients, or all tie: then look farther.
            if len(kept) >= k or len(found) < limit:
                return kept[:k]
            limit *= 4

    def by_class(self, task: str, ask: Ask, classes: int, per_class: int) -> dict[str, list[Hit]]:
        """The nearest cases of each class, the class of the nearest first.

        Args:
            classes: at most so many classes; per_class: at most so many cases of each.
        """
        request = self._request(task, ask)
        search = self._classes_in_memory if self.storage.kind == "memory" else self._classes
        hits = search(request, ask, classes, per_class)
        return {label: kept for label, kept in hits.items() if kept}

    def _classes(self, request: dict[str, Any], ask: Ask, classes: int, per_class: int) -> dict[str, list[Hit]]:
        size = per_class * 4
        while True:
            with self._client() as client:
                groups = client.query_points_groups(group_by="labels", limit=classes, group_size=size, **request).groups
            groups = sorted(groups, key=lambda g: (-points.rank(g.hits[0]), str(g.id)))
            kept = {str(g.id): ask.distinct(points.ranked(points.settled(g.hits, size), ask)) for g in groups}
            # The nearest of a class may all be of a few patients, or all tie: then look farther.
            if all(len(kept[str(g.id)]) >= per_class or len(g.hits) < size for g in groups):
                return {label: hits[:per_class] for label, hits in kept.items()}
            size *= 4

    def _classes_in_memory(
        self, request: dict[str, Any], ask: Ask, classes: int, per_class: int
    ) -> dict[str, list[Hit]]:
        """What `_classes` finds, without the client's copy of every point's payload, which is most of its time."""
        size = per_class * 4
        limit = classes * size * 4
        while True:
            near = self._query(limit, request)
            groups: dict[str, list[Hit]] = {}
            for hit in points.ranked(points.settled(near, limit), ask):
                for label in hit.case.labels:
                    groups.setdefault(label, []).append(hit)
            first = dict(islice(groups.items(), classes))
            full = len(first) == classes and all(len(g) >= size for g in first.values())
            if full or len(near) < limit:
                return {label: ask.distinct(group[:size])[:per_class] for label, group in first.items()}
            limit *= 4

    def _query(self, limit: int, request: dict[str, Any]) -> list[Any]:
        with self._client() as client:
            return client.query_points(limit=limit, **request).points

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
            with self._client() as client:
                client.optimize()

    def close(self) -> None:
        """Let go of the connection."""
        self.client.close()

    def _request(self, task: str, ask: Ask) -> dict[str, Any]:
        """What every kind of search hands to Qdrant."""
        picture = unit(ask.vector).tolist()
        nearest: models.Query | list[float] = picture
        if ask.liked or ask.disliked:
            nearest = models.RecommendQuery(
                recommend=models.RecommendInput(
                    positive=[picture, *(points.point_id(task, c) for c in ask.liked)],
                    negative=[points.point_id(task, c) for c in ask.disliked],
                    strategy=models.RecommendStrategy.AVERAGE_VECTOR,
                )
            )
        rescored = None  # memory holds no quantized vectors
        if self.storage.kind != "memory":
            rescored = models.SearchParams(quantization=models.QuantizationSearchParams(rescore=True, oversampling=2.0))
        condition = conditions.of(ask.filters)
        request: dict[str, Any] = {"collection_name": self._name(task), "with_payload": ["case", points.THUMBNAIL]}
        if ask.patches is None:
            request |= {"query": nearest, "using": PICTURE, "query_filter": condition, "search_params": rescored}
            # The order follows the feedback, but the similarity that is shown is the one with the picture.
            return request | {"with_vectors": [PICTURE] if ask.liked or ask.disliked else False}
        ranked = {"query": unit(ask.patches).tolist(), "using": PATCHES, "with_vectors": [PATCHES]}
        if self.storage.kind == "memory" and not (ask.liked or ask.disliked):
            # Memory scans everything at either stage: one stage takes an eighth of the time, and misses nothing.
            return request | ranked | {"query_filter": condition}
        candidates = models.Prefetch(query=nearest, using=PICTURE, filter=condition, limit=CANDIDATES, params=rescored)
        return request | ranked | {"prefetch": candidates}

    def _name(self, task: str) -> str:
        return self._collections.get(task, task)

    @contextmanager
    def _client(self) -> Iterator[Any]:
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

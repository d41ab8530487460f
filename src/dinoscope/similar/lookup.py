"""Lookup: one search of a collection in the words of Qdrant - plain, filtered, by class, with feedback, by region."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from typing import Any, Protocol

from qdrant_client import models

from ..reading.scope import unit
from . import conditions, points
from .case import Hit
from .facets import Filters
from .request import Query, SearchRequest
from .storage import PATCHES, PICTURE, Storage

NEAR = 256
"""Cases looked through for those that pass a filter, before every case is tried."""
CANDIDATES = 1000
"""A region search re-ranks so many cases by their patches: those whose whole picture is nearest."""


class Connection(Protocol):
    """What is needed of an index."""

    storage: Storage

    def connected(self) -> AbstractContextManager[Any]:
        """The client, for the length of a `with` block."""
        ...

    def collection(self, task: str) -> str:
        """Name of a task's collection."""
        ...


def nearest(index: Connection, query: Query, request: SearchRequest) -> list[Hit]:
    """As of `CaseIndex.search`."""
    k = request.k
    if index.storage.kind == "memory" and request.filters != Filters() and request.region is None:
        # Memory tries a condition on every case, in Python: the nearest often hold enough that pass.
        near = _points(index, _call(index, query, replace(request, filters=Filters())), NEAR)
        if len(kept := _kept(near, NEAR, query, request)) >= k:
            return kept[:k]
    call = _call(index, query, request)
    limit = k * 4 if request.one_a_group else k + 2 + len(request.judged)
    while True:
        found = _points(index, call, limit)
        kept = _kept(found, limit, query, request)
        # The nearest may all be of a few patients, or all tie: then look farther.
        if len(kept) >= k or len(found) < limit:
            return kept[:k]
        limit *= 4


def by_class(index: Connection, query: Query, request: SearchRequest, classes: int) -> dict[str, list[Hit]]:
    """As of `CaseIndex.by_class`."""
    search = _classes_in_memory if index.storage.kind == "memory" else _classes
    found = search(index, query, request, classes)
    return {label: hits[: request.k] for label, hits in found if hits}


def _classes(index: Connection, query: Query, request: SearchRequest, classes: int) -> Iterator[tuple[str, list[Hit]]]:
    call, size = _call(index, query, request), request.k * 4
    while True:
        with index.connected() as client:
            groups = client.query_points_groups(group_by="labels", limit=classes, group_size=size, **call).groups
        groups = sorted(groups, key=lambda g: (-points.rank(g.hits[0]), str(g.id)))
        kept = [_kept(g.hits, size, query, request) for g in groups]
        # The nearest of a class may all be of a few patients, or all tie: then look farther.
        if all(len(hits) >= request.k or len(g.hits) < size for g, hits in zip(groups, kept, strict=True)):
            return zip((str(g.id) for g in groups), kept, strict=True)
        size *= 4


def _classes_in_memory(
    index: Connection, query: Query, request: SearchRequest, classes: int
) -> Iterator[tuple[str, list[Hit]]]:
    """What `_classes` finds, without the client's copy of every point's payload, which is most of its time."""
    call, size = _call(index, query, request), request.k * 4
    limit = classes * size * 4
    while True:
        near = _points(index, call, limit)
        groups: dict[str, list[Hit]] = {}
        for hit in points.ranked(points.settled(near, limit), query, request):
            for label in hit.case.labels:
                groups.setdefault(label, []).append(hit)
        first = dict(islice(groups.items(), classes))
        full = len(first) == classes and all(len(g) >= size for g in first.values())
        if full or len(near) < limit:
            return ((label, request.distinct(group[:size], query)) for label, group in first.items())
        limit *= 4


def _kept(found: list[Any], limit: int, query: Query, request: SearchRequest) -> list[Hit]:
    """Of a page of at most `limit` points, those that the request keeps, in order."""
    return request.distinct(points.ranked(points.settled(found, limit), query, request), query)


def _points(index: Connection, call: dict[str, Any], limit: int) -> list[Any]:
    with index.connected() as client:
        return client.query_points(limit=limit, **call).points


def _call(index: Connection, query: Query, request: SearchRequest) -> dict[str, Any]:
    """What every kind of search hands to Qdrant."""
    picture, in_memory = unit(query.vector).tolist(), index.storage.kind == "memory"
    wanted: models.Query | list[float] = picture
    if request.judged:
        wanted = models.RecommendQuery(
            recommend=models.RecommendInput(
                positive=[picture, *(points.point_id(query.task, c) for c in request.liked)],
                negative=[points.point_id(query.task, c) for c in request.disliked],
                strategy=models.RecommendStrategy.AVERAGE_VECTOR,
            )
        )
    rescored = None  # memory holds no quantized vectors
    if not in_memory:
        rescored = models.SearchParams(quantization=models.QuantizationSearchParams(rescore=True, oversampling=2.0))
    condition = conditions.of(request.filters)
    call: dict[str, Any] = {
        "collection_name": index.collection(query.task),
        "with_payload": ["case", points.THUMBNAIL],
    }
    region = query.inside(request.region)
    if region is None:
        call |= {"query": wanted, "using": PICTURE, "query_filter": condition, "search_params": rescored}
        # The order follows the feedback, but the similarity that is shown is the one with the picture.
        return call | {"with_vectors": [PICTURE] if request.judged else False}
    ranked = {"query": unit(region).tolist(), "using": PATCHES, "with_vectors": [PATCHES]}
    if in_memory and not request.judged:
        # Memory scans everything at either stage: one stage takes an eighth of the time, and misses nothing.
        return call | ranked | {"query_filter": condition}
    candidates = models.Prefetch(query=wanted, using=PICTURE, filter=condition, limit=CANDIDATES, params=rescored)
    return call | ranked | {"prefetch": candidates}

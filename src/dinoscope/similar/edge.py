"""Edge: the calls of `QdrantClient` that the index makes, on Qdrant's own engine in this process and a folder.

For collections too large for memory on one machine without a server: HNSW, payload indexes and quantization as a
server has them, a write-ahead log that survives a kill, one shard a collection.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import qdrant_edge as edge
from qdrant_client import models

SCHEMAS = {
    models.PayloadSchemaType.KEYWORD: edge.PayloadSchemaType.Keyword,
    models.PayloadSchemaType.FLOAT: edge.PayloadSchemaType.Float,
}


RESERVE = 64_000_000
"""Bytes that must stay free on the disk: the engine's files grow by steps of some megabytes each."""


class EngineFault(RuntimeError):
    """What the engine says of a folder that it cannot use."""


@contextmanager
def _told() -> Iterator[None]:
    """The engine raises plain exceptions, and panics that no `except Exception` catches."""
    try:
        yield
    except BaseException as fault:
        if isinstance(fault, Exception) or type(fault).__name__ == "PanicException":
            raise EngineFault(str(fault)) from fault
        raise


class EdgeClient:
    """Shards in a folder, asked in the words of `QdrantClient`. One process at a time, one thread at a time.

    Every call raises `EngineFault` for a folder that the engine cannot use.
    """

    def __init__(self, folder: Path) -> None:
        """Open every collection in the folder.

        Raises:
            EngineFault: when another process has it open, or it cannot be read.
        """
        self.folder = folder
        self.shards: dict[str, edge.EdgeShard] = {}
        for path in sorted(p for p in folder.iterdir() if (p / "edge_config.json").is_file() or (p / "wal").is_dir()):
            try:
                with _told():
                    self.shards[path.name] = edge.EdgeShard.load(str(path))
            except EngineFault:
                self.close()  # else this process would keep the others locked
                raise

    def collection_exists(self, collection_name: str) -> bool:
        """Whether there is a shard of this name."""
        return collection_name in self.shards

    def create_collection(self, collection_name: str, vectors_config: dict[str, models.VectorParams], **_: Any) -> None:
        """A new shard; what only a cluster has, such as shard numbers, is left out."""
        config = edge.EdgeConfig(vectors={name: _params(p) for name, p in vectors_config.items()})
        self._check_room(0)
        with _told():
            self.shards[collection_name] = edge.EdgeShard.create(str(self.folder / collection_name), config)

    def get_collection(self, collection_name: str) -> Any:
        """What a shard says of itself; `payload_schema` has the indexed fields."""
        with self._shard(collection_name) as shard:
            return shard.info()

    def create_payload_index(
        self, collection_name: str, field_name: str, field_schema: models.PayloadSchemaType
    ) -> None:
        """Index a field for filtering."""
        self._update(collection_name, edge.UpdateOperation.create_field_index(field_name, SCHEMAS[field_schema]))

    def upsert(self, collection_name: str, points: Sequence[models.PointStruct], wait: bool = True) -> None:
        """Add or replace points; they are in the write-ahead log when this returns."""
        # Only the index adds points, always with a dictionary of plain vectors.
        given = [edge.Point(id=p.id, vector=cast(dict, p.vector), payload=p.payload) for p in points]
        # Once in the log and once in its segment, the numbers as float32.
        numbers = sum(np.size(v) for p in points for v in cast(dict, p.vector).values())
        self._check_room(2 * (4 * numbers + sum(len(str(p.payload)) for p in points)))
        self._update(collection_name, edge.UpdateOperation.upsert_points(given))

    def delete(self, collection_name: str, points_selector: models.FilterSelector) -> None:
        """Delete the points that a filter selects."""
        chosen = points_selector.filter
        selected = edge.Filter(must=_conditions(chosen.must), must_not=_conditions(chosen.must_not))
        self._update(collection_name, edge.UpdateOperation.delete_points_by_filter(selected))

    def retrieve(
        self,
        collection_name: str,
        ids: Sequence[str],
        with_payload: bool | list[str] = True,
        with_vectors: bool | list[str] = False,
    ) -> list[Any]:
        """The points with these ids, those that there are."""
        with self._shard(collection_name) as shard:
            found = shard.retrieve(list(ids), with_payload, with_vectors)
        return [SimpleNamespace(id=str(r.id), payload=r.payload, vector=r.vector) for r in found]

    def count(self, collection_name: str, count_filter: models.Filter | None = None) -> Any:
        """How many points pass a filter."""
        asked = edge.CountRequest(filter=_filter(count_filter), exact=True)
        with self._shard(collection_name) as shard:
            return SimpleNamespace(count=shard.count(asked))

    def query_points(
        self,
        collection_name: str,
        query: Any,
        using: str,
        limit: int,
        prefetch: models.Prefetch | None = None,
        query_filter: models.Filter | None = None,
        search_params: models.SearchParams | None = None,
        with_payload: bool | list[str] = True,
        with_vectors: bool | list[str] = False,
    ) -> Any:
        """The nearest points, in one stage or two."""
        first = []
        if prefetch is not None:
            nearest = edge.Query.Nearest(self._vector(collection_name, prefetch.query, prefetch.using), prefetch.using)
            first = [edge.Prefetch(prefetch.limit or limit, nearest, filter=_filter(prefetch.filter))]
        request = edge.QueryRequest(
            limit=limit,
            query=edge.Query.Nearest(self._vector(collection_name, query, using), using),
            prefetches=first,
            filter=_filter(query_filter),
            with_payload=with_payload,
            with_vector=with_vectors,
            params=edge.SearchParams(quantization=edge.QuantizationSearchParams(rescore=True, oversampling=2.0)),
        )
        with self._shard(collection_name) as shard:
            return SimpleNamespace(points=shard.query(request))

    def query_points_groups(
        self,
        collection_name: str,
        group_by: str,
        limit: int,
        group_size: int,
        **request: Any,
    ) -> Any:
        """The nearest points of each value of a field; the engine has no such call, so each value is asked for."""
        with self._shard(collection_name) as shard:
            values = [str(h.value) for h in shard.facet(edge.FacetRequest(group_by, 1000)).hits]
        inner = request.get("prefetch")
        asked = inner.filter if inner is not None else request.get("query_filter")
        groups = []
        for value in values:
            match = models.FieldCondition(key=group_by, match=models.MatchValue(value=value))
            narrowed = models.Filter(must=[match, *([asked] if asked is not None else [])])
            if inner is not None:
                changed = {"prefetch": inner.model_copy(update={"filter": narrowed})}
            else:
                changed = {"query_filter": narrowed}
            hits = self.query_points(collection_name, limit=group_size, **{**request, **changed}).points
            if hits:
                groups.append(SimpleNamespace(id=value, hits=hits))
        return SimpleNamespace(groups=sorted(groups, key=lambda g: -g.hits[0].score)[:limit])

    def optimize(self) -> None:
        """Build what makes searches fast; worth it after many points were added."""
        for name in self.shards:
            # It writes a segment anew before it removes the old one.
            self._check_room(sum(f.stat().st_blocks * 512 for f in (self.folder / name).rglob("*") if f.is_file()))
            with self._shard(name) as shard:
                shard.optimize()

    def close(self) -> None:
        """Write what is pending, and let go of the folder, of every collection whatever is the matter with another.

        Raises:
            EngineFault: when something could not be written.
        """
        shards, self.shards = self.shards, {}
        with _told(), ExitStack() as closing:
            for shard in shards.values():
                closing.callback(shard.close)
                closing.callback(shard.flush)  # before it is closed

    def _update(self, collection_name: str, operation: edge.UpdateOperation) -> None:
        with self._shard(collection_name) as shard:
            shard.update(operation)

    @contextmanager
    def _shard(self, collection_name: str) -> Iterator[edge.EdgeShard]:
        """A shard, to be asked something: every fault of the engine is an `EngineFault`."""
        shard = self.shards[collection_name]
        with _told():
            yield shard

    def _check_room(self, needed: int) -> None:
        """Refuse before the disk is full: the engine writes through mapped memory, and would be killed by SIGBUS.

        Raises:
            EngineFault: when less than RESERVE would be left after `needed` bytes.
        """
        free = shutil.disk_usage(self.folder).free
        if free - needed < RESERVE:
            raise EngineFault(
                f"No space: {free / 1e6:.0f} MB are free, and {(needed + RESERVE) / 1e6:.0f} MB are wanted"
            )

    def _vector(self, collection_name: str, query: Any, using: str | None) -> Any:
        """A query as a vector; of examples, the average that a Qdrant server takes of them."""
        if not isinstance(query, models.RecommendQuery):
            return query
        examples = query.recommend
        ids = [x for x in (*(examples.positive or ()), *(examples.negative or ())) if isinstance(x, str)]
        held = {p.id: p.vector[using] for p in self.retrieve(collection_name, ids, False, [using or ""])}

        def mean(given: Any) -> np.ndarray:
            return np.mean([held[x] if isinstance(x, str) else _unit(x) for x in given], axis=0)

        wanted = mean(examples.positive)
        return (2 * wanted - mean(examples.negative) if examples.negative else wanted).tolist()


def _unit(vector: Any) -> np.ndarray:
    return np.asarray(vector) / max(float(np.linalg.norm(vector)), 1e-12)


def _params(given: models.VectorParams) -> edge.EdgeVectorParams:
    several = edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim) if given.multivector_config else None
    hnsw = given.hnsw_config
    index = (
        edge.HnswIndexConfig(hnsw.m, hnsw.ef_construct or 100, 10_000, 0)
        if hnsw is not None and hnsw.m is not None
        else None
    )
    quantized = None
    if given.quantization_config:
        quantized = edge.ScalarQuantizationConfig(edge.ScalarType.Int8, quantile=0.99, always_ram=True)
    return edge.EdgeVectorParams(
        size=given.size,
        distance=edge.Distance.Cosine,
        on_disk=given.on_disk,
        multivector_config=several,
        quantization_config=quantized,
        hnsw_config=index,
    )


def _filter(given: models.Filter | None) -> edge.Filter | None:
    if given is None:
        return None
    return edge.Filter(must=_conditions(given.must), must_not=_conditions(given.must_not))


def _conditions(given: Any) -> list | None:
    return [_condition(c) for c in given] if given else None


def _condition(given: Any) -> Any:
    if isinstance(given, models.Filter):
        return _filter(given)
    if isinstance(given, models.HasIdCondition):
        return edge.HasIdCondition({str(i) for i in given.has_id})
    if given.range is not None:
        return edge.FieldCondition(key=given.key, range=edge.RangeFloat(gte=given.range.gte, lte=given.range.lte))
    if isinstance(given.match, models.MatchAny):
        return edge.FieldCondition(key=given.key, match=edge.MatchAny([str(v) for v in given.match.any]))
    return edge.FieldCondition(key=given.key, match=edge.MatchValue(given.match.value))

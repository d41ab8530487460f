"""Storage: where the index keeps its points - in memory, in a folder, or on a Qdrant server."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from .facets import FACETS

OLDEST = (1, 12)
"""First server version that knows every call made here."""
TIMEOUT = 30
"""Seconds a server may take for one call."""
PICTURE, PATCHES = "picture", "patches"
"""Names of a point's two vectors: of the whole picture, and of its cells."""


class IndexFault(RuntimeError):
    """An index that cannot be reached, opened or used; the message says which and what to do."""


@dataclass(frozen=True)
class Storage:
    """Where points are kept: on the server at `url`, else in the folder `path`, else in memory.

    Attributes:
        shards, replicas: of a collection that a server creates.
    """

    url: str = ""
    api_key: str = ""
    path: Path | None = None
    shards: int = 1
    replicas: int = 1

    @property
    def kind(self) -> str:
        """`server`, `folder` or `memory`."""
        return "server" if self.url else "folder" if self.path else "memory"

    def open(self) -> Any:
        """A client, once a server has answered and is new enough.

        Raises:
            IndexFault: when it cannot be reached, is too old, or the folder is in use.
        """
        if self.url:
            try:
                with spoken(self.url):
                    client = QdrantClient(
                        url=self.url, api_key=self.api_key or None, timeout=TIMEOUT, check_compatibility=False
                    )
                    version = client.info().version
            except ValueError as fault:  # an address that is none, or an answer that is not Qdrant's
                raise IndexFault(f"no Qdrant server answers at {self.url}; check QDRANT_URL") from fault
            if _numbers(version) < OLDEST or _numbers(version)[0] != OLDEST[0]:
                raise IndexFault(
                    f"the Qdrant server at {self.url} is version {version}; this app speaks to "
                    f"{OLDEST[0]}.{OLDEST[1]} and later versions {OLDEST[0]}"
                )
            return client
        if self.path is None:
            return QdrantClient(":memory:")
        from .edge import EdgeClient  # only who asks for a folder waits for the engine

        try:
            self.path.mkdir(parents=True, exist_ok=True)
            return EdgeClient(self.path)
        except OSError as fault:
            raise IndexFault(
                f"the folder {self.path} cannot be used ({fault.strerror}); set QDRANT_PATH to one"
            ) from fault
        except RuntimeError as fault:
            raise IndexFault(
                f"the index in {self.path} is in use by another process; stop it, or use a Qdrant server"
            ) from fault

    def create(self, client: Any, collection: str, size: int, patch_size: int) -> None:
        """Create a collection: HNSW over int8 vectors, patches for re-ranking only, an index on each filter field.

        Args:
            size: of a picture's vector; patch_size: of a patch's, 0 without any.
        """
        # In memory the client scales the stored vectors anew, in place, at every search by cosine: answers would depend
        # on the searches before. There the index scales them itself, once, and compares by dot product.
        distance = models.Distance.DOT if self.kind == "memory" else models.Distance.COSINE
        vectors = {
            PICTURE: models.VectorParams(
                size=size,
                distance=distance,
                hnsw_config=models.HnswConfigDiff(m=16, ef_construct=128),
                quantization_config=models.ScalarQuantization(
                    scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, quantile=0.99, always_ram=True)
                ),
                on_disk=True,
            )
        }
        if patch_size:
            vectors[PATCHES] = models.VectorParams(
                size=patch_size,
                distance=distance,
                multivector_config=models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM),
                hnsw_config=models.HnswConfigDiff(m=0),
                on_disk=True,
            )
        cluster = {"shard_number": self.shards, "replication_factor": self.replicas, "on_disk_payload": True}
        client.create_collection(collection, vectors_config=vectors, **(cluster if self.kind == "server" else {}))
        if self.kind == "memory":  # scans everything, and has no use for indexes
            return
        for name in ("labels", "origin", "group", "pixels", "source", "revision"):
            client.create_payload_index(collection, name, models.PayloadSchemaType.KEYWORD)
        for name, facet in FACETS.items():
            schema = models.PayloadSchemaType.FLOAT if facet.unit else models.PayloadSchemaType.KEYWORD
            client.create_payload_index(collection, name, schema)


@contextmanager
def spoken(url: str):
    """Turns what a server, or its absence, makes of a call into one sentence."""
    try:
        yield
    except ResponseHandlingException as fault:
        raise IndexFault(f"the Qdrant server at {url} cannot be reached ({_short(fault)}); check QDRANT_URL") from fault
    except UnexpectedResponse as fault:
        if fault.status_code in (401, 403):
            raise IndexFault(f"the Qdrant server at {url} refuses the key; check QDRANT_API_KEY") from fault
        raise IndexFault(f"the Qdrant server at {url} answered {fault.status_code} {fault.reason_phrase}") from fault


def _numbers(version: str) -> tuple[int, ...]:
    """'1.15.4-dev' -> (1, 15)."""
    parts = version.split("-")[0].split(".")[:2]
    return tuple(int(p) if p.isdecimal() else 0 for p in parts)


def _short(fault: ResponseHandlingException) -> str:
    return str(fault.source).rstrip(".") or type(fault.source).__name__

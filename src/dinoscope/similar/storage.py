"""Storage: where the index keeps its points - in memory, in a folder, or on a Qdrant server.

Another one needs a client that answers as Qdrant's does (`edge.py` makes the folder's engine one) and a `kind` here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from ..settings import Settings
from . import folder
from .facets import FACETS
from .server import IndexFault, Server

PICTURE, PATCHES = "picture", "patches"
"""Names of a point's two vectors: of the whole picture, and of its cells."""


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

    @classmethod
    def of(cls, chosen: Settings) -> Storage:
        """Where the settings want the cases to be kept."""
        return cls(
            chosen.qdrant_url, chosen.qdrant_api_key, chosen.qdrant_path, chosen.qdrant_shards, chosen.qdrant_replicas
        )

    @property
    def kind(self) -> str:
        """`server`, `folder` or `memory`."""
        return "server" if self.url else "folder" if self.path else "memory"

    @cached_property
    def server(self) -> Server:
        """The server at `url`."""
        return Server(self.url, self.api_key)

    def open(self) -> Any:
        """A client, once a server has answered and is new enough.

        Raises:
            IndexFault: when it cannot be reached, is too old, or the folder is in use.
        """
        if self.url:
            return self.server.open()
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
            raise IndexFault(folder.in_words(self.path, str(fault))) from fault

    def create(self, client: Any, collection: str, size: int, patch_size: int) -> None:
        """Create a collection, unless it is there: HNSW over int8 vectors, patches for re-ranking only.

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
        try:
            client.create_collection(collection, vectors_config=vectors, **(cluster if self.kind == "server" else {}))
        except UnexpectedResponse as fault:
            if fault.status_code != 409:  # another app was faster
                raise

    def index_fields(self, client: Any, collection: str) -> None:
        """See to it that every filter field of a collection has its index; memory scans everything, and needs none."""
        if self.kind == "memory":
            return
        known = client.get_collection(collection).payload_schema
        keywords = ("labels", "origin", "group", "pixels", "source", "revision")
        fields = dict.fromkeys(keywords, models.PayloadSchemaType.KEYWORD)
        for name, facet in FACETS.items():
            fields[name] = models.PayloadSchemaType.FLOAT if facet.unit else models.PayloadSchemaType.KEYWORD
        for name, schema in fields.items():
            if name not in known:
                client.create_payload_index(collection, name, schema)

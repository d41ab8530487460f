"""Cases: the labelled pictures a task knows, and the Qdrant index that finds the nearest of them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields

import numpy as np
from qdrant_client import QdrantClient, models

ORIGINS = ("public", "phantom")
BATCH = 256


@dataclass(frozen=True)
class Case:
    """One labelled picture of a task.

    Attributes:
        id: unique inside its task.
        labels: its class, or its findings.
        origin: `public` (real, of a public data set; its pixels are not here) or `phantom` (drawn).
        licence: of the picture, as far as it is known.
        group: patient, lesion, tile or near-duplicate group.
        fold: 1 validation, 2 to 4 training; test cases are never in an index.
        url: where the original of a public case stands, at a pinned commit; blob: its git blob SHA-1.
        image, mask: files of a phantom, relative to the task's folder.
        pixels: sha256 of the decoded picture, to recognise the picture itself among the cases.
        metadata: age, sex, view, lesion size and the like, where known.
    """

    id: str
    labels: tuple[str, ...]
    origin: str
    licence: str = ""
    group: str = ""
    fold: int = 2
    url: str = ""
    blob: str = ""
    image: str = ""
    mask: str = ""
    pixels: str = ""
    metadata: dict[str, str | float] = field(default_factory=dict)

    @classmethod
    def of(cls, entry: dict) -> Case:
        """Read a case back from its JSON object; unknown keys are ignored."""
        known = {f.name for f in fields(cls)}
        return cls(**{k: v for k, v in entry.items() if k in known} | {"labels": tuple(entry["labels"])})


@dataclass(frozen=True)
class SimilarCase:
    """A found case; `similarity` is the cosine of its vector with the query's, -1 to 1."""

    case: Case
    similarity: float


@dataclass(frozen=True)
class Filters:
    """What a found case must have; an empty tuple asks for nothing.

    Attributes:
        labels: at least one of these.
        origins: one of these, out of `ORIGINS`.
    """

    labels: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()


class CaseIndex:
    """One Qdrant collection a task, in memory or on a server; safe to call from several threads."""

    def __init__(self, url: str = "", api_key: str = "") -> None:
        """Open an index: in memory, or on the server at `url`."""
        self.client = QdrantClient(url=url, api_key=api_key or None) if url else QdrantClient(":memory:")
        # Local mode keeps its points in plain numpy arrays, which a reader must not see half written.
        self._lock = threading.Lock()

    def fill(self, task: str, cases: Sequence[Case], vectors: np.ndarray) -> None:
        """Create the task's collection anew from cases and their vectors [N, D]."""
        with self._lock:
            if self.client.collection_exists(task):
                self.client.delete_collection(task)
            self.client.create_collection(
                task,
                vectors_config=models.VectorParams(size=vectors.shape[1], distance=models.Distance.COSINE),
            )
            for start in range(0, len(cases), BATCH):
                part = slice(start, start + BATCH)
                batch = models.Batch(
                    ids=[_point(task, c.id) for c in cases[part]],
                    vectors=vectors[part].tolist(),
                    payloads=[asdict(c) for c in cases[part]],
                )
                self.client.upsert(task, batch)

    def count(self, task: str) -> int:
        """Number of cases in the task's collection."""
        with self._lock:
            return self.client.count(task).count

    def search(
        self,
        task: str,
        query: np.ndarray | str,
        k: int,
        filters: Filters | None = None,
        pixels: str = "",
        one_a_group: bool = True,
    ) -> list[SimilarCase]:
        """The nearest cases by cosine, nearest first.

        Args:
            query: a vector [D], or the id of a case, which is then left out itself.
            k: at most so many.
            filters: what the cases must have.
            pixels: `pixel_hash` of the query; the same picture among the cases is left out.
            one_a_group: at most one case a patient, lesion or near-duplicate group.
        Raises:
            KeyError: when no case has the id.
        """
        filters = filters or Filters()
        must: list[models.Condition] = []
        if filters.labels:
            must.append(models.FieldCondition(key="labels", match=models.MatchAny(any=list(filters.labels))))
        if filters.origins:
            must.append(models.FieldCondition(key="origin", match=models.MatchAny(any=list(filters.origins))))
        must_not: list[models.Condition] = []
        if pixels:
            must_not.append(models.FieldCondition(key="pixels", match=models.MatchValue(value=pixels)))
        condition = models.Filter(must=must or None, must_not=must_not or None) if must or must_not else None
        asked = query.tolist() if isinstance(query, np.ndarray) else _point(task, query)
        with self._lock:
            if isinstance(query, str) and not self.client.retrieve(task, [asked]):
                raise KeyError(f"{task} has no case {query!r}")
            limit = k * 4 if one_a_group else k
            while True:
                points = self.client.query_points(task, query=asked, query_filter=condition, limit=limit).points
                found = [SimilarCase(Case.of(p.payload or {}), float(p.score)) for p in points]
                kept = _one_a_group(found) if one_a_group else found
                # The nearest may all be of a few patients: then look farther.
                if len(kept) >= k or len(points) < limit:
                    return kept[:k]
                limit *= 4

    def close(self) -> None:
        """Let go of the connection."""
        self.client.close()


def _one_a_group(found: Sequence[SimilarCase]) -> list[SimilarCase]:
    """The first case of every group; a case without a group stands for itself."""
    first: dict[str, SimilarCase] = {}
    for similar in found:
        first.setdefault(similar.case.group or f"case {similar.case.id}", similar)
    return list(first.values())


def _point(task: str, case: str) -> str:
    """Point id of a case: the same on every start, so that adding it twice changes nothing."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"dinoscope/{task}/{case}"))

"""Points: a case as Qdrant keeps it, and back."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from qdrant_client import models

from . import facets
from .case import Case, Hit
from .request import Query, SearchRequest
from .storage import PATCHES, PICTURE

DIGITS = 6
"""Decimals of a similarity: fewer than any engine's rounding reaches, so that what is equal compares equal."""
THUMBNAIL = "thumbnail"
"""Where a point keeps the small picture of an own case, as base64."""


def of_case(task: str, case: Case, vector: np.ndarray, patches: np.ndarray | None, source: str) -> models.PointStruct:
    """A case as Qdrant keeps it: the filter fields by themselves, the case itself as one text."""
    text = json.dumps(vars(case), ensure_ascii=False)
    vectors = {PICTURE: vector} if patches is None else {PICTURE: vector, PATCHES: patches}
    digest = hashlib.sha256(text.encode())
    for given in vectors.values():
        digest.update(np.ascontiguousarray(given, np.float32).tobytes())
    payload = {
        "case": text,
        "labels": list(case.labels),
        "origin": case.origin,
        "group": case.group,
        "pixels": case.pixels,
        "source": source,
        "revision": digest.hexdigest()[:16],
        **facets.values(case),
    }
    # Made here and right: checking every number of every vector again takes most of the time of a start.
    return models.PointStruct.model_construct(id=point_id(task, case.id), vector=vectors, payload=payload)


def on_the_wire(point: models.PointStruct) -> models.PointStruct:
    """The same with its arrays as lists, which is what JSON knows."""
    plain = {name: vector.tolist() for name, vector in cast(dict, point.vector).items()}
    return models.PointStruct(id=point.id, vector=plain, payload=point.payload)


def show(point: models.PointStruct, thumbnail: bytes) -> None:
    """Let a point carry a small picture of its case."""
    if thumbnail and point.payload is not None:
        point.payload[THUMBNAIL] = base64.b64encode(thumbnail).decode()


def case_of(point: Any) -> Case:
    """The case that a point holds."""
    return Case.of(json.loads(point.payload["case"]))


def vector_of(point: Any, name: str) -> np.ndarray:
    """The picture's vector [K], or the patches' [m, d]."""
    return np.asarray(point.vector[name], np.float32)


def patches_of(point: Any) -> np.ndarray | None:
    """[m, d]; None where the case has none."""
    return vector_of(point, PATCHES) if PATCHES in point.vector else None


def point_id(task: str, case: str) -> str:
    """Point id of a case: the same on every start, so that adding it twice changes nothing."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"dinoscope/{task}/{case}"))


def ranked(found: Sequence[Any], query: Query, request: SearchRequest) -> list[Hit]:
    """Found points as the search asked for them, the best first; what ties comes in the order of the ids."""
    region = query.inside(request.region)
    hits = [(rank(point), _hit(point, query, region, bool(request.judged))) for point in found]
    return [hit for _, hit in sorted(hits, key=lambda pair: (-pair[0], pair[1].case.id))]


def settled(found: Sequence[Any], limit: int) -> Sequence[Any]:
    """Without those that tie with the last of a full page: others of their like may have been left out of it."""
    if len(found) < limit:
        return found
    return [point for point in found if rank(point) > rank(found[-1])]


def rank(point: Any) -> float:
    """What a point is ordered by."""
    return round(float(point.score), DIGITS)


def _hit(point: Any, query: Query, region: np.ndarray | None, judged: bool) -> Hit:
    case, score = case_of(point), float(point.score)
    small = base64.b64decode(point.payload.get(THUMBNAIL) or "")
    if region is not None:
        # Qdrant adds up the best cosine of each patch of the query.
        return Hit(case, round(score / len(region), DIGITS), patches_of(point), small)
    if judged:
        vector = vector_of(point, PICTURE)
        score = float(vector @ query.vector / np.linalg.norm(vector) / np.linalg.norm(query.vector))
    return Hit(case, round(score, DIGITS), thumbnail=small)

"""Points: a case as Qdrant keeps it, and back."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import asdict
from typing import Any

import numpy as np
from qdrant_client import models

from . import facets
from .ask import Ask
from .case import Case, Hit
from .storage import PATCHES, PICTURE


def of_case(task: str, case: Case, vector: np.ndarray, patches: np.ndarray | None, source: str) -> models.PointStruct:
    """A case as Qdrant keeps it: the filter fields by themselves, the case itself as one text."""
    text = json.dumps(asdict(case), ensure_ascii=False)
    digest = hashlib.sha256(text.encode())
    vectors: dict[str, Any] = {PICTURE: vector.tolist()}
    digest.update(np.ascontiguousarray(vector, np.float32).tobytes())
    if patches is not None:
        vectors[PATCHES] = patches.tolist()
        digest.update(np.ascontiguousarray(patches, np.float32).tobytes())
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
    return models.PointStruct(id=point_id(task, case.id), vector=vectors, payload=payload)


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


def hit(point: Any, ask: Ask) -> Hit:
    """A found point as the search asked for it."""
    case, score = case_of(point), float(point.score)
    if ask.patches is not None:
        # Qdrant adds up the best cosine of each patch of the query.
        return Hit(case, score / len(ask.patches), patches_of(point))
    if ask.liked or ask.disliked:
        vector = vector_of(point, PICTURE)
        score = float(vector @ ask.vector / np.linalg.norm(vector) / np.linalg.norm(ask.vector))
    return Hit(case, score)

"""Case: one labelled picture of a task, and what a search says of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields

import numpy as np

from .regions import Box

ORIGINS = ("public", "phantom", "own")


@dataclass(frozen=True)
class Case:
    """One labelled picture of a task.

    Attributes:
        id: unique inside its task.
        labels: its class, or its findings.
        origin: `public` (real, of a public data set; its pixels are not here), `phantom` (drawn) or `own`
            (added by `dinoscope index` from a folder of the operator's).
        licence: of the picture, as far as it is known.
        group: patient, lesion, tile or near-duplicate group.
        fold: 1 validation, 2 to 4 training; test cases are never in an index.
        url: where the original of a public case stands, at a pinned commit; blob: its git blob SHA-1, and that of
            the file of an own case that was indexed; root: tells the folder from which that came, without naming it.
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
    root: str = ""
    metadata: dict[str, str | float] = field(default_factory=dict)

    @classmethod
    def of(cls, entry: dict) -> Case:
        """Read a case back from its JSON object; unknown keys are ignored."""
        known = {f.name for f in fields(cls)}
        return cls(**{k: v for k, v in entry.items() if k in known} | {"labels": tuple(entry["labels"])})


def digest(cases: Iterable[Case]) -> str:
    """Tells these cases and their order from any others, by their ids."""
    return hashlib.sha256("\n".join(c.id for c in cases).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Hit:
    """What the index found.

    Attributes:
        similarity: cosine of the case's vector with the query's, -1 to 1; with a region, the mean over the query's
            patches of the cosine with the case's best patch.
        patches: [m, d] patch vectors of the case, where a region was searched for.
        thumbnail: WebP of an own case, made when it was indexed; empty for any other.
    """

    case: Case
    similarity: float
    patches: np.ndarray | None = field(default=None, repr=False, compare=False)
    thumbnail: bytes = field(default=b"", repr=False, compare=False)


@dataclass(frozen=True)
class SimilarCase:
    """A found case as a reader sees it.

    Attributes:
        similarity: as in `Hit`.
        closer_than: share of the task's cases that are farther than this from their own nearest case, 0 to 1;
            None for a region, whose similarity is of another kind.
        matched: where in the case the region was found; None without a region.
        thumbnail: as in `Hit`.
    """

    case: Case
    similarity: float
    closer_than: float | None = None
    matched: Box | None = None
    thumbnail: bytes = field(default=b"", repr=False, compare=False)

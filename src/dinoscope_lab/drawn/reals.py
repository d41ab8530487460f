"""The real side of a comparison: a set's pictures as the encoder sees them, and a head that knows no drawn case."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors import SafetensorError

from dinoscope.fitting import datasets
from dinoscope.fitting.datasets import TEST_FOLD, VALIDATION_FOLD, Sample
from dinoscope.fitting.features import Labelled, read_public
from dinoscope.fitting.logistic import fit_head
from dinoscope.reading import scope
from dinoscope.reading.frozen import Frozen
from dinoscope.reading.heads import Head, HeadError
from dinoscope.reading.projection import Projection
from dinoscope_phantoms import ROOMS

from ..benchmark import source


@dataclass(frozen=True)
class Reals:
    """Real pictures of one task.

    Attributes:
        known: folds 2 to 4; held: fold 1. Fold 0 is not read.
        head: fitted on `known` alone and calibrated with `held`.
        projection: of the backbone's search vectors.
        folder: the set's pictures; files: id -> file.
    """

    task: str
    known: Labelled
    held: Labelled
    head: Head
    projection: Projection
    folder: Path
    files: dict[str, Path]

    @cached_property
    def vectors(self) -> np.ndarray:
        """[K, D] unit vectors of `known`, as the scope compares them."""
        return self.embed(self.known.pooled)

    @cached_property
    def usual(self) -> np.ndarray:
        """[H] sorted distances of `held` to their nearest known pictures."""
        return np.sort(scope.distances(self.embed(self.held.pooled), self.vectors))

    @cached_property
    def recall(self) -> dict[str, float]:
        """Share of each class that the head reads right in fold 1: what can be asked of drawn ones."""
        guess = np.array(self.head.classes)[self.head.probabilities(self.held.pooled).argmax(1)]
        return {c: float(np.mean(guess[self.held.labels == c] == c)) for c in self.head.classes}

    def embed(self, pooled: np.ndarray) -> np.ndarray:
        """Pooled features [N, P] -> unit vectors [N, D], as the scope compares them."""
        return self.projection.for_scope(self.projection(pooled))


def read(
    encoder: Frozen,
    projection: Projection,
    images: Path,
    task: str,
    cache: Path,
    some: Callable[[list[Sample]], Iterable[Sample]] = list,
) -> Reals:
    """Read a set's pictures but for fold 0, and fit its head; both are kept below `cache`, never in the repository.

    Args:
        some: takes fewer of the pictures.
    """
    folder, splits = images / task, images / "splits"
    pool = read_public(encoder, folder, splits, lambda _: None, lambda s: list(some(_seen(s))), cache=cache)
    known, held = pool.at(pool.folds > VALIDATION_FOLD), pool.at(pool.folds == VALIDATION_FOLD)
    kept = cache / encoder.fingerprint[:16] / "real_heads" / f"{task}-{_made_of(known, held)}.safetensors"
    try:
        head = Head.load(kept, encoder.fingerprint)
    except (HeadError, SafetensorError, OSError):
        head = fit_head(known, held, encoder.fingerprint).head
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}")
        head.save(part)
        part.replace(kept)
    files = {s.id: s.path for s in datasets.read(folder, splits)}
    return Reals(task, known, held, head, projection, folder, files)


def asked(tasks: list[str] | None) -> Iterator[str]:
    """The tasks to compare: those named, or one of each drawn modality."""
    first = {room: task for task, room in reversed(ROOMS.items())}  # two tasks share the fundus
    yield from tasks or (task for task in ROOMS if task in first.values())


def _made_of(*pools: Labelled) -> str:
    """Of which pictures, labels and code a head is made."""
    said = [[(c.id, c.labels, c.fold) for c in pool.cases] for pool in pools]
    return hashlib.sha256(repr((said, source.fingerprint(fit_head.__module__))).encode()).hexdigest()[:16]


def _seen(samples: list[Sample]) -> list[Sample]:
    return [s for s in samples if s.fold != TEST_FOLD]

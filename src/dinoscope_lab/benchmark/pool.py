"""Pool: a data set as an experiment sees it - pictures, class numbers, folds, groups."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dinoscope.fitting.datasets import TEST_FOLD, VALIDATION_FOLD, Sample

QUICK = 2
"""Pictures of a class and fold that a quick run takes."""


@dataclass(frozen=True)
class Pool:
    """A data set.

    Attributes:
        name: of the set; samples: N pictures.
        truth: [N] class numbers, of `classes`; fold: [N].
    """

    name: str
    samples: list[Sample]
    classes: list[str]
    truth: np.ndarray
    fold: np.ndarray

    @classmethod
    def of(cls, name: str, samples: list[Sample]) -> Pool:
        """Classes numbered in the order of their names."""
        classes = sorted({s.label for s in samples})
        truth = np.array([classes.index(s.label) for s in samples])
        return cls(name, samples, classes, truth, np.array([s.fold for s in samples]))

    @property
    def known(self) -> np.ndarray:
        """[N] bool: folds 2 to 4, which fit."""
        return self.fold > VALIDATION_FOLD

    @property
    def held(self) -> np.ndarray:
        """[N] bool: fold 1, which chooses."""
        return self.fold == VALIDATION_FOLD

    @property
    def test(self) -> np.ndarray:
        """[N] bool: fold 0, which measures."""
        return self.fold == TEST_FOLD

    @property
    def files(self) -> list[Path]:
        """N files."""
        return [s.path for s in self.samples]

    @property
    def groups(self) -> np.ndarray:
        """[N] patient, lesion or near-duplicate group; the picture itself where none is known."""
        return np.array([s.group or s.id for s in self.samples])

    @property
    def split(self) -> str:
        """Fingerprint of which pictures there are, what they show, and in which fold and group each is."""
        told = sorted(f"{s.id},{s.label},{s.group},{f}" for s, f in zip(self.samples, self.fold, strict=True))
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]

    def findings(self, names: Sequence[str]) -> np.ndarray:
        """[N, C] bool: the columns of a multi-label set."""
        return np.array([[s.metadata.get(n) == "1" for n in names] for s in self.samples])


def first(samples: Sequence[Sample]) -> Iterator[Sample]:
    """The first `QUICK` pictures of each class and fold."""
    count: Counter[tuple[str, int]] = Counter()
    for sample in samples:
        count[sample.label, sample.fold] += 1
        if count[sample.label, sample.fold] <= QUICK:
            yield sample

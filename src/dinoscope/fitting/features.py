"""Features: the pictures of a data set or a task's phantoms, read once by an encoder, with their cases."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..reading import images
from ..reading.frozen import Frozen
from ..similar import Case, regions, thumbnails
from ..similar.facets import FACETS
from . import catalogue, datasets
from .datasets import TEST_FOLD, Sample
from .feature_cache import FeatureCache
from .trees import LeftOut

METADATA = tuple(source for facet in FACETS.values() for source in facet.sources)
"""What is kept of a picture beside its class: all that cases can be filtered by."""
BATCH = 64

Say = Callable[[str], None]


@dataclass(frozen=True)
class Labelled:
    """Cases with their features, in the same order.

    Attributes:
        cases: N cases; pooled: [N, P] float32.
        cells: [N, CELLS * CELLS, D] float16 means of patch tokens; patches: [N, h * w, D] float16, of phantoms alone.
            Both of what was read; parts and sums lack them.
    """

    cases: list[Case]
    pooled: np.ndarray
    cells: np.ndarray | None = None
    patches: np.ndarray | None = None

    def at(self, chosen: np.ndarray) -> Labelled:
        """Those where `chosen` [N] is true."""
        return Labelled([c for c, yes in zip(self.cases, chosen, strict=True) if yes], self.pooled[chosen])

    def __add__(self, other: Labelled) -> Labelled:
        return Labelled(self.cases + other.cases, np.concatenate([self.pooled, other.pooled]))

    @property
    def folds(self) -> np.ndarray:
        """[N] fold of each case."""
        return np.array([c.fold for c in self.cases], dtype=int)

    @property
    def labels(self) -> np.ndarray:
        """[N] first label of each case."""
        return np.array([c.labels[0] for c in self.cases])

    def membership(self, classes: Sequence[str]) -> np.ndarray:
        """[N, C] bool: which of the classes or findings each case has."""
        return np.array([[c in case.labels for c in classes] for case in self.cases], bool).reshape(-1, len(classes))


def read_public(
    encoder: Frozen,
    folder: Path,
    splits: Path | None,
    say: Say = print,
    chosen: Callable[[list[Sample]], list[Sample]] = list,
    name: str = "",
    cache: Path | None = None,
    origin: str = "public",
) -> Labelled:
    """Features of a data set's pictures, without those that repeat a test picture.

    Pictures that decode to the same pixels as one of fold 0 are dropped from the other folds; of several
    copies elsewhere the first stays. Copies of another set's fold 0 are dropped, too.

    Args:
        chosen: picks the samples to read, for who does not need them all.
        name: of the task, when the folder is not named like it.
        cache: where features are kept between runs, and thumbnails of own cases.
        origin: of pictures without the address of an original: `public`, or `own` for an operator's.
    Raises:
        ValueError: for a set that cannot be understood or fitted on, or a picture that stands there under two labels.
    """
    leaked = datasets.copies_of_tests(folder, splits)
    everything = datasets.read(folder, splits, say)
    datasets.check_folds(everything, say)
    known = [s for s in everything if s.fold == TEST_FOLD or s.id not in leaked]
    samples = sorted(chosen(known), key=lambda s: (s.fold != TEST_FOLD, s.id))
    cases: list[Case] = []
    rows: list[np.ndarray] = []
    cells: list[np.ndarray] = []
    seen: dict[str, Case] = {}
    torn: list[str] = []
    copies = LeftOut()
    kept = FeatureCache(encoder, cache)
    for start in range(0, len(samples), BATCH):
        batch = samples[start : start + BATCH]
        read = kept.read([s.path for s in batch])
        for i, (sample, pixels) in enumerate(zip(batch, read.pixels, strict=True)):
            labels = catalogue.labels(name or folder.name, sample)
            if first := seen.get(pixels):
                copies.add("copies of another picture", f"{sample.id} = {first.id}")
                if set(first.labels) != set(labels):
                    torn.append(f"{first.id} ({', '.join(first.labels)}) = {sample.id} ({', '.join(labels)})")
                continue
            rows.append(read.pooled[i])
            if read.cells is not None:
                cells.append(read.cells[i])
            cases.append(
                Case(
                    id=sample.id,
                    labels=labels,
                    origin="public" if sample.url else origin,
                    licence=catalogue.licence(name or folder.name) if sample.url else "",
                    group=sample.group,
                    fold=sample.fold,
                    url=sample.url,
                    blob=sample.blob,
                    pixels=pixels,
                    metadata={k: sample.metadata[k] for k in METADATA if k in sample.metadata},
                )
            )
            seen[pixels] = cases[-1]
            if cache and cases[-1].origin == "own" and sample.fold != TEST_FOLD:
                thumbnails.keep(cache, cases[-1], sample.path)
        say(f"{folder.name}: {min(start + BATCH, len(samples))} of {len(samples)} pictures read")
    if torn:
        many = f"{len(torn)} pictures stand" if len(torn) > 1 else "a picture stands"
        raise ValueError(
            f"{many} in two classes: {'; '.join(torn[:5])}{'; …' * (len(torn) > 5)}; leave each in one of them"
        )
    if copies.count:
        say(f"{folder.name}: left out: {copies}")
    return Labelled(cases, np.stack(rows), np.stack(cells) if cells else None)


def read_phantoms(encoder: Frozen, folder: Path, most: int | None = None) -> Labelled:
    """Features of the phantoms bundled with a task, at most `most` a class; none when it has none."""
    listing = folder / "phantoms.jsonl"
    entries = listing.read_text(encoding="utf-8").splitlines() if listing.is_file() else []
    cases: list[Case] = []
    count: dict[tuple[str, ...], int] = {}
    for case in (Case.of(json.loads(line)) for line in entries):
        count[case.labels] = count.get(case.labels, 0) + 1
        if most is None or count[case.labels] <= most:
            cases.append(case)
    if not cases:
        return Labelled([], np.zeros((0, encoder.width), np.float32))
    rows: list[tuple[np.ndarray, ...]] = []
    for start in range(0, len(cases), BATCH):
        seen = encoder([images.read(folder / c.image).picture for c in cases[start : start + BATCH]])
        cells = regions.pool(seen.patches, seen.grid)
        rows.append((seen.pooled, cells.astype(np.float16), seen.patches.astype(np.float16)))
    return Labelled(cases, *map(np.concatenate, zip(*rows, strict=True)))

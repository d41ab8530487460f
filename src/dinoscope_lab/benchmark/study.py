"""Study: what every experiment needs - encoder, pictures, cached features, finished parts, the evidence file."""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dinoscope import settings
from dinoscope.fitting import datasets
from dinoscope.fitting.datasets import TEST_FOLD, VALIDATION_FOLD, Sample
from dinoscope.fitting.feature_cache import FeatureCache
from dinoscope.reading.encoder import Encoder
from dinoscope.reading.frozen import Frozen
from dinoscope.settings import ROOT

from .. import evidence, readme

QUICK = 6
"""Pictures of a class and fold that a quick run takes."""


@dataclass(frozen=True)
class Pool:
    """A data set as an experiment sees it.

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

    def findings(self, names: Sequence[str]) -> np.ndarray:
        """[N, C] bool: the columns of a multi-label set."""
        return np.array([[s.metadata.get(n) == "1" for n in names] for s in self.samples])


@dataclass(frozen=True)
class Study:
    """One run of one experiment.

    Attributes:
        name: of the evidence file; command: that makes it again.
        encoder: the backbone in question; images: folder of data sets.
        cache: where features and finished parts are kept; assets: where the evidence goes.
        quick: a few pictures and steps, to see that everything runs; its numbers stay in the cache.
        taken_up: seconds that the parts kept from earlier runs had taken.
    """

    name: str
    command: str
    encoder: Encoder
    images: Path
    cache: Path
    assets: Path
    seed: int = 0
    quick: bool = False
    began: float = field(default_factory=time.monotonic)
    taken_up: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Study:
        """The study that a command line asks for, on the backbone of the settings."""
        chosen = settings.load()
        encoder = Encoder.load(chosen.backbone, chosen.assets / "backbone", chosen.device)
        others = "".join(f" --encoder {e}" for e in arguments.encoder)
        command = f"dinoscope benchmark {arguments.name} --images {arguments.images} --seed {arguments.seed}{others}"
        name = arguments.name.rpartition("/")[2]
        return cls(
            name, command, encoder, arguments.images, chosen.cache, chosen.assets, arguments.seed, arguments.quick
        )

    def pool(self, name: str) -> Pool:
        """Read a data set; a quick run takes the first few pictures of each class and fold."""
        splits = self.images / "splits"
        samples = datasets.read(self.images / name, splits if splits.is_dir() else None)
        if self.quick:
            samples = list(_first(samples))
        return Pool.of(name, samples)

    def pooled(self, pool: Pool, encoder: Frozen | None = None) -> np.ndarray:
        """Features [N, P] float32 of a data set, read once by an encoder."""
        batch = f"{pool.name}-{'quick' if self.quick else 'all'}"
        return FeatureCache(encoder or self.encoder, self.cache).read(batch, pool.files)[1]

    @property
    def shape(self) -> str:
        """Width and depth of the backbone: all that a network trained from scratch shares with it."""
        config = self.encoder.model.config
        return f"{config.hidden_size}x{config.num_hidden_layers}"

    def part(self, key: str, measure: Callable[[], list[dict]], depends_on: str = "") -> list[dict]:
        """Rows that are measured once: kept under `key`, the seed and what they depend on.

        Args:
            depends_on: the backbone's fingerprint when empty.
        """
        path = self.kept / f"{key}-{self.seed}-{(depends_on or self.encoder.fingerprint)[:16]}.json"
        kept = json.loads(path.read_text()) if path.is_file() else None
        if not isinstance(kept, dict):  # or kept by an earlier version, without its seconds
            began = time.monotonic()
            rows = measure()
            seconds = time.monotonic() - began
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".part").write_text(json.dumps({"seconds": seconds, "rows": rows}))
            path.with_suffix(".part").replace(path)
            print(f"{self.name}: {key} in {seconds:.0f} s", flush=True)
            return rows
        self.taken_up.append(kept["seconds"])
        return kept["rows"]

    @property
    def kept(self) -> Path:
        """Where finished parts lie; a quick run has its own."""
        return self.cache / "benchmark" / ("quick" if self.quick else "full") / self.name

    def write(self, headline: dict, rows: Sequence[dict], notes: Sequence[str]) -> Path:
        """Write the evidence file, and what is made from it; a quick run's stays in the cache."""
        folder = self.cache / "benchmark" / "quick" if self.quick else self.assets / "evidence"
        path = folder / f"{self.name}.json"
        seconds = time.monotonic() - self.began + sum(self.taken_up)
        evidence.write(
            path, headline, self.command, self.seed, self.encoder.fingerprint, seconds, rows, notes, resumed=True
        )
        if not self.quick and self.assets == ROOT / "model_assets":
            readme.renew()
        print(f"{headline['label']}: {headline['value']} {headline['unit']} ({path})", flush=True)
        return path


def _first(samples: Sequence[Sample]) -> Iterator[Sample]:
    """The first `QUICK` pictures of each class and fold."""
    count: Counter[tuple[str, int]] = Counter()
    for sample in samples:
        count[sample.label, sample.fold] += 1
        if count[sample.label, sample.fold] <= QUICK:
            yield sample

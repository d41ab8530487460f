"""Study: what every experiment is given - encoder, pictures, kept parts - and the report that it gives back.

An experiment is a module with a function `measure(study) -> Report`. What takes time in it is a function that yields
rows, handed to `study.part`: it runs once, and once more when code, backbone, split or seed have changed.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from dinoscope import atomic, settings
from dinoscope.evidence import Table
from dinoscope.fitting import datasets
from dinoscope.fitting.datasets import TEST_FOLD
from dinoscope.fitting.feature_cache import FeatureCache
from dinoscope.reading.encoder import Encoder
from dinoscope.reading.frozen import Frozen
from dinoscope.settings import ROOT
from dinoscope.workbench import Workbench

from .. import evidence, readme
from . import source
from .kept import Kept, Made
from .pool import Pool, first


@dataclass(frozen=True)
class Report:
    """What an experiment found.

    Attributes:
        headline: {label, value, low, high, unit}; low and high None where there is no interval.
        tables: the most telling one first; notes: sentences, the unflattering ones first.
    """

    headline: dict
    tables: list[Table]
    notes: list[str]


def headline(label: str, value: float, unit: str = "", low: float | None = None, high: float | None = None) -> dict:
    """One figure, with its interval where there is one."""
    return {"label": label, "value": value, "low": low, "high": high, "unit": unit}


@dataclass(frozen=True)
class Study:
    """One run of one experiment.

    Attributes:
        name: of the evidence file; command: that makes it again.
        encoder: the backbone in question; images: folder of data sets, None for an experiment that needs none.
        cache: where features and finished parts are kept; assets: where the evidence goes.
        quick: a few pictures and steps, to see that everything runs; its numbers stay in the cache.
        most: pictures a task, where an experiment has a choice; others: further encoders, by name or folder.
        untrained: leave out what is trained here; stubborn: keep parts that earlier code has measured.
        fold: that measures; with 1, which chooses, nothing comes into the evidence.
        until: the moment (`time.monotonic`) from which on no part is begun.
    """

    name: str
    command: str
    encoder: Encoder
    images: Path
    cache: Path
    assets: Path
    seed: int = 0
    quick: bool = False
    most: int | None = None
    others: tuple[str, ...] = ()
    untrained: bool = False
    stubborn: bool = False
    fold: int = TEST_FOLD
    until: float = math.inf
    module: str = __name__
    began: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, arguments: argparse.Namespace, module: str) -> Study:
        """The study that a command line asks for, on the backbone of the settings."""
        chosen = settings.load()
        encoder = Encoder.load(chosen.backbone, chosen.assets / "backbone", chosen.device)
        options = [f"--images {arguments.images}"] if arguments.images else []
        options += [f"--most {arguments.most}"] if arguments.most else []
        options += [f"--seed {arguments.seed}", *(f"--encoder {e}" for e in arguments.encoder)]
        options += ["--untrained"] * arguments.untrained + [f"--fold {arguments.fold}"] * arguments.fold
        options += ["--quick"] * arguments.quick
        return cls(
            arguments.name.rpartition("/")[2],
            " ".join(["dinoscope benchmark", arguments.name, *options]),
            encoder,
            arguments.images or Path(),
            chosen.cache,
            chosen.assets,
            arguments.seed,
            arguments.quick,
            arguments.most,
            tuple(arguments.encoder),
            arguments.untrained,
            arguments.keep,
            arguments.fold,
            time.monotonic() + 60 * arguments.minutes,
            module,
        )

    @cached_property
    def workbench(self) -> Workbench:
        """The app without its page, on the settings' backbone."""
        return Workbench.load(settings.load())

    @cached_property
    def parts(self) -> Kept:
        """What this and earlier runs have finished."""
        place = self.kept.parent / f"{self.name}.jsonl"
        return Kept(place, self.stubborn, partial(print, flush=True), self.until, self.began)

    def pool(self, name: str) -> Pool:
        """Read a data set; a quick run takes the first few pictures of each class and fold."""
        samples = datasets.read(self.images / name, self.splits)
        return Pool.of(name, list(first(samples)) if self.quick else samples)

    @property
    def splits(self) -> Path | None:
        """The folder that says which picture is in which fold."""
        folder = self.images / "splits"
        return folder if folder.is_dir() else None

    def pooled(self, pool: Pool, encoder: Frozen | None = None) -> np.ndarray:
        """Features [N, P] float32 of a data set, read once by an encoder."""
        return FeatureCache(encoder or self.encoder, self.cache).read(pool.files).pooled

    @property
    def shape(self) -> str:
        """Width and depth of the backbone: all that a network trained from scratch shares with it."""
        config = self.encoder.model.config
        return f"{config.hidden_size}x{config.num_hidden_layers}"

    def part(
        self, key: str, measure: Callable[[], Iterable[dict]], depends_on: str = "", pool: Pool | None = None
    ) -> list[dict]:
        """Rows that are measured once, kept under `key`.

        Args:
            measure: yields them; depends_on: the backbone's fingerprint when empty.
            pool: the pictures they are of; the folder of splits as a whole where none is named.
        """
        split = pool.split if pool else self.split
        network = depends_on or self.encoder.fingerprint
        return self.parts.part(key, measure, Made(self.seed, source.fingerprint(self.module), network, split))

    @cached_property
    def split(self) -> str:
        """Fingerprint of every table of folds."""
        tables = sorted(self.splits.glob("*.csv")) if self.splits else []
        return hashlib.sha256(b"".join(t.name.encode() + t.read_bytes() for t in tables)).hexdigest()[:16]

    @property
    def kept(self) -> Path:
        """Where what is trained here lies; a quick run has its own, and the fold that chooses."""
        kind = "quick" if self.quick else "full"
        return self.cache / "benchmark" / (kind if self.fold == TEST_FOLD else f"{kind}-fold-{self.fold}") / self.name

    @property
    def aside(self) -> bool:
        """Whether what is measured is no evidence."""
        return self.quick or self.fold != TEST_FOLD

    def write(self, report: Report) -> Path:
        """Write the evidence file, and what is made from it; what is no evidence stays in the cache."""
        folder = self.kept.parent if self.aside else self.assets / "evidence"
        path = folder / f"{self.name}.json"
        spent = max(time.monotonic() - self.began, self.parts.spent)
        older = [f"{self.parts.older} parts were measured by earlier code."] if self.parts.older else []
        how = evidence.How(
            self.command, self.seed, self.encoder.fingerprint, spent, f"splits {self.split}" * bool(self.splits)
        )
        evidence.write(path, report.headline, how, report.tables, [*report.notes, *older])
        if not self.aside and self.assets == ROOT / "model_assets":
            with one_at_a_time(folder):
                readme.renew()
        print(f"{report.headline['label']}: {report.headline['value']} {report.headline['unit']} ({path})", flush=True)
        return path


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Wait while another process writes documents that are made from the evidence in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with atomic.held(folder):
        yield

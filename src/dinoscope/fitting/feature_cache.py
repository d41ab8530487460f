"""Feature cache: what an encoder sees in each picture, on disk, by backbone and file content: nothing is read twice."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image

from ..reading import images
from ..reading.efficientnet import EfficientNet
from ..reading.frozen import Frozen
from ..reading.images import ImageError
from ..similar import regions

Done = TypeVar("Done")
TABLE = "CREATE TABLE IF NOT EXISTS seen (content TEXT PRIMARY KEY, pixels TEXT, pooled BLOB, cells BLOB)"
ASKED = 500
"""Pictures asked for in one query."""
BATCH = 64
"""Pictures read before they are kept: what a run loses that is cut short."""
PATIENCE = 120
"""Seconds to wait while another process writes."""


class Kept(NamedTuple):
    """What is kept of N files, in their order.

    Attributes:
        pixels: N hashes of the decoded pictures.
        pooled: [N, P] float32 features.
        cells: [N, CELLS * CELLS, D] float16, the mean of the patch tokens in each cell; None of a rival.
    """

    pixels: list[str]
    pooled: np.ndarray
    cells: np.ndarray | None


class Row(NamedTuple):
    """What is kept of one picture, as it is stored; no cells of a rival."""

    pixels: str
    pooled: bytes
    cells: bytes


class FeatureCache:
    """Pooled features, cells and pixel hashes of pictures, kept below `folder` for one encoder.

    Several processes may share it. Only for pictures of one's own machine: a visitor's picture never comes here.
    """

    def __init__(self, encoder: Frozen, folder: Path | None) -> None:
        """Keep features below `folder`; None to keep nothing."""
        self.encoder = encoder
        self.path = folder / encoder.fingerprint[:16] / "features.sqlite" if folder else None

    def read(self, files: Sequence[Path]) -> Kept:
        """What the encoder sees in the pictures in `files`, which are read unless they have been.

        Raises:
            ImageError: for a file that is not a picture; what was read before it is kept.
        """
        contents = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
        known = self._known(contents)
        unknown = {c: file for c, file in zip(contents, files, strict=True) if c not in known}
        waiting = list(unknown.items())
        for start in range(0, len(waiting), BATCH):
            batch = dict(waiting[start : start + BATCH])
            new = dict(zip(batch, self._seen(list(batch.values())), strict=True))
            self._keep(new)
            known |= new
        rows = [known[c] for c in contents]
        pixels, pooled = [row.pixels for row in rows], np.stack([np.frombuffer(row.pooled, np.float32) for row in rows])
        if isinstance(self.encoder, EfficientNet):
            return Kept(pixels, pooled, None)
        cells = np.stack([np.frombuffer(row.cells, np.float16) for row in rows])
        return Kept(pixels, pooled, cells.reshape(len(rows), regions.CELLS**2, -1))

    def _seen(self, files: Sequence[Path]) -> list[Row]:
        pictures = [_picture(file) for file in files]
        features = self.encoder(pictures)
        cells = [b""] * len(files)
        if not isinstance(self.encoder, EfficientNet):  # no region is searched with what a rival sees
            cells = [of.tobytes() for of in regions.pool(features.patches, features.grid).astype(np.float16)]
        pooled = [of.tobytes() for of in features.pooled.astype(np.float32, copy=False)]
        return list(map(Row, map(images.pixel_hash, pictures), pooled, cells))

    def _known(self, contents: Sequence[str]) -> dict[str, Row]:
        def ask(store: sqlite3.Connection) -> dict[str, Row]:
            found: dict[str, Row] = {}
            for start in range(0, len(contents), ASKED):
                some = contents[start : start + ASKED]
                marks = ", ".join("?" * len(some))
                rows = store.execute(
                    f"SELECT content, pixels, pooled, cells FROM seen WHERE content IN ({marks})", some
                )
                found |= {content: Row(*row) for content, *row in rows}
            return found

        return _within(self.path, ask) if self.path and self.path.is_file() else {}

    def _keep(self, new: dict[str, Row]) -> None:
        def add(store: sqlite3.Connection) -> None:
            rows = [(content, *row) for content, row in new.items()]
            store.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", rows)

        if self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _within(self.path, add)


def _within(path: Path, work: Callable[[sqlite3.Connection], Done]) -> Done:
    """Work with the store; a damaged one is begun anew: what was in it can be read again."""

    def once() -> Done:
        with closing(sqlite3.connect(path, PATIENCE)) as store, store:
            store.execute(TABLE)
            return work(store)

    try:
        return once()
    except sqlite3.OperationalError:  # no damage: a full disk, or another process that writes too long
        raise
    except sqlite3.DatabaseError:
        path.unlink(missing_ok=True)
        return once()


def _picture(file: Path) -> Image.Image:
    """A picture; what is wrong with it is said with its whole path, as there may be many of its name."""
    try:
        return images.read(file).picture
    except ImageError as fault:
        raise ImageError(f"{file}: {fault}") from fault

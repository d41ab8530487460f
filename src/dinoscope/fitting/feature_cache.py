"""Feature cache: what an encoder sees in each picture, on disk, by backbone and file content: nothing is read twice."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..reading import images
from ..reading.efficientnet import EfficientNet
from ..reading.frozen import Frozen
from ..reading.images import ImageError
from ..similar import regions

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


Row = tuple[str, bytes, bytes | None]
"""Of one picture: the hash of its pixels, its features and its cells."""


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
        pooled = np.stack([np.frombuffer(row[1], np.float32) for row in rows])
        if rows[0][2] is None:
            return Kept([row[0] for row in rows], pooled, None)
        cells = np.stack([np.frombuffer(row[2] or b"", np.float16) for row in rows])
        return Kept([row[0] for row in rows], pooled, cells.reshape(len(rows), regions.CELLS**2, -1))

    def _seen(self, files: Sequence[Path]) -> list[Row]:
        pictures = [_picture(file) for file in files]
        features = self.encoder(pictures)
        cells: Iterable[bytes | None] = [None] * len(files)
        if not isinstance(self.encoder, EfficientNet):  # no region is searched with what a rival sees
            cells = [of.tobytes() for of in regions.pool(features.patches, features.grid).astype(np.float16)]
        pooled = [of.tobytes() for of in features.pooled.astype(np.float32, copy=False)]
        return list(zip(map(images.pixel_hash, pictures), pooled, cells, strict=True))

    def _known(self, contents: Sequence[str]) -> dict[str, Row]:
        if self.path is None or not self.path.is_file():
            return {}
        found: dict[str, Row] = {}
        try:
            with closing(sqlite3.connect(self.path, PATIENCE)) as store:
                store.execute(TABLE)
                for start in range(0, len(contents), ASKED):
                    some = contents[start : start + ASKED]
                    marks = ", ".join("?" * len(some))
                    rows = store.execute(
                        f"SELECT content, pixels, pooled, cells FROM seen WHERE content IN ({marks})", some
                    )
                    found |= {content: (pixels, pooled, cells) for content, pixels, pooled, cells in rows}
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # damaged: what was in it can be read again
            self.path.unlink(missing_ok=True)
            return {}
        return found

    def _keep(self, new: dict[str, Row]) -> None:
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, PATIENCE)) as store, store:
            store.execute(TABLE)
            rows = [(content, *row) for content, row in new.items()]
            store.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", rows)


def _picture(file: Path) -> Image.Image:
    """A picture; what is wrong with it is said with its whole path, as there may be many of its name."""
    try:
        return images.read(file).picture
    except ImageError as fault:
        raise ImageError(f"{file}: {fault}") from fault

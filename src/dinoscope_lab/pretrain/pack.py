"""Pack: the pictures of pre-training, decoded once into one memory-mapped array."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dinoscope.fitting.datasets import SUFFIXES, TRAINING_FOLDS, VALIDATION_FOLD, held_out, read
from dinoscope.reading.images import read as read_picture


@dataclass(frozen=True)
class Pack:
    """Pictures [N, S, S, 3] uint8, squashed to squares as the encoder reads them, and who they are.

    `source[i]` is the data set, `label[i]` its class (only the probe reads it), `fold[i]` its fold or -1.
    """

    pictures: np.ndarray
    source: list[str]
    label: list[str]
    fold: np.ndarray

    @property
    def training(self) -> np.ndarray:
        """Positions of the pictures that pre-training may see."""
        return np.flatnonzero(self.fold != VALIDATION_FOLD)

    @property
    def validation(self) -> np.ndarray:
        """Positions of the pictures that only the probe sees."""
        return np.flatnonzero(self.fold == VALIDATION_FOLD)


def build(images: Path, splits: Path | None, size: int, folder: Path) -> Pack:
    """Decode every picture below `images` that pre-training or its probe may see; reuse an earlier pack.

    Args:
        images: a folder of data sets, or any tree of pictures.
        splits: folder of split files. With it only folds 1 (probe) to 4 are packed, without any picture of
            an official test split and without copies of either; without it everything is packed.
        size: side of the packed squares in pixels.
        folder: where `pictures-<size>.npy` and `pictures-<size>.json` are kept.
    Raises:
        ValueError: when an earlier pack was made without splits and is now to be used with them.
    """
    array, index = folder / f"pictures-{size}.npy", folder / f"pictures-{size}.json"
    if not (array.exists() and index.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        chosen = choose(images, splits)
        pictures = np.lib.format.open_memmap(array, "w+", np.uint8, (len(chosen), size, size, 3))
        for i, (path, *_) in enumerate(chosen):
            picture = read_picture(path).picture
            pictures[i] = np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC))
        pictures.flush()
        index.write_text(json.dumps([entry[1:] for entry in chosen]))
    entries = json.loads(index.read_text())
    source, label, fold = ([e[k] for e in entries] for k in range(3))
    if splits is not None and -1 in fold:
        raise ValueError(f"{array} was packed without split files, test pictures included; remove it and start again")
    return Pack(np.load(array, mmap_mode="r"), source, label, np.asarray(fold))


def choose(images: Path, splits: Path | None) -> list[tuple[Path, str, str, int]]:
    """File, data set, class and fold of every picture to pack, as `build` describes."""
    if splits is None:
        files = sorted(p for p in images.rglob("*") if p.suffix.lower() in SUFFIXES and p.parent.name != "masks")
        return [(p, images.name, p.parent.name, -1) for p in files]
    folders = [images / table.stem for table in sorted(splits.glob("*.csv")) if (images / table.stem).is_dir()]
    tests = held_out(folders, splits)
    return [
        (s.path, folder.name, s.label, s.fold)
        for folder in folders
        for s in read(folder, splits)
        if (folder.name, s.id) not in tests and s.fold in (VALIDATION_FOLD, *TRAINING_FOLDS)
    ]

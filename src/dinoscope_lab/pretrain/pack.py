"""Pack: the pictures of pre-training, decoded, squashed and compressed once, in parts that can be carried anywhere."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from dinoscope.fitting.datasets import SUFFIXES, TRAINING_FOLDS, VALIDATION_FOLD, held_out, read
from dinoscope.reading.images import pixel_hash
from dinoscope.reading.images import read as read_picture

QUALITY = 80
PART = 64
"""Megabytes of a part."""
AHEAD = 256
"""Pictures that are packed before the part they belong to is looked at."""
UNLABELLED_FOLD = TRAINING_FOLDS[0]

Chosen = tuple[Path, str, str, int]
"""File, data set, class and fold of a picture."""


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

    def on(self, device: str | torch.device, side: int = 0, batch: int = 256) -> Tensor:
        """All pictures on the device that trains: [N, side, side, 3] uint8, antialiased; as packed where `side` is 0.

        A processor's own memory holds them already, so that nothing is copied there.
        """
        whole = torch.from_numpy(self.pictures)
        if side in (0, self.pictures.shape[1]):
            return whole.to(device)
        held = torch.empty(len(whole), side, side, 3, dtype=torch.uint8, device=device)
        for i in range(0, len(whole), batch):
            x = whole[i : i + batch].to(device).permute(0, 3, 1, 2).float()
            x = F.interpolate(x, size=(side, side), mode="bilinear", antialias=True, align_corners=False)
            held[i : i + batch] = x.round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
        return held


def build(
    images: Path,
    splits: Path | None,
    size: int,
    folder: Path,
    unlabelled: Path | None = None,
    megabytes: float = PART,
    say: Callable[[str], None] = print,
) -> Pack:
    """Pack every picture below `images` that pre-training or its probe may see; reuse an earlier pack.

    Args:
        images: a folder of data sets, or any tree of pictures.
        splits: folder of split files. With it only folds 1 (probe) to 4 are packed, without any picture of
            an official test split and without copies of either; without it everything is packed.
        size: side of the packed squares in pixels.
        folder: where the parts are kept: `pictures-<size>/000.webps`, its pictures one after the other as WebP, and
            `000.json`, which lists them. A pack cut short goes on after its last whole part.
        unlabelled: folder with one sub-folder a set, as `fetch --unlabelled` fills it; learned from, never probed.
        megabytes: at most so many a part, but for its last picture.
    Raises:
        ValueError: when an earlier pack was made of other pictures, or without splits and is now to be used with them.
    """
    place = folder / f"pictures-{size}"
    if not (place / "whole.json").exists():
        place.mkdir(parents=True, exist_ok=True)
        chosen = choose(images, splits, unlabelled)
        hidden = _held_pixels(images, splits) if unlabelled and splits else set()
        _write(chosen, hidden, size, place, megabytes, say)
    return load(place, splits is not None)


def load(place: Path, split: bool = False) -> Pack:
    """Decode the parts of a pack.

    Args:
        place: folder of the parts; split: refuse a pack that has test pictures in it.
    """
    entries = [e for part in sorted(place.glob("[0-9]*.json")) for e in json.loads(part.read_text())]
    source, label, fold = ([e[k] for e in entries] for k in ("set", "label", "fold"))
    if split and -1 in fold:
        raise ValueError(f"{place} was packed without split files, test pictures included; remove it and start again")
    size = int(place.name.rpartition("-")[2])
    pictures = np.empty((len(entries), size, size, 3), np.uint8)
    at = 0
    with ThreadPoolExecutor() as pool:
        for part in sorted(place.glob("[0-9]*.json")):
            with part.with_suffix(".webps").open("rb") as file:
                contents = [file.read(entry["bytes"]) for entry in json.loads(part.read_text())]
            for at, picture in enumerate(pool.map(_decoded, contents), at):  # noqa: B020 - goes on where it stood
                pictures[at] = picture
            at += 1
    return Pack(pictures, source, label, np.asarray(fold))


def _write(
    chosen: list[Chosen], hidden: set[str], size: int, place: Path, megabytes: float, say: Callable[[str], None]
) -> None:
    """Write the parts that are not there yet, then `whole.json`, which says that none is missing."""
    parts = sorted(place.glob("[0-9]*.json"))
    seen = [name for part in parts for name in json.loads(part.read_text())[-1]["seen"]]
    if seen != [_name(c) for c in chosen[: len(seen)]]:
        raise ValueError(f"{place} holds the beginning of a pack of other pictures; remove it and start again")
    number, part, entries, names = len(parts), bytearray(), [], []
    for i, (entry, content) in enumerate(_packed(chosen[len(seen) :], hidden, size), len(seen) + 1):
        names.append(_name(chosen[i - 1]))
        if content:
            part += content
            entries.append(entry | {"bytes": len(content)})
        if entries and (len(part) >= megabytes * 1e6 or i == len(chosen)):
            entries[-1]["seen"] = names
            for suffix, written in ((".webps", bytes(part)), (".json", json.dumps(entries).encode())):
                draft = place / f"{number:03}.part"
                draft.write_bytes(written)
                draft.replace(place / f"{number:03}{suffix}")
            number, part, entries, names = number + 1, bytearray(), [], []
            say(f"{i} of {len(chosen)} pictures packed")
    (place / "whole.json").write_text(json.dumps({"parts": number, "size": size, "quality": QUALITY}))


def _packed(chosen: list[Chosen], hidden: set[str], size: int) -> Iterator[tuple[dict, bytes]]:
    """What is listed of each picture, and the picture itself; nothing of one to learn from that is held out."""

    def packed(one: Chosen) -> tuple[dict, bytes]:
        path, source, label, fold = one
        picture = read_picture(path).picture
        buffer = io.BytesIO()
        if fold == VALIDATION_FOLD or not hidden or pixel_hash(picture) not in hidden:
            picture.resize((size, size), Image.Resampling.BICUBIC).save(buffer, "WEBP", quality=QUALITY)
        return {"set": source, "label": label, "fold": fold}, buffer.getvalue()

    with ThreadPoolExecutor() as pool:
        for start in range(0, len(chosen), AHEAD):
            yield from pool.map(packed, chosen[start : start + AHEAD])


def _decoded(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def _name(chosen: Chosen) -> str:
    path, source, _, _ = chosen
    return f"{source}/{path.name}"


def choose(images: Path, splits: Path | None, unlabelled: Path | None = None) -> list[Chosen]:
    """The pictures to pack, as `build` describes."""
    more = []
    if unlabelled is not None:
        sets = sorted(p for p in unlabelled.iterdir() if p.is_dir())
        more = [(p, s.name, "", UNLABELLED_FOLD) for s in sets for p in _pictures(s)]
    if splits is None:
        return [(p, images.name, p.parent.name, -1) for p in _pictures(images)] + more
    folders = _folders(images, splits)
    tests = held_out(folders, splits)
    return [
        (s.path, folder.name, s.label, s.fold)
        for folder in folders
        for s in read(folder, splits)
        if (folder.name, s.id) not in tests and s.fold in (VALIDATION_FOLD, *TRAINING_FOLDS)
    ] + more


def _held_pixels(images: Path, splits: Path) -> set[str]:
    """Pixel hashes of every labelled picture that no pre-training may see: held-out ones, and those of fold 1."""
    folders = _folders(images, splits)
    tests = held_out(folders, splits)
    return {
        pixel_hash(read_picture(s.path).picture)
        for folder in folders
        for s in read(folder, splits)
        if (folder.name, s.id) in tests or s.fold == VALIDATION_FOLD
    }


def _folders(images: Path, splits: Path) -> list[Path]:
    return [images / table.stem for table in sorted(splits.glob("*.csv")) if (images / table.stem).is_dir()]


def _pictures(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.parent.name != "masks")

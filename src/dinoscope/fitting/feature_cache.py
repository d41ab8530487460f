"""Feature cache: what an encoder sees, on disk, by backbone and file content, so that nothing is read twice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import save_file

from ..reading import images
from ..reading.efficientnet import EfficientNet
from ..reading.frozen import Frozen
from ..reading.images import ImageError
from ..similar import regions


class Kept(NamedTuple):
    """What is kept of N files, in their order.

    Attributes:
        pixels: N hashes of the decoded pictures.
        pooled: [N, P] float32 features.
        cells: [N, CELLS * CELLS, D] float16, the mean of the patch tokens in each cell; None of a rival, and in a
            file of an earlier version.
    """

    pixels: list[str]
    pooled: np.ndarray
    cells: np.ndarray | None


class FeatureCache:
    """Pooled features, cells and pixel hashes of files, kept below `folder` for one encoder.

    Only for pictures of one's own machine: a visitor's picture never comes here.
    """

    def __init__(self, encoder: Frozen, folder: Path | None) -> None:
        """Keep features below `folder`; None to keep nothing."""
        self.encoder = encoder
        self.folder = folder / encoder.fingerprint[:16] / "features" if folder else None

    def read(self, name: str, files: Sequence[Path]) -> Kept:
        """What the encoder sees in the pictures in `files`; `name` is that of their batch.

        Raises:
            ImageError: for a file that is not a picture.
        """
        contents = [file.read_bytes() for file in files]
        key = hashlib.sha256(b"".join(hashlib.sha256(c).digest() for c in contents)).hexdigest()[:16]
        kept = self.folder / f"{name}-{key}.safetensors" if self.folder else None
        if kept and kept.is_file():
            with safe_open(kept, "numpy") as stored:
                cells = stored.get_tensor("cells") if "cells" in stored.keys() else None  # noqa: SIM118
                return Kept(stored.metadata()["pixels"].split(), stored.get_tensor("pooled"), cells)
        pictures = [_picture(file) for file in files]
        features = self.encoder(pictures)
        pixels, pooled = [images.pixel_hash(p) for p in pictures], features.pooled
        cells, tensors = None, {"pooled": pooled}
        if not isinstance(self.encoder, EfficientNet):  # no region is searched with what a rival sees
            cells = tensors["cells"] = regions.pool(features.patches, features.grid).astype(np.float16)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            save_file(tensors, kept.with_suffix(".part"), {"pixels": " ".join(pixels)})
            kept.with_suffix(".part").replace(kept)
        return Kept(pixels, pooled, cells)


def _picture(file: Path) -> Image.Image:
    """A picture; what is wrong with it is said with its whole path, as there may be many of its name."""
    try:
        return images.read(file).picture
    except ImageError as fault:
        raise ImageError(f"{file}: {fault}") from fault

"""Backbone: the files of a DINOv2-shaped network - read, checked, and named by their fingerprint."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch

from ..errors import OperatorError
from . import dinov2
from .dinov2 import Dinov2

FILES = ("config.json", "model.safetensors", "preprocessor_config.json")
BLOCKS = 2
"""Of so many last blocks heads and the projection read, of every backbone alike; chosen on fold 1. DINOv2's own linear
evaluation joins blocks, too (Oquab et al., "DINOv2", TMLR 2024)."""


class EncoderError(OperatorError):
    """A backbone that cannot be loaded; the message says which, why and what to do."""


def read(folder: Path, name: str, dtype: torch.dtype) -> tuple[Dinov2, dict, int]:
    """The network in a folder that holds `FILES`, what its preprocessing says, and the side it reads pictures at.

    Raises:
        EncoderError: for a missing or damaged file, or a network that is not DINOv2-shaped.
    """
    missing = [f for f in FILES if not (folder / f).is_file()]
    if missing:
        raise EncoderError(f"the backbone {name!r} lacks {', '.join(missing)}; a folder needs {', '.join(FILES)}")
    try:
        told = dinov2.described(folder)
        if (kind := told["model_type"]) not in dinov2.KINDS:
            raise EncoderError(f"the backbone {name!r} is a {kind!r} network; give one shaped like DINOv2")
        try:
            model = dinov2.load(folder, told, dtype)
        except dinov2.LackingError as fault:
            raise EncoderError(f"the weights of the backbone {name!r} lack {fault}") from fault
        processing = json.loads((folder / "preprocessor_config.json").read_text())
        side = _side(processing, model.config.patch_size)
    except EncoderError:
        raise
    except Exception as fault:  # safetensors, json and torch each raise their own kinds
        raise EncoderError(f"the backbone {name!r} in {folder} cannot be read: {fault}") from fault
    return model, processing, side


def fingerprint(folder: Path) -> str:
    """sha256 over the three files of a backbone, in the order of `FILES`, and over how many blocks are read of it."""
    digest = hashlib.sha256(b"blocks %d" % BLOCKS)
    for name in FILES:
        with (folder / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _side(processing: dict, patch: int) -> int:
    """The side at which a backbone reads pictures, rounded down to whole patches."""
    size = processing.get("crop_size") if processing.get("do_center_crop", True) else None
    size = size or processing.get("size") or {}
    length = size if isinstance(size, int) else size.get("height") or size.get("shortest_edge") or 224
    return max(patch, length // patch * patch)

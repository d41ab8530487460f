"""Backbone: the files of a DINOv2-shaped network - read, checked, and named by their fingerprint."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel
from transformers.utils import logging

logging.disable_progress_bar()  # a local file is there in milliseconds; its progress bar only litters the log

FILES = ("config.json", "model.safetensors", "preprocessor_config.json")
BLOCKS = 2
"""Of so many last blocks heads and the projection read, of every backbone alike; chosen on fold 1. DINOv2's own linear
evaluation joins blocks, too (Oquab et al., "DINOv2", TMLR 2024)."""


class EncoderError(RuntimeError):
    """A backbone that cannot be loaded; the message says which, why and what to do."""


def read(folder: Path, name: str, dtype: torch.dtype) -> tuple[Any, dict, int]:
    """The network in a folder that holds `FILES`, what its preprocessing says, and the side it reads pictures at.

    Raises:
        EncoderError: for a missing or damaged file, or a network that is not DINOv2-shaped.
    """
    missing = [f for f in FILES if not (folder / f).is_file()]
    if missing:
        raise EncoderError(f"the backbone {name!r} lacks {', '.join(missing)}; a folder needs {', '.join(FILES)}")
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        if config.model_type not in ("dinov2", "dinov2_with_registers"):
            raise EncoderError(f"the backbone {name!r} is a {config.model_type!r} network; give one shaped like DINOv2")
        model, report = AutoModel.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
        processing = json.loads((folder / "preprocessor_config.json").read_text())
        side = _side(processing, config.patch_size)
        # transformers fills in at random what the file lacks; only the mask token is never read here.
        if lacking := sorted(set(report["missing_keys"]) - {"embeddings.mask_token"}):
            raise EncoderError(f"the weights of the backbone {name!r} lack {', '.join(lacking[:3])}")
    except EncoderError:
        raise
    except Exception as fault:  # safetensors, json and transformers each raise their own kinds
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

"""Export: a trained teacher -> the folder that `Encoder.load` reads."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import Dinov2Config, Dinov2Model

from dinoscope.reading.encoder import Encoder

from .views import MEAN, STD


def shape(encoder: Encoder) -> Dinov2Config:
    """The shape of a backbone, for a network that is to be trained."""
    return Dinov2Config.from_pretrained(encoder.folder, local_files_only=True)


def trainable(encoder: Encoder) -> Dinov2Model:
    """A backbone as a network that can be trained further, in float32."""
    return Dinov2Model.from_pretrained(encoder.folder, dtype=torch.float32, local_files_only=True)


def write(model: Dinov2Model, size: int, folder: Path) -> None:
    """Write config.json, model.safetensors (float16) and preprocessor_config.json.

    Args:
        size: side in pixels at which pictures are to be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    half = type(model)(model.config)
    half.load_state_dict(model.state_dict())
    half.half().save_pretrained(folder)
    processing = {
        "do_center_crop": False,
        "do_convert_rgb": True,
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": list(MEAN),
        "image_processor_type": "BitImageProcessor",
        "image_std": list(STD),
        "resample": 3,
        "rescale_factor": 1 / 255,
        "size": {"height": size, "width": size},
    }
    (folder / "model.safetensors").chmod(0o644)  # safetensors writes it for its owner alone
    (folder / "preprocessor_config.json").write_text(json.dumps(processing, indent=2) + "\n")

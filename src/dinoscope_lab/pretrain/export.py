"""Export: a trained teacher -> the folder that `Encoder.load` reads."""

from __future__ import annotations

import json
from pathlib import Path

from transformers import Dinov2Model

from .views import MEAN, STD


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

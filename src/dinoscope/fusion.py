"""Fusion: what is shipped for the backbone read together with EfficientNet-Lite - each task's head, vectors and scope.

One file a task in model_assets/fusion/<network>, beside what the task has for the backbone alone: the cases, their
pictures, outlines and patch vectors are shared. The network itself is installed by whoever wants it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from .reading import scope
from .reading.efficientnet import EfficientNet
from .reading.encoder import Encoder
from .reading.fused import Fused
from .reading.heads import Head
from .reading.vote import Together
from .similar import digest
from .similar.regions import quantize
from .tasks import AssetError, Task


def place(assets: Path, network: str) -> Path:
    """Folder of what is shipped for a network."""
    return assets / "fusion" / network


def together(backbone: Encoder, network: str, device: str = "cpu") -> Encoder:
    """The backbone with a network beside it; the backbone as it is where `network` is "".

    Raises:
        EncoderError: when the network is not installed.
    """
    return Fused(backbone, EfficientNet(network, device)) if network else backbone


def save(folder: Path, fitted: Task) -> None:
    """Write `<task>.safetensors` of a task that was fitted on both networks; vectors as int8."""
    folder.mkdir(parents=True, exist_ok=True)
    head = {k: v for k, v in vars(fitted.head).items() if k not in ("weight", "bias")}
    # One key: safetensors writes several in any order, and the same task must give the same file.
    told = {"head": head, "facts": fitted.facts, "cases": digest(fitted.cases)}
    tensors = {
        "weight": fitted.head.weight,
        "bias": fitted.head.bias,
        "vectors": quantize(fitted.vectors),
        "reference": fitted.reference,
    }
    save_file(tensors, folder / f"{fitted.name}.safetensors", {"joined": json.dumps(told)})


def load(folder: Path, alone: Task, fingerprint: str) -> Task | None:
    """The task as it is read by both networks; None where nothing is shipped for these and for its present cases.

    Args:
        alone: the task for the backbone alone; fingerprint: of both networks together.
    Raises:
        AssetError: when the file is damaged.
    """
    path = folder / f"{alone.name}.safetensors"
    if not path.is_file():
        return None
    try:
        with safe_open(path, "numpy") as file:
            told = json.loads(file.metadata()["joined"])
            weight, bias, vectors, reference = (
                file.get_tensor(name) for name in ("weight", "bias", "vectors", "reference")
            )
        if told["head"]["fingerprint"] != fingerprint or told["cases"][:16] != digest(alone.cases):
            return None
        lists = {k: tuple(told["head"].get(k, ())) for k in ("classes", "thresholds")}
        return replace(
            alone,
            facts=told["facts"],
            head=Head(**told["head"] | lists, weight=weight, bias=bias),
            vectors=scope.unit(vectors.astype(np.float32)),
            reference=reference,
            together=Together.of(told["facts"]),
        )
    except (SafetensorError, AttributeError, KeyError, TypeError, ValueError) as fault:
        raise AssetError(f"{path} is damaged ({type(fault).__name__}: {fault}); restore it, or fit it again") from fault

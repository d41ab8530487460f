"""Checkpoint: the whole state of a training run in one safetensors file, so that a kill costs minutes."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn, optim


def save(
    path: Path,
    model: nn.Module,
    optimiser: optim.Optimizer,
    generators: dict[str, torch.Generator],
    facts: dict[str, float],
) -> None:
    """Write model, optimiser moments, random states and `facts`; the file is replaced in one step."""
    tensors = {f"model.{k}": v for k, v in model.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{k}": v for k, v in state.items()}
    tensors |= {f"generator.{name}": g.get_state() for name, g in generators.items()}
    # Dropped paths are drawn from the process's own generators.
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    draft = path.with_suffix(".part")
    save_file({k: v.detach().cpu().clone() for k, v in tensors.items()}, draft, {"facts": json.dumps(facts)})
    draft.replace(path)


def load(
    path: Path, model: nn.Module, optimiser: optim.Optimizer, generators: dict[str, torch.Generator]
) -> dict[str, float]:
    """Put a saved state back and return its facts.

    Raises:
        RuntimeError: when the checkpoint belongs to a network of another shape.
    """
    with safe_open(path, "pt") as file:
        tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118 - safe_open is not a dict
        facts = json.loads(file.metadata()["facts"])
    model.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("model.")})
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimiser."):
            _, index, name = key.split(".", 2)
            moments.setdefault(int(index), {})[name] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
    for name, generator in generators.items():
        generator.set_state(tensors[f"generator.{name}"].cpu())
    torch.set_rng_state(tensors["random.cpu"].cpu())
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"].cpu())
    return facts

"""Doctor: is everything here that the demo needs, and is it whole?"""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import sys
from pathlib import Path

from . import evidence, settings, tasks
from .reading.encoder import Encoder, EncoderError
from .reading.heads import HeadError
from .tasks import AssetError

PACKAGES = (
    "gradio",
    "torch",
    "transformers",
    "qdrant-client",
    "qdrant-edge-py",
    "numpy",
    "pillow",
    "pydicom",
    "safetensors",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One repair, for whoever changed a bundled file on purpose."""
    parser.add_argument("--write-manifest", action="store_true", help="record the files of model_assets as they are")


def run(arguments: argparse.Namespace) -> int:
    """Print what was found; 1 when something is wrong, with the reason as the last line."""
    try:
        chosen = settings.load()
        print(f"python {platform.python_version()} on {platform.machine()}, {platform.system()}")
        print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES))
        if arguments.write_manifest:
            tasks.write_manifest(chosen.assets)
        print(f"manifest: {tasks.verify(chosen.assets)} files, all as recorded")
        encoder = Encoder.load(chosen.backbone, chosen.assets / "backbone", chosen.device)
        print(f"backbone: {encoder.name}, {encoder.dim} channels, {encoder.size} px, on {encoder.device}")
        print(f"fingerprint: {encoder.fingerprint}")
        _print_tasks(chosen.assets, encoder, chosen.images)
        print(f"evidence: {', '.join(evidence.read(chosen.assets / 'evidence')) or 'none'}")
    except (AssetError, EncoderError, HeadError, ValueError, OSError) as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


def _print_tasks(assets: Path, encoder: Encoder, data: Path | None) -> None:
    folders, strays = tasks.found(assets / "tasks")
    for stray in strays:
        print(stray)
    for folder in folders:
        try:
            task = tasks.load(folder, encoder.fingerprint)
        except HeadError as fault:
            if encoder.name == "bundled":
                raise
            why = tasks.unfit(folder, data)
            print(f"task {folder.name}: {f'left out: {why}' if why else f'fitted at the next start ({fault})'}")
            continue
        drawn = sum(c.origin == "phantom" for c in task.cases)
        print(f"task {task.name}: {len(task.head.classes)} classes, {len(task.cases)} cases, {drawn} of them drawn")

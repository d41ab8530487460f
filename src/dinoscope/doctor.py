"""Doctor: is everything here that the demo needs, and is it whole?"""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import sys
from pathlib import Path

from . import __version__, evidence, settings, tasks
from .errors import OperatorError
from .loading import load_fused
from .reading.encoder import Encoder
from .reading.heads import HeadError
from .settings import Settings

PACKAGES = (
    "gradio",
    "torch",
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
        print(
            f"dinoscope {__version__}, python {platform.python_version()} on {platform.machine()}, {platform.system()}"
        )
        print(", ".join(f"{name} {_version(name)}" for name in PACKAGES))
        if arguments.write_manifest:
            tasks.write_manifest(chosen.assets)
        print(f"manifest: {tasks.verify(chosen.assets)} files, all as recorded")
        encoder = Encoder.load(chosen.backbone, chosen.assets / "backbone", chosen.device)
        print(f"backbone: {encoder.name}, {encoder.dim} channels, {encoder.size} px, on {encoder.device}")
        print(f"fingerprint: {encoder.fingerprint}")
        if chosen.fusion:
            reader = load_fused(encoder, chosen, print)[0]
            if reader is not encoder:
                print(f"read together with {chosen.fusion}: {reader.width} features instead of {encoder.width}")
        _print_tasks(chosen, encoder)
        print(f"evidence: {', '.join(evidence.read(chosen.assets / 'evidence')) or 'none'}")
    except (OperatorError, ValueError, OSError) as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError as fault:
        raise OperatorError(f"{package} is not installed; `make demo` installs what is missing") from fault


def _print_tasks(chosen: Settings, encoder: Encoder) -> None:
    folders, strays = tasks.found(chosen.assets / "tasks")
    for stray in strays:
        print(stray)
    for folder in folders:
        try:
            task = tasks.load(folder, encoder.fingerprint)
        except HeadError:
            if encoder.name == "bundled":
                raise
            print(f"task {folder.name}: {_prospect(folder, chosen, encoder)}")
            continue
        drawn = sum(c.origin == "phantom" for c in task.cases)
        print(f"task {task.name}: {len(task.head.classes)} classes, {len(task.cases)} cases, {drawn} of them drawn")


def _prospect(folder: Path, chosen: Settings, encoder: Encoder) -> str:
    """Whether a task will have a head for another backbone, and which pictures it is fitted from."""
    kept = tasks.cache(chosen.cache, encoder.fingerprint) / folder.name
    if kept.is_dir():
        return f"has a head, fitted at an earlier start and kept in {kept}"
    listing = folder / "phantoms.jsonl"
    drawn = len(listing.read_text(encoding="utf-8").splitlines()) if listing.is_file() else 0
    pictures, _ = tasks.pictures(folder, chosen.images)
    if pictures:
        beside = f" and {drawn} drawn ones" if drawn else ""
        return f"its head is fitted at the next start, from the pictures in {pictures}{beside}"
    if why := tasks.unfit(folder, chosen.images):
        return f"left out: {why}"
    return (
        f"its head is fitted at the next start, from {drawn} drawn pictures alone; for real ones run `dinoscope fetch "
        f"--task {folder.name} --out FOLDER` and set DINOSCOPE_IMAGES=FOLDER"
    )

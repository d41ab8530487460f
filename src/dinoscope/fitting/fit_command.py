"""Fit a task's head and case vectors from labelled pictures: one sub-folder a class, or a labels.csv.

With `--all`, everything that depends on the backbone is renewed: projection, heads, vectors and patch vectors.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import settings, tasks
from ..reading.encoder import Encoder
from ..reading.projection import Projection
from . import catalogue, fit, regions
from .features import read_phantoms, read_public


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which task, from which pictures."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--task", help="name of the task, new or bundled")
    which.add_argument(
        "--all",
        action="store_true",
        help="the projection and every bundled task, from --images/<task>",
    )
    parser.add_argument("--images", type=Path, required=True, help="folder with one sub-folder a class, or labels.csv")
    parser.add_argument(
        "--splits", type=Path, help="CSV with columns id, file, label, group, fold; or a folder of them"
    )
    parser.add_argument("--backbone", default=None, help="instead of DINOSCOPE_BACKBONE")


def run(arguments: argparse.Namespace) -> None:
    """Fit, write below model_assets/tasks, and bring the manifest up to date."""
    chosen = settings.load()
    folder = chosen.assets / "tasks"
    encoder = Encoder.load(arguments.backbone or chosen.backbone, chosen.assets / "backbone", chosen.device)
    names = list(catalogue.TASKS) if arguments.all else [arguments.task]
    pools = {}
    for name in names:
        pictures = arguments.images / name if arguments.all else arguments.images
        pools[name] = (
            read_public(encoder, pictures, arguments.splits, name=name, cache=chosen.cache),
            read_phantoms(encoder, folder / name),
        )
    stored = folder / "projection.safetensors"
    projection = None if arguments.all else Projection.load(stored, encoder.fingerprint)
    if projection is None:
        projection = fit.project((public + phantoms for public, phantoms in pools.values()), encoder.fingerprint)
        folder.mkdir(parents=True, exist_ok=True)
        projection.save(stored)
    for name, (public, phantoms) in pools.items():
        fit.fit_task(name, public, phantoms, projection, folder / name)
        pictures = arguments.images / name if arguments.all else arguments.images
        regions.write(encoder, folder / name, pictures, arguments.splits)
    tasks.write_manifest(chosen.assets)
    print(f"{len(names)} task(s) written below {folder}", flush=True)
    if arguments.all:
        print(
            "what was measured is of the earlier backbone now: `dinoscope benchmark all` measures it again", flush=True
        )

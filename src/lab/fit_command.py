"""Fit a task's head and case vectors from labelled pictures: one sub-folder a class, or a labels.csv."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import settings, tasks
from ..encoder import Encoder
from . import catalogue, fit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which task, from which pictures."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--task", help="name of the task, new or bundled")
    which.add_argument("--all", action="store_true", help="every bundled task, from --images/<task>")
    parser.add_argument("--images", type=Path, required=True, help="folder with one sub-folder a class, or labels.csv")
    parser.add_argument(
        "--splits", type=Path, help="CSV with columns id, file, label, group, fold; or a folder of them"
    )
    parser.add_argument("--backbone", default=None, help="instead of DINOSCOPE_BACKBONE")


def run(arguments: argparse.Namespace) -> None:
    """Fit, write below model_assets/tasks, and bring the manifest up to date."""
    chosen = settings.load()
    assets = chosen.assets
    encoder = Encoder.load(arguments.backbone or chosen.backbone, assets / "backbone", chosen.device)
    names = list(catalogue.TASKS) if arguments.all else [arguments.task]
    for name in names:
        folder = arguments.images / name if arguments.all else arguments.images
        public = fit.read_public(encoder, folder, arguments.splits)
        phantoms = fit.read_phantoms(encoder, assets / "tasks" / name)
        fit.fit_task(name, public, phantoms, assets / "tasks" / name, encoder.fingerprint)
    tasks.write_manifest(assets)
    print(f"{len(names)} task(s) written below {assets / 'tasks'}")

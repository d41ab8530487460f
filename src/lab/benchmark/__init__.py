"""Measure, and write what was measured into model_assets/evidence."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

NAMES = (
    "backbone",
    "phantoms",
    "explain",
    "similar",
    "end_to_end",
    "robustness",
    "sources/frozen",
    "sources/labels",
    "sources/start",
    "sources/encoders",
    "sources/fusion",
)
"""Measurements; each is a module here with `run(arguments)`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which measurement, on which pictures."""
    parser.add_argument("name", choices=NAMES, help="what to measure")
    parser.add_argument("--images", type=Path, required=True, help="folder of data sets, with a splits folder in it")
    parser.add_argument("--seed", type=int, default=0, help="seed of every random choice")
    parser.add_argument(
        "--quick", action="store_true", help="a trial on a few pictures (explain, similar, robustness, sources)"
    )
    parser.add_argument("--most", type=int, default=20, help="pictures a task (end_to_end); for explain 40 are meant")
    parser.add_argument(
        "--encoder", action="append", default=[], help="one more encoder for sources/encoders and sources/fusion"
    )


def run(arguments: argparse.Namespace) -> None:
    """Measure."""
    importlib.import_module(f"{__name__}.{arguments.name.replace('/', '.')}").run(arguments)

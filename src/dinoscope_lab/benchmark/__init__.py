"""Measure, and write what was measured into model_assets/evidence."""

from __future__ import annotations

import argparse
import importlib
import math
from pathlib import Path

from dinoscope import bounds

from . import everything
from .everything import NAMES
from .kept import PausedError

WITHOUT_PICTURES = ("conformance", "growth")
"""Measurements that need no data sets."""
ALL = "all"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which measurement, on which pictures."""
    parser.add_argument("name", choices=(*NAMES, ALL), help="what to measure")
    without = " and ".join(WITHOUT_PICTURES)
    parser.add_argument(
        "--images", type=Path, help=f"folder of data sets with a splits folder in it; not for {without}"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of every random choice")
    parser.add_argument("--quick", action="store_true", help="a trial on a few pictures, into no evidence file")
    parser.add_argument(
        "--untrained",
        action="store_true",
        help="backbone: leave out rivals that are trained here or have random weights, which takes hours",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=math.inf,
        help="begin no part after so many minutes; the same command goes on with the next one",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="take up finished parts although the code has changed since; the evidence then says how many",
    )
    parser.add_argument(
        "--fold",
        type=int,
        choices=(0, 1),
        default=0,
        help="explain: 1 for the fold that chooses, kept out of the evidence",
    )
    parser.add_argument(
        "--most",
        type=bounds.count,
        help="pictures a task, instead of 40 for explain and 20 for end_to_end; for growth the most cases",
    )
    parser.add_argument(
        "--encoder",
        action="append",
        default=[],
        help="one more encoder for replications/frozen, /encoders and /fusion",
    )


def run(arguments: argparse.Namespace) -> None:
    """Measure.

    Raises:
        ValueError: without the folder of data sets that a measurement needs.
    """
    if arguments.images is None and arguments.name not in WITHOUT_PICTURES:
        raise ValueError(f"{arguments.name} needs --images, the folder of data sets with a splits folder in it")
    if arguments.images is not None and not arguments.images.is_dir():
        raise ValueError(f"there is no folder {arguments.images}; --images names the one with the data sets")
    if arguments.name == ALL:
        everything.measure(arguments)
        return
    from .study import Study  # the product's rooms take seconds to load, which `all` need not wait for

    module = module_of(arguments.name)
    study = Study.of(arguments, module)
    try:
        study.write(importlib.import_module(module).measure(study))
    except PausedError as part:
        print(f"{arguments.name} paused before {part}: the same command goes on there; nothing was written", flush=True)


def module_of(name: str) -> str:
    """The module that measures it."""
    return f"dinoscope_lab.{name.replace('/', '.') if '/' in name else f'benchmark.{name}'}"

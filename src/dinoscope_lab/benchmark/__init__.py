"""Measure, and write what was measured into model_assets/evidence."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from pathlib import Path

NAMES = (
    "backbone",
    "phantoms",
    "conformance",
    "explain",
    "similar",
    "end_to_end",
    "robustness",
    "see",
    "replications/frozen",
    "replications/labels",
    "replications/start",
    "replications/encoders",
    "replications/fusion",
)
"""Measurements, in the order in which they build on one another; each is a module here with `run(arguments)`."""
WITH_A_TRIAL = tuple(
    n for n in NAMES if n in ("explain", "similar", "robustness", "see") or n.startswith("replications/")
)
ALONE = "conformance"
"""The measurement that needs no data sets."""
ALL = "all"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which measurement, on which pictures."""
    parser.add_argument("name", choices=(*NAMES, ALL), help="what to measure")
    parser.add_argument("--images", type=Path, help=f"folder of data sets with a splits folder in it; not for {ALONE}")
    parser.add_argument("--seed", type=int, default=0, help="seed of every random choice")
    parser.add_argument("--quick", action="store_true", help=f"a trial on a few pictures: {', '.join(WITH_A_TRIAL)}")
    parser.add_argument(
        "--untrained",
        action="store_true",
        help="backbone: leave out rivals that are trained here or have random weights, which takes hours",
    )
    parser.add_argument(
        "--fold",
        type=int,
        choices=(0, 1),
        default=0,
        help="explain: 1 for the fold that chooses, kept out of the evidence",
    )
    parser.add_argument("--most", type=int, help="pictures a task, instead of 40 for explain and 20 for end_to_end")
    parser.add_argument(
        "--encoder",
        action="append",
        default=[],
        help="one more encoder for replications/encoders and /fusion",
    )


def run(arguments: argparse.Namespace) -> None:
    """Measure.

    Raises:
        ValueError: without the folder of data sets that a measurement needs.
    """
    if arguments.images is None and arguments.name != ALONE:
        raise ValueError(f"{arguments.name} needs --images, the folder of data sets with a splits folder in it")
    if arguments.name == ALL:
        measure_all(arguments.images, arguments.seed, arguments.quick)
        return
    inside = arguments.name if "/" in arguments.name else f"benchmark.{arguments.name}"
    room = importlib.import_module(f"dinoscope_lab.{inside.replace('/', '.')}")
    if arguments.most is None:
        arguments.most = getattr(room, "MOST", None)
    room.run(arguments)


def measure_all(images: Path, seed: int = 0, quick: bool = False) -> None:
    """One measurement after the other, each in a process of its own, as its printed command runs it.

    Raises:
        ValueError: when one fails; those after it are not begun.
    """
    for name in WITH_A_TRIAL if quick else NAMES:
        options = ["--images", str(images), "--seed", str(seed), *(["--quick"] if quick else [])]
        print(f"{name}:", flush=True)
        if subprocess.run([sys.executable, "-m", "dinoscope", "benchmark", name, *options]).returncode:
            raise ValueError(f"{name} was not measured, for the reason above; what came before it is written")

"""Measure, and write what was measured into model_assets/evidence."""

from __future__ import annotations

import argparse
import importlib
import math
import subprocess
import sys
import time
from pathlib import Path

from dinoscope import evidence, settings

from .kept import PausedError, duration

NAMES = (
    "backbone",
    "trust",
    "sizes",
    "phantoms",
    "conformance",
    "explain",
    "similar",
    "end_to_end",
    "robustness",
    "see",
    "growth",
    "replications/frozen",
    "replications/encoders",
    "replications/fusion",
    "replications/start",
    "replications/labels",
)
"""Measurements, in the order in which they build on one another; each module here has `measure(study) -> Report`."""
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
        type=int,
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
        measure_all(arguments)
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


def measure_all(arguments: argparse.Namespace) -> None:
    """One measurement after the other, each in a process of its own, as its printed command runs it.

    Raises:
        ValueError: when one fails; those after it are not begun.
    """
    options = ["--images", str(arguments.images), "--seed", str(arguments.seed)]
    options += [f"--{name}" for name in ("quick", "untrained", "keep") if getattr(arguments, name)]
    ahead, began = _expected(arguments.quick), time.monotonic()
    for i, name in enumerate(NAMES):
        minutes = arguments.minutes - (time.monotonic() - began) / 60
        if minutes <= 0:
            print(f"paused before {name}: the same command goes on there", flush=True)
            return
        more = [] if math.isinf(minutes) else ["--minutes", f"{minutes:.2f}"]
        left = sum(ahead[n] for n in NAMES[i:])
        told = f", about {duration(left)} left" if left else ""
        print(f"{i + 1} of {len(NAMES)}, {name}: {duration(time.monotonic() - began)} so far{told}", flush=True)
        if subprocess.run([sys.executable, "-m", "dinoscope", "benchmark", name, *options, *more]).returncode:
            raise ValueError(f"{name} was not measured, for the reason above; what came before it is written")
    print(f"everything in {duration(time.monotonic() - began)}", flush=True)


def _expected(quick: bool) -> dict[str, float]:
    """Seconds that each measurement took when it was last written; 0 where nobody knows."""
    chosen = settings.load()
    folder = chosen.cache / "benchmark" / "quick" if quick else chosen.assets / "evidence"
    try:
        found = evidence.read(folder)
    except ValueError:  # of an earlier version
        found = {}
    of = {name: name.rpartition("/")[2] for name in NAMES}
    return {name: found[key].seconds if key in found else 0.0 for name, key in of.items()}

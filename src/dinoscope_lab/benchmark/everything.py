"""Everything: every measurement in a process of its own - of quality two at a time, of speed with nothing beside it."""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock

from dinoscope import evidence, machine, settings

from .kept import duration

CHAINS = (
    ("backbone", "replications/frozen"),
    ("replications/start",),
    ("replications/labels",),
    ("robustness",),
    ("sizes",),
    ("replications/encoders",),
    ("replications/fusion",),
    ("phantoms", "trust"),
)
"""Measurements of quality. Those of one chain train the same rivals: the later finds them."""
AFTER = {"replications/encoders": "replications/start"}
"""A chain's first measurement -> one of another chain that trains what it reads."""
ALONE = ("conformance", "explain", "similar", "see", "growth", "end_to_end")
"""Measurements that take times, too."""
NAMES = (*(name for chain in CHAINS for name in chain), *ALONE)
"""Each module here or in `replications` has `measure(study) -> Report`."""
LANES = 2


def measure(arguments: argparse.Namespace) -> None:
    """Each measurement as its printed command runs it.

    Raises:
        ValueError: when one fails; what is measured beside it is finished, and nothing else begun.
    """
    lanes = min(LANES, machine.cores())
    run = _Run(arguments, lanes)
    alone = () if arguments.quick else ALONE  # a quick run takes no times that count
    chains = [*CHAINS, *((name,) for name in ALONE if name not in alone)]
    waiting = sorted(chains, key=run.until_last, reverse=True)
    taking = Lock()

    def lane() -> None:
        while names := taken():
            for name in names:
                run.one(name, max(1, machine.cores() // lanes))

    def taken() -> tuple[str, ...]:
        """The next chain that need not wait for what another lane is at; nothing where there is none."""
        with taking:
            found: tuple[str, ...] = next((c for c in waiting if AFTER.get(c[0]) not in run.ahead), ())
            if found:
                waiting.remove(found)
            return found

    with ThreadPoolExecutor(lanes) as pool:
        for done in [pool.submit(lane) for _ in range(lanes)]:
            done.result()
    unready = [name for names in waiting for name in names]  # what they wait for was not finished
    for name in (*unready, *alone):
        run.one(name)
    if run.failed:
        raise ValueError(f"not measured, for the reason above: {', '.join(run.failed)}; what is finished is written")
    if run.paused:
        print(f"paused before {', '.join(run.paused)}: the same command goes on there", flush=True)
    else:
        print(f"everything in {duration(run.spent)}", flush=True)


@dataclass
class _Run:
    """One run of everything.

    Attributes:
        ahead: measurements that are still to be finished, with the seconds that each took when it was last written.
    """

    arguments: argparse.Namespace
    lanes: int
    began: float = field(default_factory=time.monotonic)
    failed: list[str] = field(default_factory=list)
    paused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ahead = _expected(self.arguments.quick)

    @property
    def spent(self) -> float:
        return time.monotonic() - self.began

    def until_last(self, chain: tuple[str, ...]) -> float:
        """Seconds of a chain and of what waits for it, by their last times: what is long begins first."""
        waits = [name for name, first in AFTER.items() if first in chain]
        return sum(self.ahead[name] for name in (*chain, *waits))

    def one(self, name: str, threads: int | None = None) -> None:
        """Measure, with so many threads, unless the time is over or something has failed."""
        minutes = self.arguments.minutes - self.spent / 60
        if self.failed or minutes <= 0:
            self.paused.append(name)
            return
        alone = () if self.arguments.quick else ALONE
        left = sum(s / (1 if n in alone else self.lanes) for n, s in self.ahead.items())
        told = f", about {duration(left)} left" if left else ""
        place = len(NAMES) - len(self.ahead) + 1
        line = f"{name}, {place} of {len(NAMES)}: {duration(self.spent)} so far{told}\n"
        print(line, end="", flush=True)  # in one piece, beside another lane's
        asked = self.arguments
        options = ["--images", str(asked.images), "--seed", str(asked.seed)]
        options += [f"--{name}" for name in ("quick", "untrained", "keep") if getattr(asked, name)]
        options += [] if math.isinf(minutes) else ["--minutes", f"{minutes:.2f}"]
        command = [sys.executable, "-m", "dinoscope", "benchmark", name, *options]
        limit = {"OMP_NUM_THREADS": str(threads)} if threads else {}
        if subprocess.run(command, env=os.environ | limit).returncode:
            self.failed.append(name)
        self.ahead.pop(name)


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

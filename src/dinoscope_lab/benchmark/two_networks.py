"""Two networks: what `DINOSCOPE_FUSION` costs an operator - seconds through HTTP and memory of the app, both ways."""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dinoscope import fusion
from dinoscope.evidence import TABLE, Column, Table
from dinoscope.fitting.datasets import Sample
from dinoscope.reading.efficientnet import TITLES

from ..evidence import count, number
from .serving import Asking, once_there, started
from .study import Study

NETWORK, VERBS = "efficientnet-lite0", ("classify", "similar")
ALONE = "backbone alone"


def measure(study: Study, pictures: Sequence[tuple[str, Sample]]) -> list[dict]:
    """A row of the app as it starts by itself, and one with the second network; none where its heads are not shipped.

    Args:
        pictures: (task, picture) pairs that are asked for.
    """
    if not fusion.place(study.assets, NETWORK).is_dir():
        return []
    ways = {ALONE: "", f"with {TITLES[NETWORK]}": NETWORK}
    return [{"method": name} | _served({"DINOSCOPE_FUSION": network}, pictures) for name, network in ways.items()]


def _served(settings: dict[str, str], pictures: Sequence[tuple[str, Sample]]) -> dict:
    with started(settings=settings) as (address, process, began):
        asking = once_there(process, lambda: Asking(address))
        asking("classify", pictures[0][1].path)
        row: dict = {"start": round(time.monotonic() - began, 1), "answers": len(pictures)}
        for verb in VERBS:
            seconds = [asking(verb, sample.path, task=task)[1] for task, sample in pictures]
            row |= {verb: round(float(np.median(seconds)), 3)}
            row |= {f"{verb}_late": round(float(np.percentile(seconds, 95)), 3)}
        row["memory"] = round(_resident(process.pid) / 1e6) or None
    return row


def table(rows: list[dict]) -> Table:
    """The rows of `measure`."""
    columns = [Column("method", "read by"), number("start", "to the first answer", "s", 1), count("answers")]
    for verb in VERBS:
        columns += [number(verb, unit="s"), number(f"{verb}_late", f"{verb}, 95th percentile", "s")]
    columns.append(count("memory", "memory of the app, MB"))
    return Table("networks", "What a second network costs the running app", TABLE, tuple(columns), rows)


def _resident(pid: int) -> int:
    """Bytes that a process holds; 0 where the system does not say."""
    known = Path(f"/proc/{pid}/statm")
    return int(known.read_text().split()[1]) * resource.getpagesize() if known.exists() else 0

"""Attack: what a stranger, a kill or a bad disk can do to the app, tried and counted, on this machine alone."""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dinoscope import memory, settings
from dinoscope.evidence import TABLE, Column, Table
from dinoscope.reading.encoder import Encoder

from .. import evidence, readme
from ..caller import ANSWER, BROKEN, SENTENCE, Caller, Outcome
from ..evidence import count, number
from . import calls, disks, files, kills, same
from .processes import App, app
from .visitors import VERBS, crowd

SHOWN = 20
"""Faults of each attack that are printed."""


@dataclass(frozen=True)
class Size:
    """How much of each attack.

    Attributes:
        same: answers asked for at once; settle: seconds until memory that is no longer needed has gone back.
    """

    files: int = 600
    calls: int = 300
    visitors: int = 64
    seconds: float = 120
    kills: int = 10
    disks: bool = True
    same: int = 1000
    settle: float = memory.EVERY + 5


QUICK = Size(files=24, calls=120, visitors=4, seconds=3, kills=1, disks=False, same=100, settle=1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How much, and with which seed."""
    parser.add_argument("--quick", action="store_true", help="a few of each, into no evidence file")
    parser.add_argument("--seed", type=int, default=0, help="seed of every random choice")
    parser.add_argument("--files", type=int, default=Size.files, help="malformed ones, each on every verb")
    parser.add_argument("--visitors", type=int, default=Size.visitors, help="at once, honest ones")
    parser.add_argument("--seconds", type=float, default=Size.seconds, help="for which they stay")
    parser.add_argument("--kills", type=int, default=Size.kills, help="of each of fit, index and the app's start")
    parser.add_argument(
        "--note", default="", help="a sentence for the evidence, such as what else the machine was doing"
    )


def run(arguments: argparse.Namespace) -> int:
    """Attack; 1 when anything ended otherwise than in an answer or a sentence."""
    chosen, began = settings.load(), time.monotonic()
    size = (
        QUICK
        if arguments.quick
        else Size(arguments.files, visitors=arguments.visitors, seconds=arguments.seconds, kills=arguments.kills)
    )
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        rows = [*_strangers(chosen.assets, size, arguments.seed, scratch)]
        rows += _machine(chosen.assets, size, arguments.seed, scratch)
    print(_table(rows), flush=True)
    faults = sum(row["faults"] for row in rows)
    if not arguments.quick:
        _write(chosen, arguments, rows, time.monotonic() - began)
    return 1 if faults else 0


def _strangers(assets: Path, size: Size, seed: int, scratch: Path) -> Iterable[dict]:
    """What comes over HTTP, against one app."""
    names = _tasks(assets)
    case_id = _drawn(assets, names[0])[0]["id"]
    with app(scratch / "served", {"DINOSCOPE_ASSETS": str(assets)}) as served:
        start = served.memory()
        found, waits = _files(served, size.files, seed, names)
        time.sleep(size.settle)
        yield _row("malformed files, each on every verb", found, waits, served, start)
        caller = Caller(served.address)
        outcomes = [(a.what, a.by(caller)) for a in calls.abusive(size.calls, seed, caller.config(), case_id)]
        caller.close()
        yield _row("abusive calls", outcomes, None, served, served.memory())
        before = served.memory()
        met = crowd(served.address, names, size.visitors, size.seconds, seed)
        time.sleep(size.settle)
        for verb in VERBS:
            yield {
                "attack": f"{size.visitors} visitors for {size.seconds:g} s: {verb}",
                "tried": len(met.waits[verb]),
                "faults": sum(f.startswith(verb) for f in met.faults),
                **met.row(verb),
                "sentences": 0,
                "memory_before_mb": before,
                "memory_after_mb": served.memory(),
            }
        _tell("visitors", met.faults)
        drawn = [
            (n, c["id"], assets / "tasks" / n / c["image"]) for n in names for c in _drawn(assets, n)[: same.PICTURES]
        ]
        yield _told(
            "answers at once, beside the same one by one",
            size.same,
            same.answers(served.address, drawn, size.same, seed),
        )
        abroad = served.requests_abroad()
    left = served.files()
    yield {"attack": "requests to another host, of all these", "tried": 1, "faults": abroad}
    yield {"attack": "files left once the app is stopped", "tried": 1, "faults": left, "files_left": left}


def _files(served: App, count: int, seed: int, names: Sequence[str]) -> tuple[list[tuple[str, Outcome]], list[float]]:
    """Malformed files, four at a time, while an honest visitor classifies; also what that one waited."""
    waits: list[float] = []
    done = threading.Event()

    def stand_by() -> None:
        caller = Caller(served.address)
        sound = files.sound(seed)
        while not done.wait(0.5):
            file = caller.upload("mine.png", sound)
            if file:
                waits.append(caller.call("classify", file, names[0]).seconds)
        caller.close()

    def send(entry: tuple[int, tuple[str, bytes]]) -> list[tuple[str, Outcome]]:
        number, (name, data) = entry
        caller = Caller(served.address)
        file = caller.upload(name, data)
        if file is None:
            return [(f"upload {number}", Outcome(SENTENCE, "not taken", 0))]
        rest = [["gradcam", 0, "", "", True], [5, [], [], {}, "", [], [], [], False, 2]]
        found = [
            (f"classify {number}", caller.call("classify", file, "")),
            (f"explain {number}", caller.call("explain", file, "", "", *rest[0])),
            (f"similar {number}", caller.call("similar", file, "", *rest[1])),
        ]
        caller.close()
        return found

    beside = threading.Thread(target=stand_by)
    beside.start()
    with ThreadPoolExecutor(4) as pool:
        outcomes = [o for found in pool.map(send, enumerate(files.malformed(count, seed))) for o in found]
    done.set()
    beside.join()
    return outcomes, waits


def _machine(assets: Path, size: Size, seed: int, scratch: Path) -> Iterable[dict]:
    """What happens to the machine: kills and disks."""
    task, pictures = _tasks(assets)[0], scratch / "pictures"
    for case in _drawn(assets, task):
        folder = pictures / case["labels"][0]
        if len(list(folder.glob("*.png"))) < 12:
            folder.mkdir(parents=True, exist_ok=True)
            Image.open(assets / "tasks" / task / case["image"]).save(folder / f"{case['id']}.png")
    copy = kills.copied(assets, scratch / "assets")
    yield _told("kills of fit", *kills.fit(copy, pictures, size.kills, seed, scratch))
    yield _told("kills of index", *kills.index(copy, pictures, task, size.kills, seed, scratch))
    killed, broken, _ = kills.start(scratch / "starts", {"DINOSCOPE_ASSETS": str(copy)}, size.kills, seed)
    yield _told("kills of the app's start", killed, broken)
    if not size.disks:
        return
    for name, attack in (
        ("a full disk", disks.full),
        ("a read-only disk", disks.read_only),
        ("two processes on one index", disks.shared),
    ):
        found = attack(assets, pictures, task, scratch)
        yield _told(name, found.tried, found.broken) | ({"skipped": found.skipped} if found.skipped else {})


def _tasks(assets: Path) -> list[str]:
    """Names of the tasks that have drawn cases."""
    return sorted(p.parent.name for p in (assets / "tasks").glob("*/phantoms.jsonl"))


def _drawn(assets: Path, task: str) -> list[dict]:
    return [json.loads(line) for line in (assets / "tasks" / task / "phantoms.jsonl").read_text().splitlines()]


def _row(name: str, outcomes: list[tuple[str, Outcome]], beside: list[float] | None, served: App, before: int) -> dict:
    kinds = Counter(o.kind for _, o in outcomes)
    _tell(name, [f"{what}: {o.said}" for what, o in outcomes if o.kind == BROKEN])
    row = {
        "attack": name,
        "tried": len(outcomes),
        "answers": kinds[ANSWER],
        "sentences": kinds[SENTENCE],
        "faults": kinds[BROKEN],
        "p50_seconds": round(float(np.percentile([o.seconds for _, o in outcomes], 50)), 2),
        "p95_seconds": round(float(np.percentile([o.seconds for _, o in outcomes], 95)), 2),
        "memory_before_mb": before,
        "memory_after_mb": served.memory(),
    }
    return row | ({"beside_p95_seconds": round(float(np.percentile(beside, 95)), 2)} if beside else {})


def _told(name: str, tried: int, broken: list[str]) -> dict:
    _tell(name, broken)
    return {"attack": name, "tried": tried, "faults": len(broken)}


def _tell(name: str, faults: list[str]) -> None:
    print(f"{name}: {len(faults)} faults", flush=True)
    for fault in faults[:SHOWN]:
        print(f"  {fault[:300]}", flush=True)


def _table(rows: list[dict]) -> str:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [columns, *[["" if row.get(c) is None else str(row[c]) for c in columns] for row in rows]]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) for line in cells)


def table(rows: Sequence[dict]) -> Table:
    """An attack a row."""
    columns = (
        Column("attack"),
        count("tried"),
        count("answers"),
        count("sentences"),
        count("faults"),
        number("p50_seconds", "median", "s", 2),
        number("p95_seconds", "95th percentile", "s", 2),
        number("beside_p95_seconds", "an honest visitor beside it, 95th percentile", "s", 2),
        count("memory_before_mb", "memory before, MB"),
        count("memory_after_mb", "memory after, MB"),
        count("files_left"),
        Column("skipped"),
    )
    return Table("attacks", "What was tried, and what came of it", TABLE, columns, list(rows))


def _write(chosen: settings.Settings, arguments: argparse.Namespace, rows: list[dict], seconds: float) -> None:
    options = f"--seed {arguments.seed} --files {arguments.files} --visitors {arguments.visitors}"
    options += f" --seconds {arguments.seconds:g} --kills {arguments.kills}"
    fingerprint = Encoder.load("bundled", chosen.assets / "backbone", "cpu").fingerprint
    evidence.write(
        chosen.assets / "evidence" / "reliability.json",
        headline={
            "label": "Faults under attack: answers that were neither an answer nor a sentence",
            "value": sum(row["faults"] for row in rows),
            "low": None,
            "high": None,
            "unit": "",
        },
        how=evidence.How(f"dinoscope attack {options}", arguments.seed, fingerprint, seconds),
        tables=[table(rows)],
        notes=[
            "Strangers' files and calls over HTTP, kills, and bad disks, all on one machine; a fault is whatever ends "
            "otherwise than in an answer or a sentence.",
            "Seconds are of calls that wait for each other's turn; `beside` is an honest visitor's classify meanwhile.",
            *([arguments.note] if arguments.note else []),
        ],
    )
    if chosen.assets == settings.ROOT / "model_assets":
        readme.renew()

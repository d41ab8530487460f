"""Explain: how faithful each method is, whether it finds lesions, and what fast ViT-CX saves and costs."""

from __future__ import annotations

import argparse
import json
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from dinoscope import settings, tasks
from dinoscope.explain import Saliency, Subject, faithfulness, vitcx, vitcx_plain
from dinoscope.explain.faithfulness import Curve
from dinoscope.explain.localisation import centred_blob, locate
from dinoscope.explain.methods import METHODS
from dinoscope.explain.session import MAX_SEED
from dinoscope.workbench import Workbench

from .. import evidence, readme
from . import end_to_end, explain_http, explain_pictures, explain_rows, published_vitcx
from .explain_pictures import Asked

MOST = 40
"""Pictures a task or set, where no other number is asked for."""
METHODS_MEASURED = ("vitcx", "vitcx_quick", "attention_gradients", "gradcam", "rollout", "random")
SLOW_METHODS, SLOW_PICTURES = ("occlusion", "rise"), 10
"""Measured on so many pictures a task."""
DRAWS = 4
"""Random orders a picture: the mean over pictures needs fewer than the page, which shows a band for one."""
COMPARED, PUBLISHED, LARGE = 100, 20, 20
"""Pictures on which fast and plain ViT-CX are compared; of these, also with the published code; also at 224 px."""
LARGE_SIZE = 224
QUICK_SETS = 2
HTTP_PICTURES = 5
"""Of a task, explained through HTTP."""

Measure = Callable[[Asked, int], dict]
"""(picture, its number in its set, from 0) -> what was measured of it."""


@dataclass(frozen=True)
class Counts:
    """Pictures of each part; of a quick run, one or two of everything."""

    compared: int
    published: int
    large: int
    most: int
    slow: int

    @classmethod
    def of(cls, arguments: argparse.Namespace, tasks: int) -> Counts:
        """The totals above, spread over so many tasks."""
        if arguments.quick:
            return cls(1, 1, 1, min(arguments.most, 2), 1)
        compared, published, large = (-(-total // max(1, tasks)) for total in (COMPARED, PUBLISHED, LARGE))
        return cls(compared, published, large, arguments.most, SLOW_PICTURES)


def run(arguments: argparse.Namespace) -> None:
    """Measure what is not in the ledger yet, and write explain.json; a quick run writes beside its ledger."""
    chosen = settings.load()
    workbench = Workbench.load(chosen)
    name = "explain_quick" if arguments.quick else "explain"
    ledger = Ledger(chosen.cache / workbench.encoder.fingerprint[:16] / f"{name}.jsonl")
    before, started = ledger.seconds, time.monotonic()
    for part, of, pictures, measure in _parts(workbench, arguments):
        ledger.add(part, of, pictures, measure)
    rows, headline, notes = explain_rows.summarise(ledger.records)
    rows += explain_http.measure(*_for_http(workbench, arguments), arguments.seed)
    options = f"--images {arguments.images} --most {arguments.most} --seed {arguments.seed}"
    command = f"dinoscope benchmark explain {options}{' --quick' if arguments.quick else ''}"
    seconds = before + time.monotonic() - started
    out = ledger.path.with_suffix(".json") if arguments.quick else chosen.assets / "evidence" / "explain.json"
    evidence.write(out, headline, command, arguments.seed, workbench.encoder.fingerprint, seconds, rows, notes)
    if not arguments.quick:
        tasks.write_manifest(chosen.assets)
        readme.renew()
    ledger.path.unlink(missing_ok=True)
    print(f"{command}\n{evidence.machine()}\nwritten to {out}")


def _sets(arguments: argparse.Namespace) -> int | None:
    """Of each part a quick run takes the first few sets."""
    return QUICK_SETS if arguments.quick else None


def _for_http(workbench: Workbench, arguments: argparse.Namespace) -> tuple[list, list]:
    """(task, picture) pairs for the bundled backbone, and for the large one, which a quick run leaves out."""
    names = [t for t in workbench.tasks if (arguments.images / t).is_dir()][: _sets(arguments)]
    each = 1 if arguments.quick else HTTP_PICTURES
    pictures = [(t, s) for t in names for s in end_to_end.choose(arguments.images, t, each, arguments.seed)]
    # A backbone that nobody has seen has heads for the tasks with drawn cases, from which they can be fitted.
    drawn = [t for t in names if any(c.image for c in workbench.tasks[t].cases)]
    return pictures, [] if arguments.quick else [next(p for p in pictures if p[0] == t) for t in drawn]


def _parts(workbench: Workbench, arguments: argparse.Namespace) -> Iterator[tuple[str, str, Iterator[Asked], Measure]]:
    """(part, set, its pictures, how each is measured)."""
    folder, seed = arguments.images, arguments.seed
    most = _sets(arguments)
    names = [t for t in workbench.tasks if (folder / t).is_dir()][:most]
    counts = Counts.of(arguments, len(names))
    large = replace(workbench, encoder=explain_pictures.at_size(workbench.encoder, LARGE_SIZE))
    for name in names:
        # Another seed than below: what is compared and what is scored need not be the same pictures.
        pictures = explain_pictures.of_task(workbench, folder, name, counts.compared, seed + 1)
        yield "compare", name, pictures, lambda asked, number: _compare(asked, seed, number < counts.published)
        pictures = explain_pictures.of_task(large, folder, name, counts.large, seed + 1)
        yield "large", name, pictures, lambda asked, number: _compare(asked, seed, False)
    for name in names:
        pictures = explain_pictures.of_task(workbench, folder, name, counts.most, seed)
        yield (
            "faithful",
            name,
            pictures,
            lambda asked, number: _faithful(asked, _own(seed, asked), number < counts.slow),
        )
    for name in list(workbench.tasks)[:most]:
        pictures = explain_pictures.of_phantoms(workbench, name, counts.most, seed)
        yield "phantoms", name, pictures, lambda asked, number: _locate(asked, _own(seed, asked))
    for name in [n for n in explain_pictures.OUTLINED if (folder / n).is_dir()][:most]:
        pictures = explain_pictures.of_outlined(workbench, folder, name, counts.most, seed)
        yield "outlined", name, pictures, lambda asked, number: _locate(asked, _own(seed, asked))


class Ledger:
    """What has been measured, a line a picture, so that a run that was cut short goes on where it stopped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.records: list[dict] = [json.loads(x) for x in path.read_text().splitlines()] if path.is_file() else []

    @property
    def seconds(self) -> float:
        """Spent on what is here."""
        return sum(r["spent"] for r in self.records)

    def add(self, part: str, name: str, pictures: Iterator[Asked], measure: Measure) -> None:
        """Measure the pictures of one part and set that are not here yet."""
        done = {r["id"] for r in self.records if (r["part"], r["set"]) == (part, name)}
        with self.path.open("a", encoding="utf-8") as file:
            for number, asked in enumerate(pictures):
                if asked.id in done:
                    continue
                began = time.monotonic()
                facts = {"part": part, "set": name, "id": asked.id, "group": asked.group, "explained": asked.explained}
                record = facts | measure(asked, number) | {"spent": time.monotonic() - began}
                self.records.append(record)
                file.write(json.dumps(record) + "\n")
                file.flush()
        count = sum((r["part"], r["set"]) == (part, name) for r in self.records)
        print(f"{part} {name}: {count} pictures, {self.seconds:.0f} s so far", flush=True)


def _own(seed: int, asked: Asked) -> int:
    """A seed of the picture's own: one random map for all of them would be a single draw, however many they are."""
    return (seed + zlib.crc32(asked.id.encode())) % MAX_SEED


def _timed(explain: Callable[..., Saliency | np.ndarray], *arguments, **options) -> tuple[np.ndarray, float]:
    began = time.perf_counter()
    found = explain(*arguments, **options)
    seconds = time.perf_counter() - began
    return (found if isinstance(found, np.ndarray) else found.map), seconds


def _compare(asked: Asked, seed: int, closely: bool) -> dict:
    """Fast and quick ViT-CX against the plain path in float32, and that against its own second seed.

    Args:
        closely: also the published code, and what the ideas behind the fast path give: without bfloat16, in 8-bit
            integers, and with the noise-only passes left out instead of replaced by their first order.
    """
    fast, exact = asked.subject, asked.exact
    runs: dict[str, tuple[np.ndarray, float]] = {
        "plain": _timed(vitcx_plain.explain, exact, seed),
        "second_seed": _timed(vitcx_plain.explain, exact, seed + 1),
        "fast": _timed(vitcx.explain, fast, seed),
        "quick": _timed(vitcx.explain, fast, seed, quick=True),
    }
    if closely:
        pixels, tokens, grid = exact.pixels, exact.before, exact.grid
        still = replace(fast, slope=lambda: torch.zeros_like(fast.pixels))
        runs["published"] = _timed(published_vitcx.explain, exact.score, pixels, tokens, grid, seed)
        runs["fast_float32"] = _timed(vitcx.explain, exact, seed)
        runs["fast_int8"] = _timed(vitcx.explain, asked.rounded, seed)
        runs["noise_left_out"] = _timed(vitcx.explain, still, seed)
    plain = runs["plain"][0]
    result = {}
    for name, (found, seconds) in runs.items():
        deletion, insertion = _curves(fast, found, seed, 0)
        result[name] = {
            "seconds": seconds,
            "agreement": faithfulness.agreement(found, plain, fast.patch),
            "deletion": deletion.area,
            "insertion": insertion.area,
        }
    return {"runs": result}


def _faithful(asked: Asked, seed: int, slow: bool) -> dict:
    """What each method gains on random orders of the same picture, on both curves; positive is better."""
    subject, result, chance = asked.subject, {}, 0.0
    for number, name in enumerate((*METHODS_MEASURED, *(SLOW_METHODS if slow else ()))):
        found, seconds = _timed(_method(name), subject, seed)
        # Random orders belong to the picture, not to the method: they are scored once, with the first.
        deletion, insertion = _curves(subject, found, seed, 0 if number else DRAWS)
        chance = chance if number else deletion.random_area
        gains = {"deletion_gain": chance - deletion.area, "insertion_gain": insertion.area - chance}
        result[name] = {"seconds": seconds, **gains}
    return {"methods": result}


def _locate(asked: Asked, seed: int) -> dict:
    """How the map of each fast method lies on the lesion, beside a centred blob that sees nothing."""
    assert asked.lesion is not None
    maps = {name: _timed(_method(name), asked.subject, seed)[0] for name in METHODS_MEASURED}
    maps["centred_blob"] = centred_blob(asked.subject.size)
    return {"methods": {name: asdict(locate(found, asked.lesion)) for name, found in maps.items()}}


def _method(name: str) -> Callable[[Subject, int], Saliency]:
    """A method of the registry; `vitcx_quick` is ViT-CX at its quick pace, and RISE, slow as it is, is quick too."""
    quick = name.endswith("_quick") or name == "rise"
    explain = METHODS[name.removesuffix("_quick")].explain
    return lambda subject, seed: explain(subject, seed, quick)


def _curves(subject: Subject, saliency: np.ndarray, seed: int, draws: int) -> tuple[Curve, Curve]:
    return faithfulness.curves(subject.score, subject.pixels, saliency, subject.patch, seed, draws=draws)

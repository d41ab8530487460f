"""Visitors: many honest ones at once, with mixed verbs, for a while: how long each waits."""

from __future__ import annotations

import io
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from ..caller import BROKEN, Caller, Outcome

VERBS = ("classify", "similar", "explain")


@dataclass
class Crowd:
    """What many visitors met.

    Attributes:
        waits: verb -> seconds of each answer; refused: sentences, such as that of a full queue; faults: the rest.
    """

    waits: dict[str, list[float]] = field(default_factory=lambda: {verb: [] for verb in VERBS})
    refused: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def row(self, verb: str) -> dict:
        """Seconds at the middle and at the slow end."""
        waits = self.waits[verb]
        return {
            "answers": len(waits),
            "p50_seconds": round(float(np.percentile(waits, 50)), 2) if waits else None,
            "p95_seconds": round(float(np.percentile(waits, 95)), 2) if waits else None,
        }


def crowd(address: str, tasks: Sequence[str], visitors: int, seconds: float, seed: int) -> Crowd:
    """So many visitors for so many seconds, each asking again as soon as the last answer is there."""
    met, lock, end = Crowd(), threading.Lock(), time.monotonic() + seconds

    def visit(number: int) -> None:
        choose = random.Random(f"{seed}/{number}")
        caller = Caller(address)
        try:
            while time.monotonic() < end:
                file = caller.upload("mine.png", _picture(choose.randrange(2**32)))
                verb, task = choose.choice(VERBS), choose.choice(tasks)
                outcome = _ask(caller, verb, file, task) if file else Outcome(BROKEN, "upload refused", 0)
                with lock:
                    if outcome.kind == BROKEN:
                        met.faults.append(f"{verb}: {outcome.said}")
                    elif outcome.said:
                        met.refused.append(outcome.said)
                    else:
                        met.waits[verb].append(outcome.seconds)
                if outcome.said:
                    time.sleep(1)
        except Exception as fault:  # whatever a client makes of a server that does not behave
            with lock:
                met.faults.append(f"{type(fault).__name__}: {fault}")
        finally:
            caller.close()

    threads = [threading.Thread(target=visit, args=(i,)) for i in range(visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return met


def _ask(caller: Caller, verb: str, file: dict, task: str) -> Outcome:
    if verb == "similar":
        return caller.call(verb, file, task, 5, [], [], {}, "", [], [], [], False, 2)
    if verb == "explain":
        return caller.call(verb, file, task, "", "vitcx", 0, "", "", True)
    return caller.call(verb, file, task)


def _picture(seed: int) -> bytes:
    """A smooth grey blot on grey, another for each seed."""
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize((256, 256), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()

"""Kept: the finished parts of a measurement, a line each, so that a run that was cut short goes on where it stopped.

A part is forgotten when anything that its numbers depend on has changed; how long it took is remembered all the same.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Made:
    """What the numbers of a part depend on.

    Attributes:
        seed: of every random choice; code: fingerprint of what was run; split: of the pictures and their folds.
        network: fingerprint of what read the pictures, or whatever else stands in its place.
    """

    seed: int
    code: str
    network: str
    split: str = ""


class PausedError(Exception):
    """The time that was given is over; what is finished is kept."""


class Kept:
    """Parts below one file, each under its key.

    Attributes:
        seconds: that the parts asked for in this run took, and what was done before each, whenever that was.
        older: parts that were taken up although the code has changed since.
    """

    def __init__(
        self,
        path: Path,
        stubborn: bool = False,
        say: Callable[[str], None] = print,
        until: float = math.inf,
        began: float | None = None,
    ) -> None:
        """Read what is there.

        Args:
            stubborn: keep parts whose code alone has changed; until: the moment (`time.monotonic`) from which on no
                part is begun; began: the moment from which time belongs to the first part, now where none is told.
        """
        self.path, self.stubborn, self.say, self.until = path, stubborn, say, until
        self.seconds, self.older = 0.0, 0
        self.lines: dict[str, dict] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
            try:
                part = json.loads(line)
                self.lines[part["key"]] = part | {"before": part.get("before", 0.0)}
            except (ValueError, KeyError, TypeError):  # the line at which a run was killed
                continue
        self.ahead = {key: float(part["seconds"]) for key, part in self.lines.items()}
        self.unsaid = time.monotonic()
        self.free = self.unsaid if began is None else began

    @property
    def spent(self) -> float:
        """Seconds of the parts asked for, of what was done before each, and since the last."""
        return self.seconds + time.monotonic() - self.free

    def part(self, key: str, measure: Callable[[], Iterable[dict]], made: Made) -> list[dict]:
        """The rows of one part: kept ones, or measured now and written at once.

        Raises:
            PausedError: where it would have to be begun when the time is over.
        """
        line = self.lines.get(key)
        if line is None or not self._holds(line["made"], made):
            began = time.monotonic()
            if began > self.until:
                raise PausedError(key)
            rows = list(measure())
            took = {"seconds": time.monotonic() - began, "before": began - self.free}
            line = {"key": key, "made": asdict(made), **took, "rows": rows}
            self._add(line)
            self.ahead.pop(key, None)
            self._progress(key, line["seconds"])
        self.ahead.pop(key, None)
        self.seconds += line["seconds"] + line["before"]
        self.free = time.monotonic()
        return line["rows"]

    def _holds(self, kept: dict, made: Made) -> bool:
        wanted = asdict(made)
        if {k: v for k, v in kept.items() if k != "code"} != {k: v for k, v in wanted.items() if k != "code"}:
            return False
        changed = kept.get("code") != made.code
        self.older += changed and self.stubborn
        return not changed or self.stubborn

    def _add(self, line: dict) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        whole = not self.path.is_file() or self.path.stat().st_size == 0 or self.path.read_bytes()[-1:] == b"\n"
        with self.path.open("a", encoding="utf-8") as file:
            file.write(("" if whole else "\n") + json.dumps(line) + "\n")
        self.lines[line["key"]] = line

    def _progress(self, key: str, seconds: float) -> None:
        """Say what was done, at most every few seconds, and how long the parts known from earlier runs will take."""
        if seconds < 1 and time.monotonic() - self.unsaid < 5:
            return
        self.unsaid = time.monotonic()
        left = sum(self.ahead.values())
        self.say(f"{self.path.stem}: {key} in {seconds:.0f} s" + (f", about {duration(left)} left" if left > 1 else ""))


def duration(seconds: float) -> str:
    """Seconds as a reader would say them."""
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )

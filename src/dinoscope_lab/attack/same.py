"""Same: answers that are asked for at once are those given one after the other, to the last bit."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..caller import ANSWER, Caller

AT_ONCE = 48
"""Strangers who ask at the same time; fewer than may wait in the queue."""
PICTURES = 3
"""Of each task."""


def answers(address: str, pictures: Sequence[tuple[str, str, Path]], count: int, seed: int) -> list[str]:
    """Ask so many times at once what was asked once before; gives a line for each answer that differs.

    Args:
        pictures: (task, id of a case, file of its picture).
    """
    mine = threading.local()

    def asked(which: tuple[str, str, str, Path]) -> Any:
        verb, task, case_id, path = which
        caller: Caller = mine.__dict__.setdefault("caller", Caller(address))
        file = None if verb == "similar to" else caller.upload(path.name, path.read_bytes())
        if verb == "classify":
            outcome = caller.call("classify", file, task)
        else:
            outcome = caller.call("similar", file, task, 5, [], [], {}, "" if file else case_id, [], [], [], False, 2)
        return outcome.content if outcome.kind == ANSWER else outcome.said

    questions = [(verb, *of) for of in pictures for verb in ("classify", "similar", "similar to")]
    alone = [asked(q) for q in questions]
    order = [i % len(questions) for i in range(count)]
    random.Random(seed).shuffle(order)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        together = list(pool.map(lambda i: asked(questions[i]), order))
    return [
        f"{' '.join(map(str, questions[i][:3]))}: {_difference(alone[i], found)}"
        for i, found in zip(order, together, strict=True)
        if found != alone[i] or isinstance(found, str)
    ]


def _difference(first: Any, second: Any) -> str:
    if isinstance(first, str) or isinstance(second, str):
        return f"{first!s:.150} / {second!s:.150}"
    pairs = zip(_leaves(first), _leaves(second), strict=False)
    return next((f"{a} / {b}" for a, b in pairs if a != b), "another shape")


def _leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(inner, f"{at}/{key}")
    else:
        yield at, value

"""Bounds: readers of what a visitor sends; inside, its length, number, range and type can be trusted.

But for `count`, each takes the name by which the visitor knows the value, and any JSON value; each refusal is a
sentence with both.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Collection
from typing import Any

from .errors import RequestError, shown

LONGEST = 200
"""Letters of a name, an id or a label."""
MOST_NAMES = 50
"""Entries of a list of them."""


def whole_number(name: str, given: Any, low: int, high: int, default: int) -> int:
    """A whole number from `low` to `high`; `default` for None."""
    if given is None:
        return default
    if isinstance(given, bool) or not isinstance(given, int | float) or not _is_whole(given):
        raise RequestError(f"`{name}` is {_plain(given)}; give a whole number from {low} to {high}")
    if not low <= given <= high:
        raise RequestError(f"`{name}` is {_plain(given)}; give a whole number from {low} to {high}")
    return int(given)


def count(written: str) -> int:
    """A whole number from 1 as an operator types it, for `argparse`."""
    if not written.isdecimal() or int(written) < 1:
        raise argparse.ArgumentTypeError(f"{written} will not do; give a whole number from 1")
    return int(written)


def number(name: str, given: Any, low: float, high: float) -> float:
    """A number from `low` to `high`."""
    # A comparison with NaN is false, and one with a huge whole number does not overflow.
    if isinstance(given, bool) or not isinstance(given, int | float) or not low <= given <= high:
        raise RequestError(f"`{name}` is {_plain(given)}; give a number from {low:g} to {high:g}")
    return float(given)


def text(name: str, given: Any, longest: int = LONGEST) -> str:
    """A text of at most so many letters; "" for None."""
    if given is None:
        return ""
    if not isinstance(given, str):
        raise RequestError(f"`{name}` is {_plain(given)}; give a text")
    if len(given) > longest:
        raise RequestError(f"`{name}` has {len(given):,} letters; the limit is {longest}")
    return given


def names(
    name: str, given: Any, known: Collection[str] | None = None, most: int = MOST_NAMES, what: str = "names"
) -> tuple[str, ...]:
    """A list of at most so many texts, each once, in the order given; () for None and "".

    Args:
        known: the only ones that there are; None where that cannot be said beforehand.
        what: they are, for the sentence.
    """
    if given is None or given == "":
        return ()
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list | tuple) or not all(isinstance(v, str) for v in listed):
        raise RequestError(f"`{name}` is {_plain(given)}; give a list of {what}")
    if len(listed) > most:
        raise RequestError(f"`{name}` has {len(listed):,} entries; the limit is {most}")
    for entry in listed:
        text(name, entry)
        if known is not None and entry not in known:
            raise RequestError(f"`{name}` has no {shown(entry)}; choose from {', '.join(known)}")
    return tuple(dict.fromkeys(listed))


def flag(name: str, given: Any, default: bool = False) -> bool:
    """True or false; `default` for None."""
    if given is None:
        return default
    if not isinstance(given, bool):
        raise RequestError(f"`{name}` is {_plain(given)}; give true or false")
    return given


def _is_whole(given: float) -> bool:
    return isinstance(given, int) or (math.isfinite(given) and given.is_integer())


def _plain(given: Any) -> str:
    """A value as a sentence quotes it, whatever it is and however long."""
    if given is None:
        return "empty"
    if isinstance(given, str):
        return shown(given)
    if isinstance(given, list | tuple | dict):
        return f"{'an object' if isinstance(given, dict) else 'a list'} of {len(given):,}"
    if isinstance(given, int) and abs(given) >= 10**18:
        return "a number of more than 18 digits"
    return str(given).lower() if isinstance(given, bool) else f"{given}"

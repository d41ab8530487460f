"""Words: numbers and lists as a reader would write them, the same on the page and in a report."""

from __future__ import annotations

from collections.abc import Sequence


def percent(share: float) -> str:
    """0.873 -> 87 %; never 0 or 100 % for what is only almost so."""
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1:
        return "> 99 %"
    return f"{100 * share:.0f} %"


def enumerated(names: Sequence[str]) -> str:
    """['a', 'b', 'c'] -> 'a, b and c'; none -> ''."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""

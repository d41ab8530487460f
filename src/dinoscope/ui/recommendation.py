"""Recommendation: the method that the evidence found most faithful on a task."""

from __future__ import annotations

from ..evidence import Evidence
from ..explain.methods import METHODS
from ..tasks import Task

GAINS = ("deletion_tokens", "insertion_tokens", "deletion_pixels", "insertion_pixels")
"""What makes a method faithful: its gains over random orders, on each curve."""


def best(evidence: dict[str, Evidence], task: Task | None) -> str:
    """The method with the largest gains on all curves together on a task's test pictures, "" where none was measured.

    They stand in the table `faithful` of explain.json.
    """
    measured = evidence["explain"].table("faithful") if task is not None and "explain" in evidence else None
    if measured is None or task is None:
        return ""
    gains = {r["method"]: sum(r[g] for g in GAINS) for r in measured.about(task.name) if r["method"] in METHODS}
    serious = {name: gain for name, gain in gains.items() if not METHODS[name].reference}
    return max(serious, key=lambda name: serious[name]) if serious else ""


def recommend(evidence: dict[str, Evidence], task: Task | None, method: str) -> str:
    """One sentence that names the most faithful method, or "" where none was measured."""
    found = best(evidence, task)
    if not found:
        return ""
    if method == found:
        return "On this task's test pictures no method was more faithful."
    return f"On this task's test pictures {METHODS[found].title} was more faithful."

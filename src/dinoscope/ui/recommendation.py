"""Recommendation: the method that the evidence found most faithful on a task."""

from __future__ import annotations

from ..evidence import Evidence
from ..explain.methods import METHODS
from ..tasks import Task

BASELINES = {"random", "vitcx_plain"}
"""Never recommended: the one knows nothing, the other is ViT-CX again, slower."""


def recommend(evidence: dict[str, Evidence], task: Task | None, method: str) -> str:
    """One sentence that names a more faithful method than this one, or "" where none was measured.

    Faithful is what gains on both curves over random orders: rows of explain.json with `method`, `task`,
    `deletion_gain` and `insertion_gain`.
    """
    if task is None or "explain" not in evidence:
        return ""
    gains = {
        row["method"]: row["deletion_gain"] + row["insertion_gain"]
        for row in evidence["explain"].rows
        if row.get("task") == task.name and "deletion_gain" in row and row["method"] in METHODS.keys() - BASELINES
    }
    if not gains:
        return ""
    best = max(gains, key=lambda name: gains[name])
    if method == best:
        return "On this task's test pictures no method was more faithful."
    if gains[best] <= gains.get(method, 0):
        return ""
    return f"On this task's test pictures {METHODS[best].title} was more faithful."

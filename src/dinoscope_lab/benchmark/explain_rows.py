"""Explanation rows: what was measured picture by picture -> the rows, headline and notes of explain.json."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dinoscope.fitting.statistics import grouped_bootstrap

LOCATED = ("hit", "overlap", "inside")
IDEAS = {
    "second_seed": "plain, another seed",
    "published": "published code, same seed",
    "fast": "fast",
    "quick": "fast, quick",
    "fast_float32": "fast, in float32",
    "fast_int8": "fast, in int8",
    "noise_left_out": "fast, noise-only passes left out",
}
"""What is compared with the plain path in float32, and how it is called."""


def summarise(records: Sequence[dict]) -> tuple[list[dict], dict, list[str]]:
    """Rows, headline and notes of the whole measurement."""
    compared, large = _part(records, "compare"), _part(records, "large")
    rows = [*_comparison(compared, "the backbone's own"), *_comparison(large, "224")]
    faithful = _faithfulness(_part(records, "faithful"))
    located = [r for part in ("phantoms", "outlined") for r in _localisation(_part(records, part), part)]
    ratio = _ratio(large, "fast")
    headline = {
        "label": "Fast ViT-CX against the plain path at 224 px: times as fast",
        "value": round(ratio, 1),
        "low": None,
        "high": None,
        "unit": "x",
    }
    return [*rows, *faithful, *located], headline, _notes(faithful, located)


def _comparison(records: list[dict], size: str) -> list[dict]:
    """One row for each path that was compared with the plain one."""
    rows = []
    for name, title in IDEAS.items():
        pairs = [(r["runs"]["plain"], r["runs"][name]) for r in records if name in r["runs"]]
        if not pairs:
            continue
        agreement = np.array([b["agreement"] for _, b in pairs])
        rows.append(
            {
                "compared_with_plain": title,
                "size": size,
                "pictures": len(pairs),
                "rank_correlation_median": _round(np.median(agreement)),
                "rank_correlation_5th_percentile": _round(np.percentile(agreement, 5)),
                "deletion_area_change": _round(np.mean([b["deletion"] - a["deletion"] for a, b in pairs])),
                "insertion_area_change": _round(np.mean([b["insertion"] - a["insertion"] for a, b in pairs])),
                "seconds": _round(np.median([b["seconds"] for _, b in pairs])),
                "times_as_fast": _round(_ratio(records, name), 1),
            }
        )
    return rows


def _ratio(records: list[dict], name: str) -> float:
    """How many times as fast as the plain path in the same run: the median over pictures."""
    pairs = [(r["runs"]["plain"], r["runs"][name]) for r in records if name in r["runs"]]
    return float(np.median([a["seconds"] / b["seconds"] for a, b in pairs])) if pairs else float("nan")


def _faithfulness(records: list[dict]) -> list[dict]:
    """A row a task and method, and a row a method over all tasks; gains on random orders with 95 % intervals."""
    rows = []
    for task in [*dict.fromkeys(r["set"] for r in records), "all tasks"]:
        chosen = [r for r in records if task in (r["set"], "all tasks")]
        for method in dict.fromkeys(m for r in chosen for m in r["methods"]):
            having = [r for r in chosen if method in r["methods"]]
            facts = [r["methods"][method] for r in having]
            groups = [f"{r['set']}/{r['group']}" for r in having]
            row: dict = {"task": task, "method": method, "pictures": len(facts)}
            for curve in ("deletion", "insertion"):
                gain = np.array([f[f"{curve}_gain"] for f in facts])
                measured = grouped_bootstrap(_mean_of(gain), groups)
                row[f"{curve}_gain"] = _round(measured.value)
                row[f"{curve}_low"], row[f"{curve}_high"] = _round(measured.low), _round(measured.high)
                row[f"{curve}_worse_than_random_percent"] = _round(100 * np.mean(gain <= 0), 1)
            rows.append(row | {"seconds": _round(np.median([f["seconds"] for f in facts]))})
    return rows


def _localisation(records: list[dict], part: str) -> list[dict]:
    """A row a set and method: pointing game, overlap and share inside, beside a centred blob and a random map."""
    rows = []
    for name in dict.fromkeys(r["set"] for r in records):
        chosen = [r for r in records if r["set"] == name]
        for method in chosen[0]["methods"]:
            facts = [r["methods"][method] for r in chosen]
            row: dict = {"set": f"{name}{' (phantoms)' if part == 'phantoms' else ''}"}
            row |= {"method": method, "explained": chosen[0]["explained"], "pictures": len(facts)}
            for figure in LOCATED:
                values = np.array([float(f[figure]) for f in facts])
                measured = grouped_bootstrap(_mean_of(values), [r["group"] for r in chosen])
                row[figure] = _round(measured.value)
                row[f"{figure}_low"], row[f"{figure}_high"] = _round(measured.low), _round(measured.high)
            rows.append(row | {"lesion_area": _round(np.mean([f["area"] for f in facts]))})
    return rows


def _notes(faithful: list[dict], located: list[dict]) -> list[str]:
    """What a reader must know beside the figures, ViT-CX's defeats first."""
    notes = []
    overall = {r["method"]: r for r in faithful if r["task"] == "all tasks"}
    if "vitcx" in overall:
        own = overall["vitcx"]
        notes.append(
            f"ViT-CX is worse than random orders on deletion for {own['deletion_worse_than_random_percent']:g} % of "
            f"the pictures, and on insertion for {own['insertion_worse_than_random_percent']:g} %."
        )
        ahead = [m for m, r in overall.items() if m != "random" and _total(r) > _total(own) and m != "vitcx_quick"]
        if ahead:
            notes.append(f"More faithful than ViT-CX over all tasks, both curves together: {', '.join(sorted(ahead))}.")
    by_set: dict[str, dict[str, dict]] = {}
    for row in located:
        by_set.setdefault(row["set"], {})[row["method"]] = row
    lost = [s for s, rows in by_set.items() if rows["vitcx"]["overlap"] <= rows["centred_blob"]["overlap"]]
    if lost:
        notes.append(f"A centred blob overlaps the lesions at least as well as ViT-CX on {', '.join(lost)}.")
    return [
        *notes,
        "Gains are areas against random orders of the same patches; positive is better; occlusion and RISE (120 masks) "
        "were measured on fewer pictures. Areas of the comparison change by no more than the scores' rounding where "
        "the maps agree.",
        "Fold 0, correctly classified, grouped by patient, lesion or near-duplicate. Seconds are medians on the "
        "machine named here, without reading the picture.",
    ]


def _total(row: dict) -> float:
    return row["deletion_gain"] + row["insertion_gain"]


def _mean_of(values: np.ndarray) -> Callable[[np.ndarray], float]:
    return lambda drawn: float(values[drawn].mean())


def _part(records: Sequence[dict], part: str) -> list[dict]:
    return [r for r in records if r["part"] == part]


def _round(value: float | np.floating, digits: int = 4) -> float:
    return round(float(value), digits)

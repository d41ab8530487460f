"""Maps: what the README says of the explanations and of what the network sees, read from the evidence."""

from __future__ import annotations

from dinoscope.evidence import MEAN, SETS, Evidence, named
from dinoscope.explain.methods import METHODS
from dinoscope.fitting import catalogue

FIGURE = "docs/see.jpg"
RIVALS = {"vitcx_published": "published ViT-CX", "centred_blob": "a blob in the middle"}
EARLIER = "(Of an earlier backbone.) "
OURS, POSITION, NETWORK = "backbone", "same position", "efficientnet-lite0"


def paragraphs(evidence: dict[str, Evidence], fingerprint: str) -> str:
    """Two short paragraphs, each where it was measured; one that is not of the backbone that ships says so first."""
    found = [(evidence[name], write) for name, write in (("explain", explained), ("see", seen)) if name in evidence]
    said = [(e, write(e)) for e, write in found]
    return "\n\n".join(f"{'' if e.fingerprint == fingerprint else EARLIER}{text}" for e, text in said if text)


def explained(e: Evidence) -> str:
    """How well the default map lies on outlined lesions, first where it is not ahead; "" where no mean was measured."""
    rows = e.rows("located")
    mean = {r["method"]: r for r in rows if r["set"] == MEAN}
    if not mean.keys() >= {"vitcx", *RIVALS}:
        return ""
    by_set: dict[str, dict[str, float]] = {}
    for r in rows:
        by_set.setdefault(r["set"], {})[r["method"]] = r["overlap"]
    behind = [
        f"of {called} on {_listed(lost)}"
        for rival, called in RIVALS.items()
        if (lost := [s for s, of in by_set.items() if s != MEAN and rival in of and of["vitcx"] <= of[rival]])
    ]
    own = mean["vitcx"]
    nearer = {r["method"]: -r["ahead"] for r in e.rows("differences") if r["set"] == MEAN and r["ahead"] < 0}
    best = max(nearer, key=nearer.__getitem__, default="")
    title = METHODS[best].title if best in METHODS else best
    best_said = f" {title}: {nearer[best]:.2f} more." if best else ""
    beside = ", ".join(f"{called} {mean[rival]['overlap']:.2f}" for rival, called in RIVALS.items())
    where = f" It is not ahead {', nor '.join(behind)}." if behind else " It is ahead of both on every set."
    return (
        f"**Explain**, on outlined lesions of {len(by_set) - 1} sets: the default map has a mean IoU of "
        f"{own['overlap']:.2f} ({own['overlap_low']:.2f} to {own['overlap_high']:.2f}), {beside}, a random map "
        f"{mean['random']['overlap']:.2f}.{best_said}{where}"
    )


def seen(e: Evidence) -> str:
    """How often a place is found in another picture, first where something simpler is ahead, and the picture of it."""
    found = {(r["set"], r["method"]): r["found"] for r in e.rows("found")}
    mean = {method: value for (name, method), value in found.items() if name == MEAN}
    if OURS not in mean:
        return ""
    level = [s for s, m in found if m == POSITION and s != MEAN and found[s, POSITION] >= found[s, OURS]]
    ahead = [m for m in mean if m != OURS and mean[m] >= mean[OURS]]
    first = f"{_sentence(ahead)} on the mean. " if ahead else ""
    beside = ", ".join(f"{m} {v:g} %" for m, v in sorted(mean.items(), key=lambda kv: -kv[1]) if m != OURS)
    where = f" On {_listed(level)} the same position alone does as well." if level else ""
    return (
        f"**What the network sees**: {first}a lesion pointed at in one picture is found in another of its class in "
        f"{mean[OURS]:g} % of pairs ({beside}).{where}\n\n"
        "![Drawn cases, their features as colours, and the place in another case most like a lesion pointed at]"
        f"({FIGURE})"
    )


def _sentence(methods: list[str]) -> str:
    return f"{' and '.join(methods)} {'are' if len(methods) > 1 else 'is'} as good or better"


def _listed(sets: list[str]) -> str:
    names = SETS | catalogue.titles()
    return ", ".join(named(s, names) for s in sets)

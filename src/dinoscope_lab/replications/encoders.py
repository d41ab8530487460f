"""Encoders: the same probes for every encoder - what it is, where it is, who it is of, and which set it is from.

Source: Perez-Garcia et al., "Exploring scalable medical image encoders beyond text supervision" (RAD-DINO), Nature
Machine Intelligence 7:119, 2025.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dinoscope.evidence import BARS, TABLE, Column, Table
from dinoscope.reading.frozen import Frozen

from .. import rivals
from ..benchmark.paired import AHEAD, GUESS, ahead, multiplicity, scores, shown
from ..benchmark.probes import random_encoder
from ..benchmark.study import Report, Study, headline
from ..evidence import count, number, percent, tried
from .others import DISTILLED, STEPS, brought, distilled_encoder, supervised_encoder
from .questions import BALANCED, MEASURES, QUESTIONS, measured


def measure(study: Study) -> Report:
    """The report of encoders.json; an encoder that cannot be loaded keeps a row that says why."""
    further, asked = brought(study.others)
    others = rivals.beside(study.cache, study.encoder.device.type)
    encoders: list[Frozen] = [
        study.encoder,
        distilled_encoder(study),
        supervised_encoder(study),
        random_encoder(study.encoder, study.kept, study.seed),
    ]
    listed = [*({"encoder": e.name, "ran": "yes", "why": ""} for e in encoders), *others.tried, *asked]
    encoders += [*others.encoders, *further]
    rows = [r for e in encoders for r in measured(study, e)]
    rows = list({(r["set"], r["question"], r["method"]): r for r in rows}.values())  # what reads no feature stands once
    ours = [r["value"] for r in rows if r["question"] == "segmentation" and r["method"] == study.encoder.name]
    label = f"Mean Dice of a linear layer on frozen patch tokens, {len(ours)} sets"
    read = [e.name for e in encoders]
    differences = compared(rows, read)
    made = [summary([r for r in rows if r["method"] in read]), *tables(shown(rows), differences, study.encoder.name)]
    notes = [multiplicity(len(differences)), *NOTES]
    return Report(headline(label, round(float(np.mean(ours)), 3)), [*made, tried(listed)], notes)


NOTES = [
    "Every probe is fitted on folds 2 to 4 and measured on fold 0, its penalty chosen on fold 1; intervals from "
    "1,000 draws of whole groups. Classification, domain, sex, view and body site: balanced accuracy in percent of "
    "logistic regression. Age: share of variance explained (R2) by ridge regression; below 0 it is further off "
    "than the mean age.",
    "Segmentation: least squares on patch tokens, the map enlarged bilinearly; mean Dice of the pictures with a "
    "lesion, squashed to 64 x 64 pixels. Mean shape: the same outline for every picture. Brightest or darkest: as "
    "many pixels as lesions have on average, whichever does better on fold 1.",
    f"Beside the backbone, of its architecture: {rivals.EARLIER}, which saw a fifth of the pictures and no GPU; "
    f"{DISTILLED}, {STEPS} steps of 64 pictures; supervised, on the classes of nine sets, some of which are asked "
    "for here; random weights. EfficientNet-Lite: trained by others on ImageNet's labels; segmentation reads its "
    "maps of stride 16 and 32. No other has seen a label.",
]


def _column(name: str, measure: str, signed: bool = False) -> Column:
    """A figure in its own unit, with its interval."""
    if measure == BALANCED:
        return percent(name, "the backbone is ahead by" if signed else measure, signed=signed)
    return ahead() if signed else number(name, measure, interval=True)


def tables(rows: list[dict], differences: list[dict], ours: str) -> list[Table]:
    """For each question the encoders side by side, set by set; then by how much the backbone is ahead of each."""
    found = []
    for question, measure in QUESTIONS.items():
        mine = [{k: v for k, v in r.items() if k != "question"} for r in rows if r["question"] == question]
        columns = [Column("set"), count("pictures", "test pictures"), Column("method"), _column("value", measure)]
        chance = percent("chance", "by guessing", interval=False)
        guessed = measure == BALANCED
        mine = mine if guessed else [{k: v for k, v in r.items() if k != "chance"} for r in mine]
        title = f"{question.capitalize()} from frozen features: {measure}"
        columns += [chance] if guessed else []
        drawn: dict[str, Any] = {"of": "set", "by": ("method",), "ours": ours, "chance": "chance" if guessed else ""}
        found.append(Table(question, title, BARS, tuple(columns), mine, y="value", **drawn))
    for question, measure in QUESTIONS.items():
        mine = [{k: v for k, v in r.items() if k != "question"} for r in differences if r["question"] == question]
        columns = [Column("set"), Column("method"), _column(AHEAD, measure, signed=True)]
        title = f"{question.capitalize()}: by how much the backbone is ahead, {measure}"
        found.append(
            Table(f"{question} differences", title, BARS, tuple(columns), mine, "set", y=AHEAD, by=("method",))
        )
    return [t for t in found if t.rows]


def summary(rows: list[dict]) -> Table:
    """One table of encoders: the mean of each kind of question."""
    columns, found = [Column("method")], {r["method"]: {"method": r["method"]} for r in rows}
    for question, measure in QUESTIONS.items():
        mine = [r for r in rows if r["question"] == question]
        if not mine:
            continue
        sets = list(dict.fromkeys(r["set"] for r in mine))
        title = f"{question}, {measure}, {len(sets)} set{'s' * (len(sets) > 1)}"
        digits = 1 if measure == BALANCED else 3
        columns.append(number(question, title, "%" if measure == BALANCED else "", digits))
        for method in found:
            values = [r["value"] for r in mine if r["method"] == method]
            found[method][question] = round(float(np.mean(values)), digits) if values else None
    return Table("summary", "Every question, mean of its sets", TABLE, tuple(columns), list(found.values()))


def compared(rows: Sequence[dict], encoders: Sequence[str]) -> list[dict]:
    """A row for each question and each encoder but the first: by how much the first is better, on the same pictures."""
    ours, *others = encoders
    found = {(r["set"], r["question"], r["method"]): r for r in rows if GUESS in r}
    differences = []
    for (name, question, method), mine in found.items():
        for rival in others if method == ours else ():
            if theirs := found.get((name, question, rival)):
                gain = scores(MEASURES[QUESTIONS[question]], mine, theirs)
                differences.append({"set": name, "question": question, "method": rival} | gain)
    return differences

"""Frozen: a linear head on frozen features beside a supervised network, random weights, pixels and edges.

Source: Hussien et al., "Explainable self-supervised learning for medical image diagnosis based on DINO V2 model and
semantic search", Scientific Reports 15:32174, 2025.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.metrics import f1_score

from dinoscope import settings
from dinoscope.evidence import BARS, MATRIX, MEAN, Column, Table
from dinoscope.fitting.datasets import TEST_FOLD, VALIDATION_FOLD
from dinoscope.fitting.statistics import balanced_accuracy, calibration_error, grouped_bootstrap
from dinoscope.reading.encoder import Encoder, EncoderError
from dinoscope.reading.frozen import Frozen

from .. import rivals
from ..benchmark.baselines import OURS
from ..benchmark.paired import AHEAD, GUESS, POINTS, accuracies, multiplicity, shown
from ..benchmark.pool import Pool
from ..benchmark.probes import BASELINES, baseline, log_probabilities
from ..benchmark.study import Report, Study, headline
from ..comparison import area
from ..evidence import count, number, percent, tried

SETS = ("brain_mri", "leukemia_all", "eye_diseases", "chest_ct", "lung_histology")
OFFICIAL = ("brain_mri", "chest_ct")
"""Sets with a test split of their own."""
CLAIMED = {"brain_mri": "99", "leukemia_all": "99", "eye_diseases": "95 and 100", "chest_ct": "100"}
"""Accuracy of DINOv2 in the paper's abstract, in percent, for two retina sets and for lung cancer of no stated kind."""
HUB = (
    "facebook/dinov2-small",
    "facebook/dinov2-base",
    "facebook/dino-vits16",
    "google/vit-base-patch16-224",
    "microsoft/resnet-50",
)
"""Encoders that are tried besides; a row says where one did not run, and why."""


def measure(study: Study) -> Report:
    """The report of frozen.json."""
    pools = [study.pool(name) for name in (SETS[:1] if study.quick else SETS)]
    pools += [official(study.pool(name)) for name in (() if study.quick else OFFICIAL)]
    others = rivals.beside(study.cache, study.encoder.device.type)
    rows: list[dict] = []
    confusions: list[dict] = []
    listed: list[dict] = list(others.tried)
    for pool in pools:
        for method, depends_on, guess in methods(study, pool, others.encoders):
            key = f"{pool.name}-{method.replace(' ', '-')}".replace(",", "").lower()
            found = study.part(key, partial(_measured, pool, method, guess), depends_on, pool)
            rows += found[:1]
            confusions += found[1:] if method == OURS else []
    for name in (*(() if study.quick else HUB), *study.others):
        found, entry = hub(study, name, pools)
        rows, listed = rows + found, [*listed, entry]
    ours = [r["accuracy"] for r in rows if r["method"] == OURS and r["split"] == GROUPED]
    label = f"Mean accuracy of a linear head on the frozen backbone, {len(ours)} sets, groups kept whole"
    differences = compared(rows, pools)
    made = tables(means(rows), shown(rows), differences, confusions)
    figure = headline(label, round(float(np.mean(ours)), 1), "%")
    return Report(figure, [*made, tried(listed)], [multiplicity(len(differences)), *NOTES])


NOTES = [
    "Percent but for ROC-AUC (each class against the rest) and calibration error. Interval: 95 % of balanced accuracy "
    "from 1,000 draws of whole groups.",
    "Grouped: fold 0 of five, near-duplicates and known patients kept on one side. Official: the set's own test "
    "pictures after copies were removed; the rest fits, its fold 1 chooses.",
    "Claimed: accuracy of DINOv2 in the abstract of the paper, on its own pictures and splits, with its own "
    "backbone; not measured here.",
    "C from 0.001 to 1 chosen on fold 1 for all that is frozen. EfficientNet-Lite: trained by others on ImageNet's "
    "labels; the backbone was trained without any. Supervised from scratch: the backbone's "
    "architecture, with augmentation and balanced batches, stopped by fold 1. Small ResNet: "
    "ResNet-18 at half its width, trained so for at most twice as many steps.",
]
MEASURES = (
    percent("accuracy", interval=False),
    percent("balanced_accuracy", "balanced accuracy"),
    percent("f1", "macro F1", interval=False),
    number("area", "ROC-AUC"),
    number("error", "calibration error"),
)


def tables(means: list[dict], rows: list[dict], differences: list[dict], confusions: list[dict]) -> list[Table]:
    """The methods on the mean of the sets, set by set, their differences, and what is taken for what.

    Rows but the means carry a `split`, `GROUPED` or `OFFICIAL_SPLIT`; each has its own tables.
    """
    said = "Balanced accuracy in percent"
    columns: tuple[Column, ...] = (Column("set"), count("pictures", "test pictures"), Column("method"), *MEASURES)
    columns += (Column("claimed", "accuracy that the paper claims, %"),)
    gains = (Column("set"), Column("method"), POINTS)
    pairs = (Column("set"), Column("is"), Column("called"), count("pictures"))
    found = [
        Table(
            "means",
            f"{said}, mean of the sets, groups kept whole",
            BARS,
            (Column("method"), *MEASURES),
            means,
            y="balanced_accuracy",
            by=("method",),
            ours=OURS,
        )
    ]
    for split, name, where in (
        (GROUPED, "", "groups kept whole"),
        (OFFICIAL_SPLIT, "official ", "the sets' own split"),
    ):

        def of(some: list[dict], split: str = split) -> list[dict]:
            return [{k: v for k, v in r.items() if k != "split"} for r in some if r["split"] == split]

        title = f"{said}, {where}"
        drawn: dict[str, Any] = {"of": "set", "by": ("method",)}
        found.append(Table(f"{name}sets", title, BARS, columns, of(rows), y="balanced_accuracy", ours=OURS, **drawn))
        title = f"By how many percent points the backbone is ahead, {where}"
        found.append(Table(f"{name}differences", title, BARS, gains, of(differences), y=AHEAD, **drawn))
        title = f"What the pictures are, down, and what the linear head called them, across; {where}"
        found.append(Table(f"{name}confusion", title, MATRIX, pairs, of(confusions), "set", x="called", y="is"))
    return found


def compared(rows: Sequence[dict], pools: Sequence[Pool]) -> list[dict]:
    """By how much the backbone's balanced accuracy is above each other method's: over the grouped sets, and in each."""
    guessed = {(r["set"], r["split"], r["method"]): r[GUESS] for r in rows if GUESS in r}
    parts = {(p.name.partition(", ")[0], p.name.partition(", ")[2] or GROUPED): p for p in pools}
    found = []
    for rival in dict.fromkeys(m for *_, m in guessed if m != OURS):
        together = [at for at in parts if at[1] == GROUPED and (*at, rival) in guessed]
        each = [[at] for at in parts if (*at, rival) in guessed]
        for some in [together, *each] if len(together) > 1 else each:
            mine = [parts[at] for at in some]
            difference = accuracies(
                [p.truth[p.test] for p in mine],
                [p.groups[p.test] for p in mine],
                [[guessed[at[0], at[1], OURS]] for at in some],
                [[guessed[at[0], at[1], rival]] for at in some],
            )
            name = MEAN if len(some) > 1 else some[0][0]
            found.append({"set": name, "split": some[0][1], "method": rival} | difference)
    return found


def means(rows: Sequence[dict]) -> list[dict]:
    """A row for each method that was measured on every set: the mean of what has a unit, over the grouped splits."""
    grouped = [r for r in rows if r["split"] == GROUPED]
    sets = {r["set"] for r in grouped}
    found = []
    for method in dict.fromkeys(r["method"] for r in grouped):
        mine = [r for r in grouped if r["method"] == method]
        if {r["set"] for r in mine} == sets:
            mean = {k: round(float(np.mean([r[k] for r in mine])), digits) for k, digits in MEANT.items()}
            found.append({"method": method} | mean)
    return found


GROUPED, OFFICIAL_SPLIT = "grouped", "official"
MEANT = {"accuracy": 1, "balanced_accuracy": 1, "f1": 1, "area": 3, "error": 3}
"""What is averaged over the sets, and its digits."""


def official(pool: Pool) -> Pool:
    """The set with its own test split as fold 0."""
    fold = [TEST_FOLD if s.official == "test" else VALIDATION_FOLD if s.fold == 1 else 2 for s in pool.samples]
    return replace(pool, name=f"{pool.name}, official", fold=np.array(fold))


Guess = Callable[[], np.ndarray]
"""() -> logits [M, C] of the pictures of fold 0."""


def methods(study: Study, pool: Pool, others: Sequence[Frozen] = ()) -> list[tuple[str, str, Guess]]:
    """Name, what it depends on, and how it guesses."""
    plain = replace(pool, name=pool.name.partition(",")[0])

    def ours() -> np.ndarray:
        return log_probabilities(study.pooled(plain), pool.truth, pool.fold)

    def theirs(rival: Frozen) -> np.ndarray:
        return log_probabilities(study.pooled(plain, rival), pool.truth, pool.fold)

    return [
        (OURS, "", ours),
        *((f"{r.name}, linear", r.fingerprint, partial(theirs, r)) for r in others),
        *((method, study.shape, partial(baseline, method, pool, study)) for method in BASELINES),
    ]


def hub(study: Study, name: str, pools: list[Pool]) -> tuple[list[dict], dict]:
    """A linear head on another encoder's frozen features; no rows and the reason where it cannot be loaded."""
    chosen = settings.load()
    try:
        encoder = Encoder.load(name, chosen.assets / "backbone", chosen.device)
    except EncoderError as fault:
        return [], {"encoder": name, "ran": "no", "why": str(fault)}
    rows = []
    for pool in pools:
        features = study.pooled(replace(pool, name=pool.name.partition(",")[0]), encoder)
        logits = log_probabilities(features, pool.truth, pool.fold)
        rows += scored(pool, name, logits)[:1]
    return rows, {"encoder": name, "ran": "yes", "why": ""}


def _measured(pool: Pool, method: str, guess: Guess) -> list[dict]:
    return scored(pool, method, guess())


def scored(pool: Pool, method: str, logits: np.ndarray) -> list[dict]:
    """One row of scores, then the confusion matrix as a row for each pair of classes."""
    truth, probabilities = pool.truth[pool.test], softmax(logits.astype(np.float64), axis=1)
    guess = probabilities.argmax(1)
    right = grouped_bootstrap(lambda i: balanced_accuracy(truth[i], guess[i]), pool.groups[pool.test])
    name, _, split = pool.name.partition(", ")
    areas = [area(truth == k, probabilities[:, k]) for k in np.unique(truth)]
    row = {
        "set": name,
        "split": split or GROUPED,
        "method": method,
        "pictures": len(truth),
        "accuracy": _percent(float((guess == truth).mean())),
        "balanced_accuracy": _percent(right.value),
        "balanced_accuracy_low": _percent(right.low),
        "balanced_accuracy_high": _percent(right.high),
        "f1": _percent(f1_score(truth, guess, average="macro")),
        "area": round(float(np.mean(areas)), 3),
        "error": round(calibration_error(probabilities, truth), 3),
        "claimed": CLAIMED.get(name) if method in (OURS, *HUB) else None,
        GUESS: guess.tolist(),
    }
    pairs = [
        {"set": name, "split": split or GROUPED, "is": is_, "called": called}
        | {"pictures": int(((truth == i) & (guess == j)).sum())}
        for i, is_ in enumerate(pool.classes)
        for j, called in enumerate(pool.classes)
    ]
    return [row, *pairs]


def _percent(share: float) -> float:
    return round(100 * float(share), 1)

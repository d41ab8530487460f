"""Questions that are put to each encoder of `encoders`: its probes, a row for each set."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from dinoscope.fitting.statistics import Interval, balanced_accuracy, grouped_bootstrap
from dinoscope.reading.frozen import Frozen

from ..benchmark import segmentation
from ..benchmark.paired import told
from ..benchmark.pool import Pool
from ..benchmark.probes import linear
from ..benchmark.study import Study

CLASSIFIED = ("brain_mri", "leukemia_all", "eye_diseases", "chest_ct", "pneumonia_cxr", "ham10000", "busi")
SEGMENTED = ("lgg_mri", "busi", "ham10000", "polyp_kvasirseg")
METADATA = (
    ("odir", "age"),
    ("ham10000", "age"),
    ("covid_cxr_boxes", "age"),
    ("odir", "sex"),
    ("ham10000", "sex"),
    ("covid_cxr_boxes", "sex"),
    ("covid_cxr_boxes", "view"),
    ("ham10000", "localization"),
)
DOMAINS = (
    "blood_cells_pbc",
    "wbc_masks",
    "leukemia_all",
    "brain_mri",
    "lgg_mri",
    "chest_ct",
    "lung_ct_iqothnccd",
    "eye_diseases",
    "pneumonia_cxr",
    "covid_cxr",
    "ham10000",
    "ph2",
    "busi",
    "lung_histology",
    "polyp_kvasirseg",
)
"""Sets without a copy in another: odir and covid_cxr_boxes share photographs with two of these."""
QUICK_METADATA, QUICK_DOMAINS = (("covid_cxr_boxes", "age"),), ("brain_mri", "lgg_mri")
"""Those of a quick run: of small sets, or of sets that it has read for its other questions."""
PENALTIES = np.logspace(1, 6, 11)
"""Candidates for that of ridge regression."""
FEWEST = 10
"""Training pictures that a value of the metadata needs to be guessed."""
BALANCED, R2, DICE = "balanced accuracy", "R2", "Dice"
QUESTIONS = {
    "classification": BALANCED,
    "segmentation": DICE,
    "age": R2,
    "sex": BALANCED,
    "view": BALANCED,
    "body site": BALANCED,
    "domain": BALANCED,
}
"""What is asked of the features -> the measure of the answer."""


def _mean_dice(_: np.ndarray, dice: np.ndarray) -> float:
    return float(dice.mean())


def _percent(truth: np.ndarray, guess: np.ndarray) -> float:
    return 100 * balanced_accuracy(truth, guess)


MEASURES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {BALANCED: _percent, R2: r2_score, DICE: _mean_dice}
"""What a row's figure is -> how it is made of truth and guess."""


def measured(study: Study, encoder: Frozen) -> list[dict]:
    """Every probe's rows for one encoder."""
    most = 1 if study.quick else None

    def part(key: str, ask: Callable[..., list[dict]], of: Pool, *arguments: object) -> list[dict]:
        key = f"{encoder.name}: {key}"
        return study.part(key, partial(ask, study, encoder, of, *arguments), encoder.fingerprint, of)

    rows = []
    for name in CLASSIFIED[:most]:
        rows += part(f"classify {name}", classification, study.pool(name))
    for name in SEGMENTED[:most]:
        rows += part(f"segment {name}", segmented, study.pool(name))
    for name, column in QUICK_METADATA if study.quick else METADATA:
        rows += part(f"{column} of {name}", known_from, study.pool(name), column)
    several = [study.pool(name) for name in (QUICK_DOMAINS if study.quick else DOMAINS)]
    key = f"{encoder.name}: domain"
    return rows + study.part(key, partial(domain, study, encoder, several), encoder.fingerprint)


def classification(study: Study, encoder: Frozen, pool: Pool) -> list[dict]:
    """A set's own classes."""
    guess = linear(study.pooled(pool, encoder), pool.truth, pool.fold)
    return [_right(encoder, "classification", pool.name, pool.groups[pool.test], pool.truth[pool.test], guess)]


def domain(study: Study, encoder: Frozen, pools: list[Pool]) -> list[dict]:
    """Which of the sets a picture is from."""
    features = np.concatenate([study.pooled(p, encoder) for p in pools])
    truth = np.repeat(np.arange(len(pools)), [len(p.samples) for p in pools])
    fold = np.concatenate([p.fold for p in pools])
    groups = np.concatenate([np.char.add(f"{p.name} ", p.groups.astype(str)) for p in pools])
    guess = linear(features, truth, fold)
    return [_right(encoder, "domain", f"{len(pools)} sets", groups[fold == 0], truth[fold == 0], guess)]


def known_from(study: Study, encoder: Frozen, pool: Pool, column: str) -> list[dict]:
    """A row for age, sex, view or body site, of the pictures whose metadata tell it; none without two values."""
    text = np.array([s.metadata.get(column, "").strip().lower() for s in pool.samples])
    features = study.pooled(pool, encoder)
    if column == "age":
        years = np.array([_number(t) for t in text])
        at = np.isfinite(years)
        guess = _ridge(features[at], years[at], pool.fold[at])
        test = at & pool.test
        found = grouped_bootstrap(lambda i: r2_score(years[test][i], guess[i]), pool.groups[test])
        row = _row(encoder, "age", pool.name, len(guess), found, 0.0)
        return [row | told(years[test], guess, pool.groups[test])]
    values, counts = np.unique(text[pool.known], return_counts=True)
    fewest = 2 if study.quick else FEWEST
    kept = [v for v, n in zip(values, counts, strict=True) if v not in ("", "unknown") and n >= fewest]
    if len(kept) < 2:
        return []
    at = np.isin(text, kept)
    truth = np.array([kept.index(t) for t in text[at]], dtype=int)
    guess = linear(features[at], truth, pool.fold[at])
    test = pool.fold[at] == 0
    question = {"localization": "body site"}.get(column, column)
    return [_right(encoder, question, pool.name, pool.groups[at][test], truth[test], guess)]


def segmented(study: Study, encoder: Frozen, pool: Pool) -> list[dict]:
    """Dice of the linear layer and of two baselines, on the pictures that have a lesion."""
    folder = study.images / pool.name / "masks"
    masks = [folder / f"{s.id}.png" for s in pool.samples]
    have = np.array([m.is_file() and _drawn(m) for m in masks])

    def read(part: np.ndarray) -> segmentation.Tokens:
        at = np.flatnonzero(have & part)
        return segmentation.read(encoder, [pool.files[i] for i in at], [masks[i] for i in at])

    known, held, test = read(pool.known), read(pool.held), read(pool.test)
    weight, mean, cut = segmentation.fit(known, held)
    share = float(known.masks.mean())

    def extreme(part: np.ndarray, bright: bool) -> np.ndarray:
        return segmentation.brightest([pool.files[i] for i in np.flatnonzero(have & part)], bright, share)

    bright = max((True, False), key=lambda b: segmentation.dice(extreme(pool.held, b), held.masks).mean())
    called = {
        encoder.name: segmentation.enlarged(test, weight, mean) > cut,
        "mean shape": segmentation.mean_shape(known, held, len(test.masks)),
        "brightest pixels" if bright else "darkest pixels": extreme(pool.test, bright),
    }
    groups = pool.groups[have & pool.test]
    rows = []
    for method, shape in called.items():
        each = segmentation.dice(shape, test.masks)
        found = grouped_bootstrap(partial(_mean_of, each), groups)
        rows.append(_row(encoder, "segmentation", pool.name, len(each), found, 0.0) | {"method": method})
        rows[-1] |= told(np.zeros(len(each)), np.round(each, 5), groups)
    return rows


def _mean_of(values: np.ndarray, drawn: np.ndarray) -> float:
    return float(values[drawn].mean())


def _ridge(features: np.ndarray, wanted: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Ridge regression on folds 2 to 4, its penalty by fold 1; guesses on fold 0.

    Not by leave-one-out: the other eye of the same patient would stay, and a penalty too small would look best.
    """
    known, held = fold > 1, fold == 1
    x = StandardScaler().fit(features[known]).transform(features)
    with threadpool_limits(1):
        models = [Ridge(alpha=a).fit(x[known], wanted[known]) for a in PENALTIES]
        best = max(models, key=lambda m: r2_score(wanted[held], m.predict(x[held])))
        return best.predict(x[fold == 0])


def _right(encoder: Frozen, question: str, name: str, groups: np.ndarray, truth: np.ndarray, guess: np.ndarray) -> dict:
    found = grouped_bootstrap(lambda i: balanced_accuracy(truth[i], guess[i]), groups)
    found = Interval(100 * found.value, 100 * found.low, 100 * found.high)
    row = _row(encoder, question, name, len(guess), found, 100 / len(np.unique(truth)))
    return row | told(truth, guess, groups)


def _row(encoder: Frozen, question: str, name: str, count: int, found: Interval, chance: float) -> dict:
    figures = found.json(1 if QUESTIONS[question] == BALANCED else 3)
    ends = {"value": figures["value"], "value_low": figures["low"], "value_high": figures["high"]}
    facts = {"set": name, "question": question, "method": encoder.name, "pictures": count}
    return facts | ends | {"chance": round(chance, 1)}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _drawn(mask: Path) -> bool:
    """Whether a mask has a lesion in it."""
    return bool((np.asarray(Image.open(mask).convert("L")) > 127).any())

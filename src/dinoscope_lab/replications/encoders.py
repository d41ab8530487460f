"""Encoders: the same probes for every encoder - what it is, where it is, who it is of, and which set it is from.

Source: Perez-Garcia et al., "Exploring scalable medical image encoders beyond text supervision" (RAD-DINO), Nature
Machine Intelligence 7:119, 2025.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from dinoscope.evidence import BARS, TABLE, Column, Table
from dinoscope.fitting.statistics import Interval, balanced_accuracy, grouped_bootstrap
from dinoscope.reading.frozen import Frozen

from .. import rivals
from ..benchmark import segmentation
from ..benchmark.paired import AHEAD, GUESS, ahead, multiplicity, scores, shown, told
from ..benchmark.pool import Pool
from ..benchmark.probes import linear, random_encoder
from ..benchmark.study import Report, Study, headline
from ..evidence import count, number, percent, tried
from .others import DISTILLED, STEPS, brought, distilled_encoder, supervised_encoder

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

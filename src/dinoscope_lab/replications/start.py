"""Start: does a self-supervised start serve chest radiographs and retinas better than a supervised or a random one?

Source: Tayebi Arasteh et al., "Enhancing diagnostic deep learning via self-supervised pretraining on large-scale,
unlabeled non-medical images", European Radiology Experimental 8:10, 2024.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from dinoscope.evidence import BARS, TABLE, Column, Table
from dinoscope.fitting.statistics import group_draws
from dinoscope.reading.efficientnet import EfficientNet
from dinoscope.reading.encoder import Encoder

from .. import rivals
from ..benchmark import baselines, supervised
from ..benchmark.paired import AHEAD, ahead
from ..benchmark.paired import difference as gain
from ..benchmark.pool import Pool
from ..benchmark.probes import STRENGTHS, random_encoder
from ..benchmark.study import Report, Study, headline
from ..comparison import area, delong_p, drawn_area, holm, paired_p
from ..evidence import count, number, tried
from .others import SUPERVISED, supervised_encoder

FINDINGS = {
    "odir": ("normal", "diabetic_retinopathy", "glaucoma", "cataract", "amd", "hypertension", "myopia", "other"),
    "covid_cxr_boxes": ("covid19", "bacterial", "ards", "sars", "pneumocystis", "no_finding", "pneumonia_unspecified"),
    "pneumonia_cxr": (),
    "covid_cxr": (),
}
"""Sets and their findings; without any, each class stands against the rest."""
FEWEST = 5
"""Patients among the test pictures with a finding, and without it, that its area needs: fewer have no interval."""
OURS, RANDOM = "self-supervised", "random"
FROZEN, TUNED = "frozen", "fine-tuned"
RATES = (1e-4, 3e-4)
"""Learning rates of fine-tuning: the first for learned starts; a random one, which needs more, takes its better one."""
DRAWS = 100_000
"""So that a p-value can be small enough to outlive its correction for all comparisons, of which there are over 100."""


def measure(study: Study) -> Report:
    """The report of start.json."""
    others = rivals.beside(study.cache, study.encoder.device.type)
    starts = encoders(study, others.encoders)
    rows: list[dict] = []
    for name, findings in list(FINDINGS.items())[-1 if study.quick else 0 :]:
        pool, truth = asked(study.pool(name), findings)
        for way in (FROZEN, TUNED):
            scores = {s: scored(study, pool, truth, s, e, way) for s, e in starts.items()}
            rows += compared(pool, truth, findings or tuple(pool.classes), scores, way, 1 if study.quick else FEWEST)
    corrected = holm([r["p"] for r in rows])
    for row, holms in zip(rows, corrected, strict=True):
        row["holm"] = round(holms, 4)
        row["p"], row["delong"] = round(row["p"], 4), round(row["delong"], 4)
    rival = rivals.IMAGENET if rivals.IMAGENET in starts else SUPERVISED
    better = [r["ahead"] for r in rows if r["way"] == FROZEN and r["against"] == rival]
    label = (
        f"ROC-AUC by which the self-supervised start is above the supervised one ({rival}), frozen, mean of "
        f"{len(better)} findings"
    )
    figure = headline(label, round(float(np.mean(better)), 3))
    notes = [
        f"ROC-AUC of each finding on fold 0; intervals and p-values from {DRAWS:,} draws of whole patients, the same "
        f"draws for every start, whose training has one seed. Holm corrects for all {len(rows)} comparisons of this "
        "file; DeLong's p takes pictures of one patient for independent, and stands beside for comparison. "
        f"Findings of fewer than {FEWEST} patients among the test pictures are left out.",
        "Supervised start: the same architecture, trained from scratch on the classes of nine other data sets (folds 2 "
        "to 4). EfficientNet-Lite: trained by others on ImageNet's labels, as the paper's supervised start was. "
        "Self-supervised start: the bundled backbone, which has seen training pictures of these kinds without labels.",
        "Frozen: logistic regression on pooled features, C by fold 1. Fine-tuned: all weights, at 112 px, stopped by "
        f"fold 1, at a learning rate of {RATES[0]:g}; the random start at that or {RATES[1]:g}, whichever does better "
        "on fold 1.",
    ]
    return Report(figure, [*tables(summary(rows), rows), tried(others.tried)], notes)


def tables(summary: list[dict], rows: list[dict]) -> list[Table]:
    """How often and by how much the self-supervised start is ahead; then finding by finding, for each way of use."""
    overall = (
        Column("way"),
        Column("against", "self-supervised against"),
        count("findings"),
        number("mean", "mean difference in ROC-AUC", signed=True),
        count("leads", "ahead"),
        count("surely", "significantly ahead"),
        count("behind", "significantly behind"),
    )
    columns = (
        Column("set"),
        Column("finding"),
        count("present", "pictures with it"),
        number("area", "ROC-AUC", interval=True),
        Column("against"),
        number("its", "its ROC-AUC"),
        ahead("the self-supervised start is ahead by"),
        number("p", digits=4),
        number("delong", "p, DeLong", digits=4),
        number("holm", "p, Holm", digits=4),
    )
    found = [Table("summary", "Self-supervised starts against others", TABLE, overall, summary)]
    for way in (FROZEN, TUNED):
        mine = [{k: v for k, v in r.items() if k != "way"} for r in rows if r["way"] == way]
        title = f"By how much ROC-AUC is higher from a self-supervised start, {way}"
        found.append(Table(way, title, BARS, columns, mine, "set", y=AHEAD, by=("finding", "against")))
    return found


def summary(rows: list[dict]) -> list[dict]:
    """A row for each way and each other start: how often the self-supervised one is ahead, and by how much."""
    found = []
    for way, other in dict.fromkeys((r["way"], r["against"]) for r in rows):
        mine = [r for r in rows if (r["way"], r["against"]) == (way, other)]
        found.append(
            {
                "way": way,
                "against": other,
                "findings": len(mine),
                "mean": round(float(np.mean([r["ahead"] for r in mine])), 3),
                "leads": sum(r["ahead"] > 0 for r in mine),
                "surely": sum(r["ahead"] > 0 and r["holm"] < 0.05 for r in mine),
                "behind": sum(r["ahead"] < 0 and r["holm"] < 0.05 for r in mine),
            }
        )
    return found


def encoders(study: Study, others: Sequence[Encoder | EfficientNet] = ()) -> dict[str, Encoder | EfficientNet]:
    """The starts: self-supervised, supervised on other medical sets, on ImageNet by others, the earlier one, random."""
    return {
        OURS: study.encoder,
        SUPERVISED: supervised_encoder(study),
        **{rival.name: rival for rival in others},
        RANDOM: random_encoder(study.encoder, study.kept, study.seed),
    }


def asked(pool: Pool, findings: tuple[str, ...]) -> tuple[Pool, np.ndarray]:
    """The pool and [N, C] bool: its findings, or its classes one against the rest."""
    return pool, pool.findings(findings) if findings else np.eye(len(pool.classes), dtype=bool)[pool.truth]


def scored(
    study: Study, pool: Pool, truth: np.ndarray, start: str, encoder: Encoder | EfficientNet, way: str
) -> np.ndarray:
    """Scores [M, C] of fold 0; kept once they are there."""

    def found() -> list[dict]:
        if way == FROZEN:
            return _rows(frozen(study.pooled(pool, encoder), truth, pool))
        return _rows(tuned(study, pool, truth, encoder, RATES if start == RANDOM else RATES[:1]))

    rows = study.part(f"{pool.name}: {start}, {way}", found, encoder.fingerprint, pool)
    return np.array([r["scores"] for r in rows])


def _rows(scores: np.ndarray) -> list[dict]:
    return [{"scores": [round(float(s), 6) for s in row]} for row in scores]


def frozen(features: np.ndarray, truth: np.ndarray, pool: Pool) -> np.ndarray:
    """A logistic regression for each finding, C chosen on fold 1 by the mean area."""
    x = StandardScaler().fit(features[pool.known]).transform(features)
    best, found = -1.0, np.zeros(0)
    with threadpool_limits(1):
        for strength in STRENGTHS:
            scores = np.zeros((len(x), truth.shape[1]))
            for k in range(truth.shape[1]):
                if len(np.unique(truth[pool.known, k])) > 1:
                    model = LogisticRegression(C=strength, max_iter=500).fit(x[pool.known], truth[pool.known, k])
                    scores[:, k] = model.decision_function(x)
            value = _mean_area(truth[pool.held], scores[pool.held])
            if value > best:
                best, found = value, scores[pool.test]
    return found


def tuned(
    study: Study, pool: Pool, truth: np.ndarray, encoder: Encoder | EfficientNet, rates: tuple[float, ...] = RATES
) -> np.ndarray:
    """All weights trained further on this set, at the learning rate that does best on fold 1."""
    pictures = baselines.squashed(pool.files, 144)
    labels = truth if truth.sum(1).max() > 1 or (truth.sum(1) == 0).any() else truth.argmax(1)
    _, model = supervised.train_at_best_rate(
        supervised.begun_with(encoder),
        pictures[pool.known],
        labels[pool.known],
        (pictures[pool.held], labels[pool.held]),
        rates,
        steps=4 if study.quick else 320,
        every=2 if study.quick else 40,
        seed=study.seed,
    )
    return supervised.logits_of(model, pictures[pool.test])


def compared(
    pool: Pool,
    truth: np.ndarray,
    findings: tuple[str, ...],
    scores: dict[str, np.ndarray],
    way: str,
    fewest: int = FEWEST,
) -> list[dict]:
    """A row for each finding of at least `fewest` patients, and each start it is held against."""
    groups = pool.groups[pool.test]
    times = group_draws(groups, DRAWS)
    rows = []
    for k, finding in enumerate(findings):
        present = truth[pool.test, k]
        if min(len(np.unique(groups[present])), len(np.unique(groups[~present]))) < fewest:
            continue
        ours = scores[OURS][:, k]
        drawn = drawn_area(times, present, ours)
        for other in (s for s in scores if s != OURS):
            theirs = scores[other][:, k]
            difference = drawn - drawn_area(times, present, theirs)
            low, high = np.nanpercentile(drawn, [2.5, 97.5])
            below, above = np.nanpercentile(difference, [2.5, 97.5])
            rows.append(
                {
                    "set": pool.name,
                    "finding": finding,
                    "present": int(present.sum()),
                    "way": way,
                    "area": round(area(present, ours), 3),
                    "area_low": round(float(low), 3),
                    "area_high": round(float(high), 3),
                    "against": other,
                    "its": round(area(present, theirs), 3),
                    **gain(area(present, ours) - area(present, theirs), float(below), float(above)),
                    "p": paired_p(difference),
                    "delong": delong_p(present, ours, theirs),
                }
            )
    return rows


def _mean_area(truth: np.ndarray, scores: np.ndarray) -> float:
    columns = [k for k in range(truth.shape[1]) if 0 < truth[:, k].sum() < len(truth)]
    return float(np.mean([area(truth[:, k], scores[:, k]) for k in columns])) if columns else 0.0

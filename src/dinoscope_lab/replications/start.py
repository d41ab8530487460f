"""Start: does a self-supervised start serve chest radiographs and retinas better than a supervised or a random one?

Source: Tayebi Arasteh et al., "Enhancing diagnostic deep learning via self-supervised pretraining on large-scale,
unlabeled non-medical images", European Radiology Experimental 8:10, 2024.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from dinoscope.fitting.statistics import group_draws
from dinoscope.reading.efficientnet import EfficientNet
from dinoscope.reading.encoder import Encoder

from .. import rivals
from ..benchmark import baselines, supervised
from ..benchmark.probes import STRENGTHS, random_encoder
from ..benchmark.study import Pool, Study
from ..comparison import area, delong_p, drawn_area, holm, paired_p
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
DRAWS = 10_000
"""So that a p-value can be small enough to outlive its correction for all comparisons."""


def run(arguments: argparse.Namespace) -> None:
    """Measure and write start.json."""
    study = Study.of(arguments)
    networks = rivals.installed(device=study.encoder.device.type)
    starts = encoders(study, networks.encoders)
    rows: list[dict] = []
    for name, findings in list(FINDINGS.items())[: 1 if study.quick else None]:
        pool, truth = asked(study.pool(name), findings)
        for way in (FROZEN, TUNED):
            scores = {s: scored(study, pool, truth, s, e, way) for s, e in starts.items()}
            rows += compared(pool, truth, findings or tuple(pool.classes), scores, way)
    corrected = holm([r["p"] for r in rows if "p" in r])
    for row in rows:
        row["p, Holm"] = round(corrected.pop(0), 4)
        row["p"], row["p, DeLong"] = round(row["p"], 4), round(row["p, DeLong"], 4)
    rival = rivals.IMAGENET if rivals.IMAGENET in starts else SUPERVISED
    frozen = [r for r in rows if r["way"] == FROZEN and r["against"] == rival]
    better = [r["difference"] for r in frozen]
    headline = {
        "label": f"ROC-AUC by which the self-supervised start is above the supervised one ({rival}), frozen, mean of "
        f"{len(better)} findings",
        "value": round(float(np.mean(better)), 3),
        "low": None,
        "high": None,
        "unit": "",
    }
    notes = [
        f"ROC-AUC of each finding on fold 0; intervals and p-values from {DRAWS:,} draws of whole patients, the same "
        f"draws for every start, whose training has one seed. Holm corrects for all {len(rows)} comparisons of this "
        "table; DeLong's p takes pictures of one patient for independent, and stands beside for comparison. "
        f"Findings of fewer than {FEWEST} patients among the test pictures are left out.",
        "Supervised start: the same architecture, trained from scratch on the classes of nine other data sets (folds 2 "
        "to 4). EfficientNet-Lite: trained by others on ImageNet's labels, as the paper's supervised start was. "
        "Self-supervised start: the bundled backbone, which has seen training pictures of these kinds without labels.",
        "Frozen: logistic regression on pooled features, C by fold 1. Fine-tuned: all weights, at 112 px, stopped by "
        f"fold 1, at a learning rate of {RATES[0]:g}; the random start at that or {RATES[1]:g}, whichever does better "
        "on fold 1.",
    ]
    study.write(headline, [*summary(rows), *rows, *networks.tried], notes)


def summary(rows: list[dict]) -> list[dict]:
    """A row for each way and each other start: how often the self-supervised one is ahead, and by how much."""
    found = []
    for way, other in dict.fromkeys((r["way"], r["against"]) for r in rows):
        mine = [r for r in rows if (r["way"], r["against"]) == (way, other)]
        found.append(
            {
                "way": way,
                "self-supervised against": other,
                "findings": len(mine),
                "mean difference in ROC-AUC": round(float(np.mean([r["difference"] for r in mine])), 3),
                "ahead": sum(r["difference"] > 0 for r in mine),
                "significantly ahead": sum(r["difference"] > 0 and r["p, Holm"] < 0.05 for r in mine),
                "significantly behind": sum(r["difference"] < 0 and r["p, Holm"] < 0.05 for r in mine),
            }
        )
    return found


def encoders(study: Study, others: Sequence[EfficientNet] = ()) -> dict[str, Encoder | EfficientNet]:
    """The starts: self-supervised, supervised on other medical sets, on ImageNet by others, random."""
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
    path = study.kept / f"{pool.name}-{start}-{way}-{study.seed}-{encoder.fingerprint[:16]}.safetensors"
    if not path.is_file():
        found = (
            frozen(study.pooled(pool, encoder), truth, pool)
            if way == FROZEN
            else tuned(study, pool, truth, encoder, RATES if start == RANDOM else RATES[:1])
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({"scores": np.ascontiguousarray(found, np.float32)}, path)
        print(f"{pool.name}: {start}, {way}", flush=True)
    return load_file(path)["scores"]


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
    pool: Pool, truth: np.ndarray, findings: tuple[str, ...], scores: dict[str, np.ndarray], way: str
) -> list[dict]:
    """A row for each finding of enough patients, and each start that the self-supervised one is held against."""
    groups = pool.groups[pool.test]
    times = group_draws(groups, DRAWS)
    rows = []
    for k, finding in enumerate(findings):
        present = truth[pool.test, k]
        if min(len(np.unique(groups[present])), len(np.unique(groups[~present]))) < FEWEST:
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
                    "ROC-AUC": round(area(present, ours), 3),
                    "low": round(float(low), 3),
                    "high": round(float(high), 3),
                    "against": other,
                    "its ROC-AUC": round(area(present, theirs), 3),
                    "difference": round(area(present, ours) - area(present, theirs), 3),
                    "from": round(float(below), 3),
                    "to": round(float(above), 3),
                    "p": paired_p(difference),
                    "p, DeLong": delong_p(present, ours, theirs),
                }
            )
    return rows


def _mean_area(truth: np.ndarray, scores: np.ndarray) -> float:
    columns = [k for k in range(truth.shape[1]) if 0 < truth[:, k].sum() < len(truth)]
    return float(np.mean([area(truth[:, k], scores[:, k]) for k in columns])) if columns else 0.0

"""Fusion: do several encoders joined by self-attention beat the best single one, the more so with few labels?

Source: Truong et al., "How transferable are self-supervised features in medical image classification tasks?" (DVME),
ML4H 2021, PMLR 158.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.special import log_softmax, softmax

from dinoscope.evidence import BARS, CURVES, MEAN, Column, Table
from dinoscope.fitting.statistics import grouped_bootstrap
from dinoscope.reading.frozen import Frozen

from .. import fusion, rivals
from ..benchmark.few_labels import logistic, set_aside, standardise
from ..benchmark.paired import AHEAD, ahead, difference, multiplicity
from ..benchmark.pool import Pool
from ..benchmark.probes import log_probabilities, random_encoder
from ..benchmark.study import Report, Study, headline
from ..comparison import area
from ..evidence import count, number, tried
from .others import brought

SETS = ("eye_diseases", "odir", "pneumonia_cxr", "covid_cxr", "ph2")
"""Sets of whose labels no encoder has seen any; of odir the first finding counts."""
SHARES = (0.01, 0.1, 1.0)
"""Of the labels of folds 2 to 4; at least two pictures a class, so that one can fit and one choose."""
DRAWS = 5
"""Of those labels, where they are not all of them."""
BEST, JOINED, AVERAGED, ATTENDED = "best single encoder", "concatenation", "average of probabilities", "self-attention"


def measure(study: Study) -> Report:
    """The report of fusion.json."""
    encoders, listed = several(study)
    depends_on = "".join(e.fingerprint[:8] for e in encoders.values())
    rows: list[dict] = []
    for name in SETS[:1] if study.quick else SETS:
        pool = study.pool(name)
        for share in SHARES:
            part = partial(_of_share, study, pool, encoders, share)
            rows += study.part(f"{name}-{share:g}", part, depends_on, pool)
    gains, rows = [r for r in rows if AHEAD in r], [r for r in rows if AHEAD not in r]
    wins = sum(_won(rows, name, share) for name in dict.fromkeys(r["set"] for r in rows) for share in SHARES)
    of = len({(r["set"], r["share"]) for r in rows})
    label = f"Comparisons of {of} in which self-attention over {len(encoders)} encoders has the highest kappa"
    notes = [
        multiplicity(len(gains)),
        f"Encoders: {', '.join(encoders)}; EfficientNet-Lite was trained by others on ImageNet's labels. Cohen's kappa "
        "(unweighted) and ROC-AUC of each class against the rest, on fold 0; intervals from 1,000 draws of whole "
        "groups of the test pictures.",
        f"Labels: a share of each class of folds 2 to 4, at least two pictures; below 100 % the mean of {DRAWS} draws. "
        "A fourth of them, patients kept whole where a class has several, chooses C, the learning rate, when to stop, "
        "and which single encoder is best; no other label is used but to measure, and none of these sets' labels "
        "trained an encoder.",
        "Features are standardised by all training pictures, without their labels.",
    ]
    return Report(headline(label, wins), [*tables([*means(rows), *rows], gains), tried(listed)], notes)


def tables(rows: list[dict], gains: list[dict]) -> list[Table]:
    """Kappa by the share of the labels, and by how much self-attention is ahead of each other method."""
    place, share = Column("set"), number("share", "of the labels", "%", 0)
    columns: tuple[Column, ...] = (
        place,
        share,
        count("labels"),
        Column("method"),
        number("value", "kappa", interval=True),
    )
    columns += (number("area", "ROC-AUC"),)
    ahead_by = (place, share, Column("method"), ahead("self-attention is ahead by", "kappa"))
    title = "Cohen's kappa by the share of the labels"
    drawn = Table("kappa", title, CURVES, columns, rows, "set", "share", "value", ("method",), logarithmic=True)
    title = "By how much kappa of self-attention is higher, on the same drawn pictures and labels"
    return [drawn, Table("gains", title, BARS, ahead_by, gains, "set", y=AHEAD, by=("method", "share"))]


def means(rows: list[dict]) -> list[dict]:
    """The mean over the sets for each method and share of the labels."""
    found = []
    for method, share in dict.fromkeys((r["method"], r["share"]) for r in rows):
        mine = [r["value"] for r in rows if (r["method"], r["share"]) == (method, share)]
        found.append({"set": MEAN, "method": method, "share": share, "value": round(float(np.mean(mine)), 3)})
    return found


def several(study: Study) -> tuple[dict[str, Frozen], list[dict]]:
    """Encoders that differ: the backbone, the one before it, ImageNet networks, random weights; and those that are
    named on the command line. A row says which could not be had, and why."""
    further, asked = brought(study.others)
    others = rivals.beside(study.cache, study.encoder.device.type)
    random = random_encoder(study.encoder, study.kept, study.seed)
    found: list[Frozen] = [study.encoder, *others.encoders, random, *further]
    return {e.name: e for e in found}, [*others.tried, *asked]


def _of_share(study: Study, pool: Pool, encoders: dict[str, Frozen], share: float) -> list[dict]:
    return compared(
        study, pool, {n: standardise(study.pooled(pool, e), pool.known) for n, e in encoders.items()}, share
    )


def compared(study: Study, pool: Pool, embeddings: dict[str, np.ndarray], share: float) -> list[dict]:
    """A row for each single encoder and each way of joining them, with this share of the labels; and the gains."""
    draws = 1 if share == 1 else 2 if study.quick else DRAWS
    found = [joined(study, pool, embeddings, drawn(pool, share, study.seed, i), study.seed + i) for i in range(draws)]
    labels = int((drawn(pool, share, study.seed) >= 1).sum())
    rows = [_row(pool, method, share, labels, [scores[method] for scores in found]) for method in found[0]]
    return [*rows, *(_gain(pool, share, found, method) for method in found[0] if method != ATTENDED)]


def joined(
    study: Study, pool: Pool, embeddings: dict[str, np.ndarray], fold: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """Log-probabilities [M, C] of the test pictures by every method.

    Args:
        fold: [N] as `drawn` gives it.
    """
    single = {n: log_probabilities(e, pool.truth, fold) for n, e in embeddings.items()}
    held, test = fold == 1, pool.test
    fit = fold > 1
    # The best is chosen where it may be: on the labels that choose, never on the test pictures.
    given = pool.truth[fit], pool.groups[fit]
    worth = {n: _kappa(pool.truth[held], logistic(e[fit], *given, e[held])) for n, e in embeddings.items()}
    best = max(worth, key=worth.__getitem__)
    model = fusion.fit(
        [e[fit].astype(np.float32) for e in embeddings.values()],
        pool.truth[fit],
        ([e[held].astype(np.float32) for e in embeddings.values()], pool.truth[held]),
        seed=seed,
        epochs=2 if study.quick else 60,
    )
    found = {f"{n}, alone": s for n, s in single.items()}
    found[BEST] = single[best]
    found[JOINED] = log_probabilities(np.concatenate(list(embeddings.values()), axis=1), pool.truth, fold)
    found[AVERAGED] = np.log(np.mean([np.exp(s) for s in single.values()], axis=0) + 1e-12)
    logits = fusion.logits(model, [e[test].astype(np.float32) for e in embeddings.values()])
    found[ATTENDED] = log_softmax(logits.astype(np.float64), axis=1)
    return found


def drawn(pool: Pool, share: float, seed: int, draw: int = 0) -> np.ndarray:
    """Folds in which the drawn labels fit (2) and choose (1), the test pictures stay (0) and the rest has none (-1)."""
    rng = np.random.default_rng([seed, round(1000 * share), draw])
    fold = np.where(pool.test, 0, -1)
    for label in range(len(pool.classes)):
        members = rng.permutation(np.flatnonzero(pool.known & (pool.truth == label)))
        fold[members[: max(2, round(share * len(members)))]] = 2
    given = np.flatnonzero(fold == 2)
    fold[given[set_aside(pool.truth[given], pool.groups[given], 4, rng)]] = 1
    return fold


def _row(pool: Pool, method: str, share: float, labels: int, scores: list[np.ndarray]) -> dict:
    truth, guesses = pool.truth[pool.test], [s.argmax(1) for s in scores]
    found = grouped_bootstrap(
        lambda i: float(np.mean([_kappa(truth[i], guess[i]) for guess in guesses])), pool.groups[pool.test]
    )
    areas = [area(truth == k, softmax(s, axis=1)[:, k]) for s in scores for k in np.unique(truth)]
    return {
        "set": pool.name,
        "share": 100 * share,
        "labels": labels,
        "method": method,
        "value": round(found.value, 3),
        "value_low": round(found.low, 3),
        "value_high": round(found.high, 3),
        "area": round(float(np.mean(areas)), 3),
    }


def _gain(pool: Pool, share: float, found: list[dict[str, np.ndarray]], rival: str) -> dict:
    """By how much self-attention is ahead of another method, on the same drawn pictures and labels."""
    truth = pool.truth[pool.test]
    pairs = [(scores[ATTENDED].argmax(1), scores[rival].argmax(1)) for scores in found]

    def gained(i: np.ndarray) -> float:
        return float(np.mean([_kappa(truth[i], joined[i]) - _kappa(truth[i], alone[i]) for joined, alone in pairs]))

    gain = grouped_bootstrap(gained, pool.groups[pool.test])
    return {"set": pool.name, "share": 100 * share, "method": rival} | difference(gain.value, gain.low, gain.high)


def _won(rows: list[dict], name: str, share: float) -> bool:
    """Whether self-attention is strictly ahead of every other method."""
    mine = {r["method"]: r["value"] for r in rows if r["set"] == name and r["share"] == 100 * share}
    return mine[ATTENDED] > max(k for m, k in mine.items() if m != ATTENDED)


def _kappa(truth: np.ndarray, guess: np.ndarray) -> float:
    """Cohen's kappa, unweighted; 0 where everything is one class.

    Counted here: it is asked for a million times, and scikit-learn's takes a millisecond for its checks.
    """
    classes = int(max(truth.max(), guess.max())) + 1
    counts = np.bincount(truth * classes + guess, minlength=classes**2).reshape(classes, classes)
    chance = float(counts.sum(0) @ counts.sum(1)) / len(truth)
    return (float(np.trace(counts)) - chance) / (len(truth) - chance) if chance < len(truth) else 0.0

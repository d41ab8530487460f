"""Sizes: at how many pixels should the backbone read a picture? Asked of fold 1, which chooses; fold 0 is not read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from dinoscope.evidence import MEAN, TABLE, Column, Table
from dinoscope.fitting.datasets import TEST_FOLD
from dinoscope.fitting.statistics import balanced_accuracy
from dinoscope.reading import images
from dinoscope.reading.projection import Projection

from ..evidence import count, number, percent
from .backbone import SETS
from .pool import Pool
from .probes import STRENGTHS, neighbours
from .study import Report, Study, headline

SIDES: tuple[tuple[int, ...], ...] = ((140,), (154,), (168,), (196,), (224,), (140, 196))
"""Each: the sides in pixels that are read, their features joined."""
BATCH = 16


def measure(study: Study) -> Report:
    """The report of sizes.json; every choice of sides is a part of its own."""
    rows: list[dict] = []
    for sides in SIDES[:2] if study.quick else SIDES:
        rows += study.part(_called(sides), partial(_measured, study, sides))
    today = _called(SIDES[0] if study.quick else (study.encoder.size,))
    own = next(r for r in rows if r["set"] == MEAN and r["side"] == today)
    label = f"Linear probe on fold 1 at {own['side']} px, mean of the sets"
    columns = (
        Column("set"),
        Column("side", "side in pixels"),
        count("pictures"),
        percent("linear", interval=False),
        percent("knn", "kNN of case vectors", interval=False),
        number("milliseconds", "a picture", unit="ms"),
    )
    title = "Balanced accuracy on fold 1 by the side at which pictures are read"
    means = [{k: v for k, v in r.items() if k != "set"} for r in rows if r["set"] == MEAN]
    tables = [
        Table("means", f"{title}, mean of the sets", TABLE, columns[1:], means),
        Table("sizes", title, TABLE, columns, rows, "set"),
    ]
    return Report(headline(label, own["linear"], "%"), tables, NOTES)


NOTES = [
    "Fold 1 chooses, and its figures are no estimate of how good anything is: C is the best of four on fold 1 itself, "
    "for every side alike; fold 0 is not read. Differences of a point or less are within its noise.",
    "Linear: logistic regression on the standardised features of the last two blocks. kNN: 5 nearest by cosine in the "
    "projection of case search, fitted to folds 2 to 4 of all sets at this side. Read in bfloat16 where that is "
    "faster; milliseconds on one thread, beside whatever else the machine did.",
]


def _called(sides: tuple[int, ...]) -> str:
    return " and ".join(map(str, sides))


def _measured(study: Study, sides: tuple[int, ...]) -> Iterator[dict]:
    pools = [_chooses(study.pool(name)) for name in (SETS[1:3] if study.quick else SETS)]
    read = {p.name: _features(study, p, sides) for p in pools}
    projection = Projection.fit(np.concatenate([read[p.name][0][p.known] for p in pools]), study.encoder.fingerprint)
    rows = []
    for pool in pools:
        features, seconds = read[pool.name]
        linear, knn = _linear(features, pool), _nearest(projection(features), pool)
        of = {"set": pool.name, "side": _called(sides), "pictures": int(pool.held.sum())}
        rows.append(of | {"linear": linear, "knn": knn, "milliseconds": round(1000 * seconds / len(features), 1)})
    yield {
        "set": MEAN,
        "side": _called(sides),
        "pictures": sum(r["pictures"] for r in rows),
        **{k: round(float(np.mean([r[k] for r in rows])), 1) for k in ("linear", "knn", "milliseconds")},
    }
    yield from rows


def _chooses(pool: Pool) -> Pool:
    """The set without what measures."""
    kept = pool.fold != TEST_FOLD
    samples = [s for s, k in zip(pool.samples, kept, strict=True) if k]
    return Pool(pool.name, samples, pool.classes, pool.truth[kept], pool.fold[kept])


def _features(study: Study, pool: Pool, sides: tuple[int, ...]) -> tuple[np.ndarray, float]:
    """[N, P] float32, and the seconds that reading took, without decoding."""
    encoder, rows, seconds = study.encoder, [], 0.0
    for start in range(0, len(pool.files), BATCH):
        pictures = [images.read(f).picture for f in pool.files[start : start + BATCH]]
        began = time.thread_time()
        parts = [encoder.tokens(encoder.pixels(pictures, side), hurried=True).pooled.cpu().numpy() for side in sides]
        seconds += time.thread_time() - began
        rows.append(np.concatenate(parts, axis=1))
    return np.concatenate(rows), seconds


def _linear(features: np.ndarray, pool: Pool) -> float:
    """Percent on fold 1 at the best of `STRENGTHS`."""
    x = StandardScaler().fit(features[pool.known]).transform(features)
    if x.shape[1] > pool.known.sum():
        x = x @ np.linalg.qr(x[pool.known].T)[0]  # the same guesses on as many axes, see `probes.log_probabilities`
    with threadpool_limits(1):
        fitted = [LogisticRegression(max_iter=500, C=c).fit(x[pool.known], pool.truth[pool.known]) for c in STRENGTHS]
    return round(100 * max(balanced_accuracy(pool.truth[pool.held], f.predict(x[pool.held])) for f in fitted), 1)


def _nearest(vectors: np.ndarray, pool: Pool) -> float:
    asked = np.where(pool.held, TEST_FOLD, pool.fold)
    return round(100 * balanced_accuracy(pool.truth[pool.held], neighbours(vectors, pool.truth, asked)), 1)

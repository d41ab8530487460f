"""Labels: how many labelled pictures a class frozen features need, and a supervised network needs.

Source: Nielsen et al., "Self-supervision for medical image classification: state-of-the-art performance with ~100
labeled training samples per class", Bioengineering 10(8):895, 2023.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from dinoscope.evidence import BARS, CURVES, MEAN, TABLE, Column, Table
from dinoscope.reading.frozen import Frozen

from .. import rivals
from ..benchmark import baselines, few_labels, supervised
from ..benchmark.baselines import RESIDUAL
from ..benchmark.few_labels import CLASSIFIERS, draw
from ..benchmark.paired import AHEAD, GUESS, HIDDEN, POINTS, accuracies, level, multiplicity, shown
from ..benchmark.pool import Pool
from ..benchmark.study import Report, Study, headline
from ..evidence import number, percent, tried

SETS = ("blood_cells_pbc", "ham10000", "leukemia_all", "eye_diseases", "brain_mri")
COUNTS = (1, 2, 5, 10, 25, 50, 100)
SUPERVISED_COUNTS = (10, 50)
DRAWS, SUPERVISED_DRAWS = 10, 3
STOPPED_BY = 5
"""About every fifth label of a supervised network goes into stopping it, and into choosing its learning rate."""
RATES = (1e-3, 3e-4)
"""Candidates for that rate; the first draw chooses for all."""
ASKED = f"{HIDDEN}asked for"
ALL, BEST = "all labels", "logistic regression"
SHARE = 0.95
"""Of the score with all labels: what is called enough."""


def measure(study: Study) -> Report:
    """The report of labels.json."""
    others = rivals.beside(study.cache, study.encoder.device.type)
    rows, enough, pools = [], [], []
    for name in SETS[:1] if study.quick else SETS:
        pool = study.pool(name)
        pools.append(pool)
        for reader in (None, *others.encoders):
            depends_on = reader.fingerprint if reader else ""
            for classifier in CLASSIFIERS:
                key = f"{name}-{classifier}-{reader.name if reader else 'backbone'}"
                rows += study.part(key, partial(frozen, study, pool, classifier, reader), depends_on, pool)
        for labels in [0] if study.quick else [*SUPERVISED_COUNTS, 0]:
            part = partial(from_scratch, study, pool, labels)
            rows += study.part(f"{name}-supervised-{labels}", part, "residual", pool)
    rows += averaged(rows, pools)
    for name in dict.fromkeys(r["set"] for r in rows):
        for method in dict.fromkeys(r["method"] for r in rows):
            enough.append(needed([r for r in rows if r["set"] == name and r["method"] == method], name, method))
    wanted = [r["labels"] for r in enough if r["method"] == BEST and r["set"] != MEAN]
    label = (
        f"Labels a class that give logistic regression on frozen features {100 * SHARE:.0f} % of its score with all "
        f"labels, median of {len(wanted)} sets"
    )
    differences = compared(rows, pools)
    made = [*tables(shown(rows), enough, differences), tried(others.tried)]
    notes = [multiplicity(len(differences)), *NOTES]
    return Report(headline(label, round(float(np.median(wanted))), "labels"), made, notes)


NOTES = [
    f"Balanced accuracy in percent on fold 0 with labels drawn from folds 2 to 4: mean of {DRAWS} draws "
    f"({SUPERVISED_DRAWS} of the supervised network, of seeds where all labels are used; one of the classifiers "
    "then). Intervals are of that mean, from 1,000 draws of whole groups of the test pictures; how far draws of labels "
    "lie apart is not in them. The mean of the sets leaves out a number that a set has not got.",
    "Nothing is tuned on other labels than those drawn: C by three-fold cross-validation among them from 5 a class "
    "on, 0.01 below; of the supervised network's labels about every fifth only says when to stop, and on the first "
    f"draw which of the learning rates {' and '.join(map(str, RATES))} to take. Patients are kept whole in both, but "
    "where a class would be missing then. Features are standardised by all training pictures, without their labels. "
    "The network and the classifiers get the same labels; the difference is over the draws that both have.",
    "EfficientNet-Lite: the same classifiers on features that others trained on ImageNet's labels.",
    "Small ResNet from scratch: ResNet-18 at half its width, 2.8 million weights, augmented, "
    "batches balanced by class, at most 960 steps of 32 pictures. The backbone's own architecture trained so is "
    "worse on most sets: see the benchmark of the backbone.",
]


def tables(rows: list[dict], enough: list[dict], differences: list[dict]) -> list[Table]:
    """The curves, how many labels are enough, and by how much the backbone's features are ahead of a rival's."""
    labels = number("labels", "labels a class", digits=1)
    curves = (Column("set"), Column("method"), labels, percent("value", "balanced accuracy"))
    needs = (
        Column("set"),
        Column("method"),
        percent("full", "with all labels", interval=False),
        percent("wanted", f"{100 * SHARE:.0f} % of it", interval=False),
        labels,
    )
    gains = (Column("method", "classifier"), Column("rival"), Column("labels"), POINTS)
    drawn: dict[str, Any] = {"of": "set", "x": "labels", "y": "value", "by": ("method",), "logarithmic": True}
    # Of a rival one classifier is enough to see how it stands; all of them are more curves than an eye tells apart.
    plain = [r for r in rows if ", " not in r["method"] or r["method"].startswith(BEST)]
    others = [r for r in rows if r not in plain]
    title = "By how many percent points the backbone's features are ahead with the same labels, mean of the sets"
    return [
        Table("curves", "Balanced accuracy by the number of labels", CURVES, curves, plain, **drawn),
        Table("differences", title, BARS, gains, differences, y=AHEAD, by=("method", "rival", "labels")),
        Table("enough", "How many labels a class are enough", TABLE, needs, enough, "set"),
        Table("others", "By other classifiers on the rivals' features", CURVES, curves, others, **drawn),
    ]


def averaged(rows: list[dict], pools: list[Pool]) -> list[dict]:
    """The mean over the sets, of each number of labels that every set has."""
    found = []
    for method in dict.fromkeys(r["method"] for r in rows):
        of = {p.name: {r[ASKED]: r for r in rows if (r["set"], r["method"]) == (p.name, method)} for p in pools}
        for asked in of[pools[0].name]:
            if all(asked in o for o in of.values()):
                some = [of[p.name][asked] for p in pools]
                labels = {"labels": round(float(np.mean([r["labels"] for r in some])), 1)}
                found.append({"set": MEAN, "method": method} | labels | _level(pools, [r[GUESS] for r in some]))
    return found


def _level(pools: list[Pool], guesses: list[list]) -> dict:
    """Balanced accuracy in percent with its interval, mean of the sets and of each set's draws of labels."""
    return level([p.truth[p.test] for p in pools], [p.groups[p.test] for p in pools], guesses)


def named(method: str, rival: str) -> str:
    """A classifier on a rival's features."""
    return f"{method}, {rival}"


def compared(rows: list[dict], pools: list[Pool]) -> list[dict]:
    """By how much the backbone's features are ahead of a rival's, or of a network that is trained on the same labels:
    the mean over the sets that have so many, for each classifier and number of labels."""
    guessed = {(r["set"], r["method"], r[ASKED]): r[GUESS] for r in rows if GUESS in r}
    found = []
    for method, at in dict.fromkeys((m, at) for _, m, at in guessed):
        classifier, _, rival = (BEST, "", RESIDUAL) if method == RESIDUAL else method.partition(", ")
        some = [p for p in pools if (p.name, method, at) in guessed]
        if rival and len(some) == len(pools):
            theirs = [guessed[p.name, method, at] for p in some]
            # The first draws of labels are the same for both; all labels together are drawn once.
            ours = [(guessed[p.name, classifier, at] * len(t))[: len(t)] for p, t in zip(some, theirs, strict=True)]
            difference = accuracies([p.truth[p.test] for p in some], [p.groups[p.test] for p in some], ours, theirs)
            found.append({"method": classifier, "rival": rival, "labels": at} | difference)
    return found


def frozen(study: Study, pool: Pool, method: str, rival: Frozen | None = None) -> Iterator[dict]:
    """A row for each number of labels, by one classifier on the backbone's features or a rival's."""
    features = few_labels.standardise(study.pooled(pool, rival), pool.known)
    most = int(np.bincount(pool.truth[pool.known]).max())
    for count in [c for c in COUNTS if c < most] + [most]:
        sizes, guesses = [], []
        for i in range(1 if count == most else 2 if study.quick else DRAWS):
            chosen = draw(pool.truth, pool.known, count, np.random.default_rng([study.seed, count, i]))
            given = features[chosen], pool.truth[chosen], pool.groups[chosen]
            guesses.append(CLASSIFIERS[method](*given, features[pool.test]).tolist())
            sizes.append(len(chosen) / len(pool.classes))
        name = named(method, rival.name) if rival else method
        yield _row(pool, name, sizes, guesses, 0 if count == most else count)


def from_scratch(study: Study, pool: Pool, count: int) -> list[dict]:
    """A row for the supervised network with `count` labels a class, or with all of them (0)."""
    most = int(np.bincount(pool.truth[pool.known]).max())
    pictures = baselines.squashed(pool.files, 144)
    rates: tuple[float, ...] = RATES
    sizes, guesses = [], []
    for i in range(1 if study.quick else SUPERVISED_DRAWS):
        rng = np.random.default_rng([study.seed, count or most, i])
        chosen = draw(pool.truth, pool.known, count or most, rng)
        stop = few_labels.set_aside(pool.truth[chosen], pool.groups[chosen], STOPPED_BY, rng)
        fit, held = chosen[~stop], chosen[stop]
        rate, model = supervised.train_at_best_rate(
            supervised.Residual,
            pictures[fit],
            pool.truth[fit],
            (pictures[held], pool.truth[held]),
            rates,
            steps=4 if study.quick else 960,
            every=2 if study.quick else 80,
            seed=study.seed + i,
        )
        rates = (rate,)
        guesses.append(supervised.guess(model, pictures[pool.test]).tolist())
        sizes.append(len(chosen) / len(pool.classes))
    return [_row(pool, RESIDUAL, sizes, guesses, count)]


def needed(rows: list[dict], name: str, method: str) -> dict:
    """Labels a class at which a curve first reaches `SHARE` of its end, between two points by the logarithm."""
    rows = sorted(rows, key=lambda r: r["labels"])
    counts, scores = [r["labels"] for r in rows], [r["value"] for r in rows]
    wanted = SHARE * scores[-1]
    i = next(i for i, s in enumerate(scores) if s >= wanted)
    enough = counts[i]
    if i > 0:
        share = (wanted - scores[i - 1]) / (scores[i] - scores[i - 1])
        enough = counts[i - 1] * (counts[i] / counts[i - 1]) ** share
    return {
        "set": name,
        "method": method,
        "full": scores[-1],
        "wanted": round(wanted, 1),
        "labels": round(float(enough), 1),
    }


def _row(pool: Pool, method: str, sizes: list[float], guesses: list[list[int]], count: int) -> dict:
    """A row of `count` labels a class, or of all of them (0)."""
    labels = {"set": pool.name, "method": method, "labels": round(float(np.mean(sizes)), 1)}
    return labels | _level([pool], [guesses]) | {GUESS: guesses, ASKED: f"{count} a class" if count else ALL}

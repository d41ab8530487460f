"""Backbone: what its frozen features are worth beside simpler ones, on pictures that nothing has seen."""

from __future__ import annotations

from functools import partial

import numpy as np

from dinoscope import tasks
from dinoscope.evidence import BARS, MEAN, Column, Evidence, Table, read
from dinoscope.evidence import SETS as TITLES
from dinoscope.fitting import catalogue
from dinoscope.fitting.datasets import TEST_FOLD, VALIDATION_FOLD
from dinoscope.fitting.statistics import balanced_accuracy, drawn_balanced_accuracy, group_draws

from .. import readme, rivals
from ..evidence import count, percent, tried
from ..pretrain import card
from . import baselines, paired
from .agreement import join
from .agreement import table as agreement
from .baselines import EDGES, OURS, PIXELS
from .paired import AHEAD
from .pool import Pool
from .probes import BASELINES, guesses, linear
from .study import Report, Study, headline, one_at_a_time
from .trust import percent_of

SETS = (
    "blood_cells_pbc",
    "brain_mri",
    "busi",
    "chest_ct",
    "eye_diseases",
    "ham10000",
    "leukemia_all",
    "lgg_mri",
    "lung_ct_iqothnccd",
    "lung_histology",
    "pneumonia_cxr",
)
QUICK_SETS = SETS[1:3]
"""Of few classes, and so of few pictures."""
DISPUTED = "brain_mri"
"""The set whose own test split is in part labelled wrongly."""
OWN, OTHER = "backbone", "rival"
"""Whose a method is."""


def measure(study: Study) -> Report:
    """The report of backbone.json; its table goes into the model card, too."""
    names = QUICK_SETS if study.quick else SETS
    others = rivals.beside(study.cache, study.encoder.device.type)
    pools = {name: study.pool(name) for name in names}
    read_by = "".join(e.fingerprint[:8] for e in (study.encoder, *others.encoders)) + "untrained" * study.untrained
    found, agreed = {}, []
    for name, pool in pools.items():
        rows = study.part(name, partial(_of_set, study, pool, others), read_by, pool)
        found[name] = {r["method"]: np.array(r["guess"]) for r in rows if "method" in r}
        agreed += [r for r in rows if "agreed" in r]
    sets, differences = _sets(pools, found, study.seed)
    mean = next(r for r in sets.rows if r["set"] == MEAN and r["method"] == OURS)
    disputed = study.pool(DISPUTED)
    official = study.part("official", partial(_official, study, disputed), pool=disputed)
    tables = [
        sets,
        differences,
        agreement(agreed),
        *_official_tables(official),
        tried([r for r in others.tried if r["ran"] == "no"]),
    ]
    notes = [_level(sets), *([_left_out(read(study.assets / "evidence"))] if study.untrained else [])]
    notes += [paired.multiplicity(len(differences.rows)), *NOTES, *([] if study.untrained else [TRAINED])]
    if not study.quick:
        heads, cells = sets.laid_out()
        with one_at_a_time(study.assets / "evidence"):
            card.add_measured(study.assets / "backbone", readme.markdown(heads, cells), " ".join(notes))
            tasks.write_manifest(study.assets)
    label = f"Mean balanced accuracy of a linear probe on {len(names)} sets"
    return Report(headline(label, mean["value"], "%", mean["value_low"], mean["value_high"]), tables, notes)


NOTES = [
    "Logistic regression on standardised features, C from 0.001 to 1 chosen on fold 1, fitted on folds 2 to 4, "
    "balanced accuracy in percent on fold 0; intervals from 1,000 draws of whole groups, the same draws for every "
    "method.",
    "Head and cases: the mean of a task's head and the vote of its nearest cases, as the app joins them; of the "
    "table of agreement, how often the head, or both together, were right where they name the same class and where "
    "not, with Wilson's 95 % intervals.",
    "kNN: 5 nearest by cosine of the plain features; of case vectors: of what case search compares. "
    "EfficientNet-Lite: trained by others on ImageNet's labels, "
    "frozen, its last map averaged, at the side it was trained for. The backbone was trained without labels; the "
    "earlier one, too, on a fifth of the pictures.",
]
TRAINED = (
    "Supervised from scratch: the same architecture, trained on the labels of folds 2 to 4 with augmentation and "
    "balanced batches at 112 px, stopped by fold 1. Small ResNet from scratch: ResNet-18 at half its width, 2.8 "
    "million weights, trained so for at most twice as many steps."
)


def _of_set(study: Study, pool: Pool, others: rivals.Rivals) -> list[dict]:
    """A row of guesses for each method, the backbone's own first, and one of how head and cases agree."""
    joined = join(pool, study.pooled(pool), study.workbench.projection)
    found = guesses(study, pool, others.encoders)
    own = {m: g for m, g in found.items() if whose(m) == OWN}
    return [*({"method": m, "guess": g.tolist()} for m, g in (own | joined.guesses | found).items()), joined.row]


def whose(method: str) -> str:
    """Whether a method reads the backbone's own features."""
    return OWN if method.startswith("backbone") else OTHER


def _sets(pools: dict[str, Pool], found: dict[str, dict[str, np.ndarray]], seed: int) -> tuple[Table, Table]:
    """Every method set by set and on the mean, and by how much the linear probe is ahead of each, on the same draws."""
    methods = list(dict.fromkeys(m for of in found.values() for m in of))
    values = {m: {n: balanced_accuracy(p.truth[p.test], found[n][m]) for n, p in pools.items()} for m in methods}
    times = {n: group_draws(p.groups[p.test], seed=seed + i) for i, (n, p) in enumerate(pools.items())}
    drawn = {
        m: {n: drawn_balanced_accuracy(times[n], p.truth[p.test], found[n][m]) for n, p in pools.items()}
        for m in methods
    }
    chances = {n: 100 / len(p.classes) for n, p in pools.items()}
    tests = {n: int(p.test.sum()) for n, p in pools.items()}
    rows, ahead = [], []
    for of in (*pools, MEAN):
        names = list(pools) if of == MEAN else [of]
        facts = {"set": of, "pictures": sum(tests[n] for n in names)}
        guessed = round(float(np.mean([chances[n] for n in names])), 1)
        draws = {m: np.mean([drawn[m][n] for n in names], axis=0) for m in methods}
        value = {m: float(np.mean([values[m][n] for n in names])) for m in methods}
        for m in methods:
            low, high = (percent_of(edge) for edge in np.percentile(draws[m], [2.5, 97.5]))
            figures = {"value": percent_of(value[m]), "value_low": low, "value_high": high, "chance": guessed}
            rows.append(facts | {"method": m, "whose": whose(m)} | figures)
            if m != OURS:
                below, above = np.percentile(draws[OURS] - draws[m], [2.5, 97.5])
                difference = paired.difference(value[OURS] - value[m], float(below), float(above), 100, 1)
                ahead.append({"set": of, "method": m, "whose": whose(m)} | difference)
    return sets_table(rows), differences_table(ahead)


def sets_table(rows: list[dict]) -> Table:
    """Balanced accuracy: `set`, `pictures`, `method`, `whose`, `value` with its interval, `chance`."""
    columns = (
        Column("set"),
        count("pictures", "test pictures"),
        Column("method"),
        Column("whose"),
        percent("value", "balanced accuracy"),
        percent("chance", "by guessing", interval=False),
    )
    title = "Balanced accuracy on the same test pictures, in percent; linear probes unless it says otherwise"
    return Table("sets", title, BARS, columns, rows, "set", y="value", by=("method",), chance="chance", ours=OURS)


def differences_table(rows: list[dict]) -> Table:
    """By how much the linear probe is ahead of each other method: `set`, `method`, `whose`, the difference."""
    columns = (Column("set"), Column("method"), Column("whose"), paired.POINTS)
    title = "By how many percent points the backbone's linear probe is ahead, on the same draws"
    return Table("differences", title, BARS, columns, rows, "set", y=AHEAD, by=("method",))


def _level(sets: Table) -> str:
    """On which sets a rival does at least as well."""
    lost, titles = [], TITLES | catalogue.titles()
    for name in (n for n in sets.places() if n != MEAN):
        rows = sets.about(name)
        ours = next(r["value"] for r in rows if r["method"] == OURS)
        if ahead := [r["method"] for r in rows if r["whose"] == OTHER and r["value"] >= ours]:
            lost.append(f"{titles.get(name, name)} ({', '.join(ahead)})")
    return f"A baseline does at least as well as the linear probe on {'; '.join(lost) or 'no set'}."


def _left_out(measured: dict[str, Evidence]) -> str:
    """One sentence on the methods of `BASELINES` that this run leaves out, with what an earlier one found."""
    earlier = measured.get("backbone")
    means = {r["method"]: r["value"] for r in earlier.rows("sets") if r["set"] == MEAN} if earlier else {}
    found = [f"{m} {means[m]:g}" for m in BASELINES if m in means and m not in (PIXELS, EDGES)]
    said = "Networks that are trained here, and random weights, are left out of this run."
    if not found or earlier is None:
        return said
    return f"{said} On the mean of the same sets an earlier one ({earlier.date}) had: {', '.join(found)}; not paired."


def _official(study: Study, pool: Pool) -> list[dict]:
    """brain_mri's own split, the literature's, without its exact copies across the two parts.

    It is in part labelled wrongly, hence the recall of each class, and what simple features make of it.
    """
    # Fold 1 still chooses C, out of the official training pictures.
    fold = np.array(
        [TEST_FOLD if s.official == "test" else VALIDATION_FOLD if s.fold == 1 else 2 for s in pool.samples]
    )
    test = fold == TEST_FOLD
    if len(np.unique(fold)) < 3:  # a quick run has met one of the two parts alone
        return []
    truth, times = pool.truth[test], group_draws(pool.groups[test])
    rows = []
    for method, features in (
        (OURS, study.pooled(pool)),
        (PIXELS, baselines.pixels(pool.files)),
        (EDGES, baselines.edges(pool.files)),
    ):
        guess = linear(features, pool.truth, fold)
        low, high = np.percentile(drawn_balanced_accuracy(times, truth, guess), [2.5, 97.5])
        figures = {"value": percent_of(balanced_accuracy(truth, guess)), "value_low": percent_of(low)}
        rows.append({"set": pool.name, "pictures": int(test.sum()), "method": method} | figures)
        rows[-1]["value_high"] = percent_of(high)
        if method == OURS:
            recalls = {c: percent_of((guess[truth == i] == i).mean()) for i, c in enumerate(pool.classes)}
    return [*rows, *({"set": pool.name, "class": c, "recall": recall} for c, recall in recalls.items())]


def _official_tables(rows: list[dict]) -> list[Table]:
    """Its methods, and the recall of each class by the backbone."""
    place = (Column("set"),)
    methods = (*place, count("pictures"), Column("method"), percent("value", "balanced accuracy"))
    recalls = (*place, Column("class"), percent("recall", interval=False))
    said = (
        "The set's own test split, the literature's, without copies of its training pictures; labelled wrongly in part"
    )
    return [
        Table("official", said, BARS, methods, [r for r in rows if "method" in r], "set", y="value", by=("method",)),
        Table(
            "official recall",
            f"Recall of each class by the backbone. {said}",
            BARS,
            recalls,
            [r for r in rows if "class" in r],
            "set",
            y="recall",
            by=("class",),
        ),
    ]

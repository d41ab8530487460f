"""Fit: labelled pictures and a frozen encoder -> the projection, and each task's head, case vectors and scope."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from .. import tasks
from ..reading import scope
from ..reading.encoder import Encoder
from ..reading.projection import DIMENSIONS, Projection
from . import axes, catalogue, regions
from .datasets import TEST_FOLD, TRAINING_FOLDS, VALIDATION_FOLD, Sample
from .features import Labelled, Say, read_phantoms, read_public
from .logistic import fit_head
from .measure import in_words, measure, measure_together, on_held
from .together import fit_together

PROJECTED = 200
"""Pictures a data set that the projection of another backbone is fitted on."""


def project(pools: Iterable[Labelled], fingerprint: str, dimensions: int = DIMENSIONS) -> Projection:
    """The projection of a backbone, from the training pictures of every task, real ones where there are any."""
    rows = []
    for pool in pools:
        training = np.isin(pool.folds, TRAINING_FOLDS)
        real = np.array([c.origin != "phantom" for c in pool.cases], dtype=bool)
        rows.append(pool.pooled[training & real if (training & real).any() else training])
    return Projection.fit(np.concatenate(rows), fingerprint, dimensions)


def fit_task(
    name: str,
    public: Labelled | None,
    phantoms: Labelled,
    projection: Projection,
    folder: Path,
    say: Say = print,
    source: tuple[Path, Path | None] | None = None,
) -> dict:
    """Fit a task and write its folder; returns the facts of task.json.

    Folds 2 to 4 fit the head and choose C and how much a phantom counts; they set temperature and thresholds together
    with fold 1, each guessed without itself; fold 1 alone is the scope's reference, and drops phantoms from training
    where its real pictures are read worse for them; fold 0 only measures.

    Args:
        source: folder and splits of an operator's own pictures, remembered so that another backbone can be fitted.
    """
    everything = public + phantoms if public else phantoms
    origin = np.array([c.origin for c in everything.cases])
    drawn_ones = origin == "phantom"
    main = ~drawn_ones if public else drawn_ones
    folds = everything.folds
    training = (folds != TEST_FOLD) & (folds != VALIDATION_FOLD)
    known = everything.at(training & main)
    held = everything.at((folds == VALIDATION_FOLD) & main)
    exclusive = all(len(c.labels) == 1 for c in everything.cases)
    drawn = everything.at(training & ~main)
    say(f"{name}: fitting the head on {len(known.cases)} pictures")
    fitted = fit_head(known, held, projection.fingerprint, drawn, exclusive)
    with_drawn, plain, compared = fitted, fitted, {}
    if public and fitted.phantom_weight:
        plain = fit_head(known, held, projection.fingerprint, exclusive=exclusive)
        compared = {"with": on_held(with_drawn.head, held), "without": on_held(plain.head, held)}
        if compared["with"] < compared["without"]:
            fitted = plain
    joined = fit_together(known, held, fitted, projection) if public else None
    asked, voters = (projection.for_scope(projection(pool.pooled)) for pool in (held, known))
    reference = np.sort(scope.distances(asked, voters))
    shipped = everything.at(folds != TEST_FOLD)
    facts = catalogue.facts(name, list(fitted.head.classes))
    facts |= {
        "exclusive": exclusive,
        "cases": {"public": 0, "phantom": 0} | Counter(c.origin for c in shipped.cases),
        "fitted_on": len(known.cases),
        "C": fitted.strength,
        "phantom_weight": fitted.phantom_weight,
        "drawn_in_training": compared,
        "together": asdict(joined) if joined else None,
        "metrics": {},
    }
    if source is not None:
        pictures, splits = (str(p.resolve()) if p else "" for p in source)
        facts["pictures"] = {"folder": pictures, "splits": splits}
    test = everything.at((folds == TEST_FOLD) & ~drawn_ones)
    if test.cases:
        facts["metrics"] = measure(fitted.head, test)
        if joined:
            votes = joined.vote(
                projection(test.pooled) @ projection(known.pooled).T, known.membership(fitted.head.classes)
            )
            facts["metrics"] |= measure_together(fitted.head, joined, votes, test)
        if compared:
            # The other of the two heads: which of them is shipped, fold 1 has said.
            other, name_of = (plain, "without_phantoms") if fitted is with_drawn else (with_drawn, "with_phantoms")
            measured = measure(other.head, test)
            if "balanced_accuracy" in measured:
                facts["metrics"][name_of] = measured["balanced_accuracy"]
    say(f"{name}: {in_words(facts['metrics'])}")
    tasks.save(folder, facts, fitted.head, shipped.cases, projection(shipped.pooled), reference)
    return facts


def fit_projection(encoder: Encoder, bundled: Path, data: Path | None, say: Say) -> Projection:
    """The projection of another backbone, from a sample of every task's pictures.

    Args:
        bundled: folder of the tasks in model_assets.
        data: folder of data sets, each named like its task, perhaps with a `splits` folder beside them.
    """
    pools = []
    for folder in tasks.found(bundled)[0]:
        pool = read_phantoms(encoder, folder, most=10)
        pictures, splits = tasks.pictures(folder, data)
        if pictures is not None:
            pool = read_public(encoder, pictures, splits, say, _sample, folder.name)
        pools.append(pool)
    return project([p for p in pools if p.cases], encoder.fingerprint)


def refit(encoder: Encoder, projection: Projection, bundled: Path, data: Path | None, out: Path, say: Say) -> None:
    """Fit a bundled task for another backbone, from its phantoms and from real pictures where there are any.

    Args:
        bundled: the task's folder in model_assets.
        data: folder of data sets, each named like its task, perhaps with a `splits` folder beside them.
        out: folder to write.
    """
    pictures, splits = tasks.pictures(bundled, data)
    public = (
        read_public(encoder, pictures, splits, say, name=bundled.name, origin=_origin(bundled)) if pictures else None
    )
    phantoms = read_phantoms(encoder, bundled)
    fit_task(bundled.name, public, phantoms, projection, out, say)
    regions.write(encoder, out, public, phantoms)
    axes.write(encoder, out, pictures, splits, say, bundled)


def _origin(bundled: Path) -> str:
    """Of the pictures of a task that have no address: an operator's own, if the task was fitted on such."""
    facts = json.loads((bundled / "task.json").read_text(encoding="utf-8"))
    return "own" if facts.get("cases", {}).get("own") else "public"


def _sample(samples: list[Sample]) -> list[Sample]:
    """A few hundred training pictures, always the same ones."""
    known = [s for s in samples if s.fold in TRAINING_FOLDS]
    order = np.random.default_rng(0).permutation(len(known))[:PROJECTED]
    return [known[i] for i in order]

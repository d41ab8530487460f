"""Agreement: a set's head and the vote of its nearest cases, fitted as a task's are, on the test fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dinoscope.evidence import TABLE, Table
from dinoscope.fitting.features import Labelled
from dinoscope.fitting.logistic import fit_head
from dinoscope.fitting.measure import measure_together
from dinoscope.fitting.together import fit_together
from dinoscope.reading.projection import Projection
from dinoscope.similar import Case

from ..evidence import Column, count, number, percent
from .pool import Pool
from .probes import neighbours

VECTORS, TOGETHER = "backbone, kNN of case vectors", "backbone, head and cases"
"""What these methods are called in every table."""


@dataclass(frozen=True)
class Joined:
    """Of one set: guessed class numbers [M] on fold 0 by `VECTORS` and `TOGETHER`, and a row of the agreement."""

    guesses: dict[str, np.ndarray]
    row: dict


def join(pool: Pool, features: np.ndarray, projection: Projection) -> Joined:
    """Fit head and vote on folds 2 to 4, choose on fold 1, and guess fold 0, drawn cases left out.

    Args:
        features: [N, P] of the pool's pictures.
    """
    everything = Labelled(
        [Case(s.id, (s.label,), "public", group=s.group, fold=s.fold) for s in pool.samples],
        features,
    )
    known, held, test = (everything.at(chosen) for chosen in (pool.known, pool.held, pool.test))
    fitted = fit_head(known, held, projection.fingerprint)
    joined = fit_together(known, held, fitted, projection)
    votes = joined.vote(projection(test.pooled) @ projection(known.pooled).T, known.membership(fitted.head.classes))
    numbers = np.array([pool.classes.index(c) for c in fitted.head.classes])
    both = joined.probabilities(fitted.head.probabilities(test.pooled), votes)
    found = measure_together(fitted.head, joined, votes, test)["agreement"]
    row = {"set": pool.name, "neighbours": joined.neighbours, "share": joined.share}
    row["agreed"] = _percent(found["share"]["value"])
    for name in ("agreed", "not_agreed"):
        # Where both name the same class, so do they together.
        for who in () if name not in found else ("head",) if name == "agreed" else ("head", "together"):
            ends = {"": "value", "_low": "low", "_high": "high"}
            row |= {f"{name}_{who}{end}": _percent(found[name][who][key]) for end, key in ends.items()}
    guesses = {
        VECTORS: neighbours(projection(features), pool.truth, pool.fold),
        TOGETHER: numbers[both.argmax(1)],
    }
    return Joined(guesses, row)


def table(rows: list[dict]) -> Table:
    """The rows of `Joined`."""
    columns = (
        Column("set"),
        count("neighbours"),
        number("share", "the vote's share", digits=1),
        percent("agreed", "same class named", interval=False),
        percent("agreed_head", "then right"),
        percent("not_agreed_head", "else the head right"),
        percent("not_agreed_together", "else both together right"),
    )
    return Table(
        "agreement", "When head and nearest cases name the same class, and when not", TABLE, columns, rows, "set"
    )


def _percent(share: float) -> float:
    return round(100 * float(share), 1)

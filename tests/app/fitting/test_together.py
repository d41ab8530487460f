"""Fit of the vote: the validation fold chooses, no case votes on its own group, and the pair is calibrated."""

import numpy as np
import pytest

from dinoscope.fitting import together
from dinoscope.fitting.features import Labelled
from dinoscope.fitting.logistic import fit_head
from dinoscope.fitting.measure import measure_together
from dinoscope.fitting.together import fit_together, similarities
from dinoscope.reading.projection import Projection
from dinoscope.similar import Case


def labelled(rng, n, fold=None, spread=1.2, dim=12):
    """Rows about one centre a class, in folds 2 to 4, or in one; three to a group."""
    centres = np.random.default_rng(9).standard_normal((3, dim))
    truth = np.repeat(rng.integers(3, size=n // 3 + 1), 3)[:n]
    rows = (centres[truth] + spread * rng.standard_normal((n, dim))).astype(np.float32)
    tag = f"{fold or 'known'}"
    cases = [
        Case(f"{tag}{i}", ("abc"[k],), "public", group=f"{tag}-{i // 3}", fold=2 + i // 3 % 3 if fold is None else fold)
        for i, k in enumerate(truth)
    ]
    return Labelled(cases, rows)


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(0)
    return labelled(rng, 240), labelled(rng, 90, 1), labelled(rng, 600, 0)


@pytest.fixture(scope="module")
def projection(sets):
    return Projection.fit(sets[0].pooled, "f", 8)


def test_no_case_votes_on_its_own_fold_or_group_and_held_ones_hear_all(sets, projection):
    known, held, _ = sets
    found = similarities(known, held, projection)
    assert found.shape == (330, 240)
    assert (np.isfinite(found[:240]) == (known.folds[:, None] != known.folds)).all()
    assert np.isfinite(found[240:]).all()


def test_of_one_fold_halves_hear_each_other_but_no_group_hears_itself(sets, projection):
    known, held, _ = sets
    single = Labelled([Case(c.id, c.labels, "public", group=c.group, fold=2) for c in known.cases], known.pooled)
    found = similarities(single, held, projection)[:240]
    groups = np.array([c.group for c in known.cases])
    assert not np.isfinite(found[groups[:, None] == groups]).any()
    assert np.isfinite(found).any(axis=1).all()


def test_both_together_are_calibrated_and_their_sets_hold_what_they_promise(sets, projection):
    known, held, test = sets
    fitted = fit_head(known, held, "f")
    joined = fit_together(known, held, fitted, projection)
    votes = joined.vote(projection(test.pooled) @ projection(known.pooled).T, known.membership(fitted.head.classes))
    found = measure_together(fitted.head, joined, votes, test)
    assert joined.neighbours in together.NEIGHBOURS
    assert joined.share in together.SHARES
    assert found["together"]["calibration_error"]["excess"] < 0.04
    assert found["together"]["coverage"]["value"] == pytest.approx(0.9, abs=0.05)
    agreement = found["agreement"]
    assert agreement["agreed"]["head"]["pictures"] + agreement["not_agreed"]["head"]["pictures"] == 600
    assert agreement["agreed"]["head"]["value"] > agreement["not_agreed"]["head"]["value"] + 0.1
    assert agreement["share"]["value"] == pytest.approx(agreement["agreed"]["head"]["pictures"] / 600, abs=1e-4)


def test_a_vote_that_knows_better_gets_the_larger_share(projection):
    """The head cannot tell the classes of a ring from those of its middle; the neighbours can."""
    rng = np.random.default_rng(1)

    def ring(n, fold):
        radius = np.where(rng.random(n) < 0.5, 1.0, 3.0)
        angle = rng.uniform(0, 2 * np.pi, n)
        shape = np.stack([radius * np.cos(angle), radius * np.sin(angle), radius**0 + 0.1 * rng.normal(size=n)], 1)
        cases = [
            Case(str(i), ("out" if r > 2 else "in",), "public", fold=fold or 2 + i % 3) for i, r in enumerate(radius)
        ]
        return Labelled(cases, shape.astype(np.float32))

    known, held = ring(300, None), ring(150, 1)
    plain = Projection(np.zeros(3, np.float32), np.eye(3, dtype=np.float32), "f")
    assert fit_together(known, held, fit_head(known, held, "f"), plain).share == max(together.SHARES)


def test_findings_keep_thresholds_of_their_own(sets, projection):
    def two(pool):
        return Labelled(
            [
                Case(c.id, (c.labels[0], "d") if i % 2 else c.labels, "public", group=c.group, fold=c.fold)
                for i, c in enumerate(pool.cases)
            ],
            pool.pooled,
        )

    known, held, test = map(two, sets)
    fitted = fit_head(known, held, "f", exclusive=False)
    joined = fit_together(known, held, fitted, projection)
    votes = joined.vote(projection(test.pooled) @ projection(known.pooled).T, known.membership(fitted.head.classes))
    assert len(joined.thresholds) == 4
    found = measure_together(fitted.head, joined, votes, test)
    assert set(found) == {"agreement"}
    assert 0.4 < found["agreement"]["agreed"]["together"]["value"] <= 1

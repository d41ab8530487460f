"""Logistic: the head is scikit-learn's, its probabilities are honest, findings are judged one by one."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dinoscope.fitting import logistic
from dinoscope.fitting.features import Labelled
from dinoscope.fitting.logistic import decision_threshold, fit_head
from dinoscope.reading.heads import Head
from dinoscope.similar import Case


def fitted(known, held, **more):
    """The head and its C."""
    found = fit_head(known, held, "f", **more)
    return found.head, found.strength


def labelled(rng, classes, n, spread=1.0, dim=8, noise=0.0):
    """`n` feature rows, scattered about one centre a class; a share `noise` of the labels is drawn at random."""
    centres = np.random.default_rng(99).standard_normal((len(classes), dim))
    truth = rng.integers(len(classes), size=n)
    shown = np.where(rng.random(n) < noise, rng.integers(len(classes), size=n), truth)
    pooled = (centres[truth] + spread * rng.standard_normal((n, dim))) * np.geomspace(0.1, 30, dim) + 5
    cases = [Case(str(i), (classes[k],), "public", fold=2 + i % 3) for i, k in enumerate(shown)]
    return Labelled(cases, pooled.astype(np.float32))


def log_loss(head, held):
    columns = [head.classes.index(label) for label in held.labels]
    return -np.log(head.probabilities(held.pooled)[np.arange(len(columns)), columns]).mean()


def at_temperature(head, temperature):
    return Head(**{**head.__dict__, "temperature": temperature})


@pytest.mark.parametrize("classes", [("ill", "well"), ("a", "b", "c", "d")])
def test_the_head_is_scikit_learns_up_to_the_temperature(classes):
    rng = np.random.default_rng(0)
    known, held, new = (labelled(rng, classes, n) for n in (200, 100, 50))
    head, strength = fitted(known, held)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000, tol=1e-8))
    wanted = model.fit(known.pooled, known.labels).predict_proba(new.pooled)
    assert head.classes == tuple(model.classes_)
    assert at_temperature(head, 1.0).probabilities(new.pooled) == pytest.approx(wanted, abs=3e-3)
    assert (head.probabilities(new.pooled).argmax(1) == wanted.argmax(1)).all()


@pytest.mark.parametrize("exclusive", [True, False])
def test_with_more_features_than_pictures_the_head_is_still_scikit_learns(exclusive):
    rng = np.random.default_rng(0)
    known, new = (labelled(rng, ("a", "b", "c"), n, 2.0, 300) for n in (90, 40))
    head, strength = fitted(known, labelled(rng, ("a", "b", "c"), 60, 2.0, 300), exclusive=exclusive)
    scaler = StandardScaler().fit(known.pooled)
    x, asked = scaler.transform(known.pooled).astype(np.float64), scaler.transform(new.pooled)
    model = LogisticRegression(C=strength, max_iter=5000, tol=1e-8)
    found = at_temperature(head, 1.0).probabilities(new.pooled)
    if exclusive:
        assert found == pytest.approx(model.fit(x, known.labels).predict_proba(asked), abs=3e-3)
    else:
        for i, label in enumerate(head.classes):
            assert found[:, i] == pytest.approx(
                model.fit(x, known.labels == label).predict_proba(asked)[:, 1], abs=3e-3
            )


def test_the_temperature_has_the_least_log_loss_on_the_held_out_pictures():
    rng = np.random.default_rng(1)
    known, held = labelled(rng, ("a", "b", "c"), 150), labelled(rng, ("a", "b", "c"), 3000)
    head, _ = fitted(known, held)
    losses = [log_loss(at_temperature(head, head.temperature * factor), held) for factor in (0.7, 0.9, 1, 1.1, 1.4)]
    assert np.argmin(losses) == 2


def test_the_temperature_cools_a_head_that_is_too_sure(monkeypatch):
    """Few rows, many dimensions, hardly any regularisation: the known rows are separated far too well."""
    monkeypatch.setattr(logistic, "STRENGTHS", (100.0,))
    rng = np.random.default_rng(2)
    known, held, new = (labelled(rng, ("a", "b"), n, 3.0, 200, noise=0.3) for n in (60, 400, 400))
    head, _ = fitted(known, held)
    assert head.temperature > 1.5
    assert log_loss(head, new) < log_loss(at_temperature(head, 1.0), new) - 0.05


def test_c_is_the_candidate_with_the_least_log_loss():
    rng = np.random.default_rng(3)
    held = labelled(rng, ("a", "b"), 30)
    _, easy = fitted(labelled(rng, ("a", "b"), 300, 0.3), held)
    _, hard = fitted(
        labelled(rng, ("a", "b"), 60, 4.0, 100, noise=0.4), labelled(rng, ("a", "b"), 300, 4.0, 100, noise=0.4)
    )
    assert hard < easy
    assert {easy, hard} <= set(logistic.STRENGTHS)


def test_prediction_sets_hold_the_right_class_as_often_as_promised():
    rng = np.random.default_rng(4)
    known, held, new = (labelled(rng, ("a", "b", "c"), n, 1.5) for n in (200, 500, 2000))
    head, _ = fitted(known, held)
    inside = [y in head.prediction_set(p) for y, p in zip(new.labels, head.probabilities(new.pooled), strict=True)]
    assert np.mean(inside) == pytest.approx(logistic.COVERAGE, abs=0.03)


@pytest.mark.parametrize(("classes", "said"), [(("a",), "a"), ((), "none")])
def test_one_class_is_too_few(classes, said):
    known = labelled(np.random.default_rng(5), ("a",), 10 * len(classes))
    with pytest.raises(ValueError, match=f"a task needs at least two classes; the training folds hold {said}$"):
        fit_head(known, known, "f")


def test_a_class_that_only_validation_has_is_named():
    rng = np.random.default_rng(6)
    with pytest.raises(ValueError, match="the validation fold has classes that the training folds lack: c"):
        fit_head(labelled(rng, ("a", "b"), 50), labelled(rng, ("a", "b", "c"), 50), "f")


def test_the_held_out_fold_moves_temperature_and_threshold_but_not_the_weights():
    rng = np.random.default_rng(7)
    known = labelled(rng, ("a", "b", "c"), 150)
    one, _ = fitted(known, labelled(rng, ("a", "b", "c"), 100))
    other, _ = fitted(known, labelled(rng, ("a", "b", "c"), 100, noise=0.5))
    assert np.array_equal(one.weight, other.weight)
    assert other.temperature > one.temperature
    assert other.threshold < one.threshold


def test_phantoms_that_mislead_are_left_out_and_phantoms_that_help_count():
    rng = np.random.default_rng(8)
    known, held = labelled(rng, ("a", "b"), 24, 3.0, 40), labelled(rng, ("a", "b"), 100, 3.0, 40)
    true = labelled(rng, ("a", "b"), 400, 3.0, 40)
    swapped = Labelled([replace(c, labels=("b" if c.labels == ("a",) else "a",)) for c in true.cases], true.pooled)
    assert fit_head(known, held, "f", swapped).phantom_weight == 0
    assert fit_head(known, held, "f", true).phantom_weight == 1


def findings(rng, n, noise=0.6):
    """`n` cases with any of three findings, each shown by one feature of its own; one case in eight has none."""
    truth = rng.random((n, 3)) < 0.5
    pooled = np.concatenate([truth + noise * rng.standard_normal((n, 3)), rng.standard_normal((n, 5))], axis=1)
    names = np.array(["fever", "rash", "wheeze"])
    cases = [Case(str(i), tuple(names[row]), "public", fold=2 + i % 3) for i, row in enumerate(truth)]
    return Labelled(cases, pooled.astype(np.float32)), truth


def test_findings_are_judged_one_by_one_as_scikit_learn_would():
    rng = np.random.default_rng(9)
    (known, truth), (held, _), (new, _) = (findings(rng, n) for n in (300, 200, 50))
    head, strength = fitted(known, held, exclusive=False)
    assert head.classes == ("fever", "rash", "wheeze")
    assert not head.exclusive
    for k in range(3):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000, tol=1e-8))
        wanted = model.fit(known.pooled, truth[:, k]).predict_proba(new.pooled)[:, 1]
        assert at_temperature(head, 1.0).probabilities(new.pooled)[:, k] == pytest.approx(wanted, abs=3e-3)


def test_a_case_may_have_all_findings_or_none():
    rng = np.random.default_rng(10)
    (known, _), (held, _) = findings(rng, 300), findings(rng, 200)
    head, _ = fitted(known, held, exclusive=False)
    everything, nothing = (np.array([[v, v, v, 0, 0, 0, 0, 0]], np.float32) for v in (1.5, -0.5))
    assert set(head.prediction_set(head.probabilities(everything)[0])) == {"fever", "rash", "wheeze"}
    assert head.prediction_set(head.probabilities(nothing)[0]) == ()


def test_a_threshold_stands_where_sensitivity_and_specificity_are_largest():
    probabilities = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.7])
    assert decision_threshold(probabilities, np.array([0, 0, 0, 1, 1, 1], bool)) == pytest.approx(0.35)
    assert decision_threshold(probabilities, np.array([0, 0, 0, 0, 0, 1], bool)) == pytest.approx(0.65)
    assert decision_threshold(probabilities, np.zeros(6, bool)) == 0.5

"""Vote: the nearest count most, a frequent class has no advantage, and nobody votes on its own picture."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from dinoscope.reading import images
from dinoscope.reading.vote import Together
from fixtures.tiny import drawn


def test_a_case_counts_by_its_nearness_and_only_the_nearest_count():
    similarity = np.array([[0.9, 0.8, 0.1, 0.7]])
    members = np.eye(4, dtype=bool)[[0, 1, 2, 1]]
    votes = Together(3, 0.1, 0.5).vote(similarity, members)
    near = softmax(np.array([9, 8, 7]))
    mass = np.array([near[0], (near[1] + near[2]) / 2, 0, 0])
    assert votes[0] == pytest.approx(mass / mass.sum())


def test_a_class_that_is_frequent_among_the_cases_does_not_win_by_numbers():
    rng = np.random.default_rng(0)
    members = np.eye(2, dtype=bool)[(rng.random(4000) < 0.1).astype(int)]
    votes = Together(30, 1e6, 0.5).vote(rng.random((500, 4000)), members)
    assert votes.sum(1) == pytest.approx(1)
    assert votes.mean(0) == pytest.approx([0.5, 0.5], abs=0.06)


def test_findings_get_the_share_of_the_votes_that_have_them():
    members = np.array([[True, True, False], [True, False, False]])
    votes = Together(2, 1.0, 0.5, thresholds=(0.5,) * 3).vote(np.array([[0.0, 0.0]]), members)
    assert votes[0] == pytest.approx([1, 0.5, 0])


def test_who_may_not_vote_has_no_weight_and_where_nobody_may_no_class_is_preferred():
    members = np.eye(2, dtype=bool)[[0, 0, 0, 1]]
    similarity = np.array([[0.9, -np.inf, -np.inf, 0.9], [-np.inf] * 4])
    votes = Together(4, 0.1, 0.5).vote(similarity, members)
    assert votes[0] == pytest.approx([0.25, 0.75]), "equally near, one of three against one of one"
    assert votes[1] == pytest.approx([0.5, 0.5])


def test_together_is_the_weighted_mean_cooled_by_the_temperature():
    head, votes = np.array([[0.8, 0.2]]), np.array([[0.4, 0.6]])
    assert Together(5, 0.1, 0.25).probabilities(head, votes)[0] == pytest.approx([0.7, 0.3])
    cooled = Together(5, 0.1, 0.25, temperature=2.0).probabilities(head, votes)[0]
    assert cooled == pytest.approx(np.sqrt([0.7, 0.3]) / np.sqrt([0.7, 0.3]).sum())
    findings = Together(5, 0.1, 0.5, thresholds=(0.5, 0.5)).probabilities(np.array([[0.9, 0.1]]), np.array([[0.7, 1]]))
    assert findings[0] == pytest.approx([0.8, 0.55])


def test_a_reading_says_what_the_nearest_real_cases_say(workbench):
    reading = workbench.classify(drawn("colours", "red", 77, strength=80), "colours")
    seconded = reading.agreement
    assert (seconded.agree, seconded.label, reading.label) == (True, "red", "red")
    assert sum(seconded.votes.values()) == pytest.approx(1)
    assert sum(seconded.together.values()) == pytest.approx(1)
    assert "red" in seconded.prediction_set
    assert 0 <= seconded.record.low <= seconded.record.value <= seconded.record.high <= 1
    back = json.loads(json.dumps(reading.json(), allow_nan=False))["agreement"]
    assert back["label"] == "red"
    assert back["together"] == seconded.together
    assert back["record"]["pictures"] == seconded.record.pictures


def test_neither_a_case_nor_its_group_votes_on_itself(workbench, public_pictures):
    task = workbench.tasks["colours"]
    case = next(c for c, known in zip(task.cases, task.known, strict=True) if known)
    vector = task.vectors[task.position(case.id)]
    alone = replace(task.together, neighbours=1)
    others = tuple(replace(c, labels=("blue",) if c.id != case.id else ("red",)) for c in task.cases)
    told = replace(task, together=alone, cases=others)
    assert told.vote(vector)[told.head.classes.index("red")] == 1, "taken for a stranger it would"
    assert told.vote(vector, case)[told.head.classes.index("red")] == 0
    kin = replace(told, cases=tuple(replace(c, group="one person") for c in others))
    assert kin.vote(vector, kin.case(case.id)) is None


def test_a_known_picture_is_recognised_before_the_vote(workbench):
    task = workbench.tasks["colours"]
    example = next(c for c in task.cases if c.image)
    seen = []
    told = replace(task)
    object.__setattr__(told, "vote", lambda vector, own: seen.append(own))
    replace(workbench, tasks={"colours": told}).classify(images.read(task.folder / example.image), "colours")
    assert seen[0].id == example.id


def test_drawn_cases_and_those_of_the_validation_fold_have_no_vote(workbench):
    task = workbench.tasks["colours"]
    voters = [c for c, known in zip(task.cases, task.known, strict=True) if known]
    assert voters
    assert {c.origin for c in voters} == {"public"}
    assert {c.fold for c in voters} == {2, 3, 4}


def test_a_task_of_drawn_cases_alone_has_no_vote(workbench):
    task = replace(workbench.tasks["colours"], together=None)
    bench = replace(workbench, tasks={"colours": task})
    reading = bench.classify(drawn("colours", "red", 77, strength=80), "colours")
    assert reading.agreement is None
    assert reading.json()["agreement"] is None


def test_where_nothing_was_measured_nothing_is_claimed(workbench):
    task = workbench.tasks["colours"]
    bench = replace(workbench, tasks={"colours": replace(task, facts=task.facts | {"metrics": {}})})
    seconded = bench.classify(drawn("colours", "red", 77, strength=80), "colours").agreement
    assert seconded.agree
    assert seconded.record is seconded.record_together is None

"""Too few of anything gets the numbers that are needed; folds that are given are checked before they are used."""

from __future__ import annotations

from collections import Counter

import pytest

from dinoscope.fitting import folds


def draw(counts, people=None):
    labels = [label for label, n in counts.items() for _ in range(n)]
    groups = [str(i) if people is None else people(i) for i in range(len(labels))]
    return folds.draw(labels, groups), labels, groups


@pytest.mark.parametrize(
    ("counts", "people", "sentence"),
    [
        ({"disc": 1, "square": 1, "cross": 1}, None, "the class 'cross' has 1 picture; every class needs at least 5"),
        ({"disc": 3, "square": 3}, None, "the class 'disc' has 3 pictures; every class needs at least 5"),
        ({"disc": 100, "square": 4}, None, "the class 'square' has 4 pictures; every class needs at least 5"),
        ({"disc": 12, "square": 12}, lambda i: f"p{i % 3}", "the pictures are of 3 patients; at least 5 are needed"),
        (
            {"disc": 12, "square": 12},
            lambda i: f"p{i // 3}" if i < 12 else f"q{i % 2}",
            "'square' comes from 2 patients",
        ),
        ({"disc": 40}, None, "all pictures are of one class, 'disc'; a task needs at least two"),
        ({}, None, "all pictures are of one class, 'none'; a task needs at least two"),
    ],
)
def test_too_few_are_told_with_the_numbers_needed(counts, people, sentence):
    with pytest.raises(ValueError, match=sentence):
        draw(counts, people)


@pytest.mark.parametrize(
    ("counts", "people"),
    [
        ({"disc": 5, "square": 5}, None),
        ({"disc": 500, "square": 5}, None),
        ({"disc": 60, "square": 60}, lambda i: "huge" if i % 60 < 50 else f"p{i}"),
        ({"disc": 30, "square": 30}, lambda i: f"p{i % 5}"),
        ({"disc": 30, "square": 9}, lambda i: f"p{i // 3}"),
    ],
)
def test_every_fold_holds_pictures_and_every_class_is_trained_on(counts, people):
    drawn, labels, groups = draw(counts, people)
    assert set(drawn) == {0, 1, 2, 3, 4}
    assert {y for y, f in zip(labels, drawn, strict=True) if f > 1} == set(counts)
    assert len(set(zip(groups, drawn, strict=True))) == len(set(groups))


def check(given, labels=None, groups=None):
    said = []
    labels = labels or ["disc" if i % 2 else "square" for i in range(len(given))]
    names = [f"{i}.png" for i in range(len(given))]
    folds.check(names, labels, groups or names, given, said.append)
    return said


@pytest.mark.parametrize(
    ("given", "more", "sentence"),
    [
        ([0, 0, 2, 2, 3, 3, 4, 4], {}, r"no picture is in fold 1 \(validation\); leave the column fold out"),
        ([0, 0, 1, 1, 0, 0], {}, r"no picture is in folds 2 to 4 \(training\)"),
        ([0, 1, 1, 2, 2, 3], {"labels": list("abcbcb")}, r"the class 'a' has no picture in folds 2 to 4"),
        (
            [0, 1, 2, 3],
            {"labels": list("aaaa"), "groups": ["p", "q", "p", "r"]},
            r"'p' is in folds 0 and 2 \(0.png and 2",
        ),
        (
            [1, 2, 3, 4],
            {"labels": list("aaaa"), "groups": ["p", "q", "r", "q"]},
            r"'q' is in folds 2 and 4 \(1.png and 3",
        ),
    ],
)
def test_given_folds_that_would_mislead_are_refused(given, more, sentence):
    with pytest.raises(ValueError, match=sentence):
        check(given, **more)


def test_without_a_test_fold_nothing_is_measured_and_that_is_said():
    assert check([1, 1, 2, 2, 3, 3]) == ["no picture is in fold 0 (test), so nothing is measured"]
    assert check([0, 0, 1, 1, 2, 2]) == []


def test_drawing_is_the_same_every_time():
    assert draw({"a": 20, "b": 30})[0] == draw({"a": 20, "b": 30})[0]
    assert Counter(draw({"a": 20, "b": 30})[0]) == dict.fromkeys(range(5), 10)

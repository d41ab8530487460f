"""Classify's words: the first sentence says whether the nearest cases agree, and how often such answers were right."""

import re
from dataclasses import replace

import pytest

from dinoscope.results import Agreement, Record
from dinoscope.ui import cards, markup
from fixtures.tiny import drawn


def words(html) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", str(html))).replace(" ,", ",").replace(" .", ".").strip()


@pytest.fixture
def reading(workbench):
    return replace(
        workbench.classify(drawn("colours", "red", 77, strength=80), "colours"),
        label="red",
        probabilities={"blue": 0.1, "green": 0.2, "red": 0.7},
        prediction_set=("red",),
    )


def answer(workbench, reading, **agreement) -> str:
    shares = {"blue": 0.3, "green": 0.4, "red": 0.3}
    told = {"agree": True, "label": "red", "votes": shares, "together": shares, "prediction_set": ("red",)} | agreement
    return words(markup.classification(replace(reading, agreement=Agreement(**told)), workbench.tasks["colours"]))


def test_agreement_stands_in_the_first_sentence_with_how_often_it_was_right(workbench, reading):
    said = answer(workbench, reading, record=Record(0.876, 0.8, 0.93, 120))
    assert (
        "Most likely red (70 %), and the nearest cases agree: such answers were right in 88 of 100 held-out "
        "pictures. No other class is in its 90 % set." in said
    )


def test_disagreement_names_both_and_the_head_stays_the_headline(workbench, reading):
    said = answer(workbench, reading, agree=False, label="green", record=Record(0.45, 0.3, 0.6, 40))
    assert (
        "The head says red (70 %), the nearest cases say green: such answers were right in 45 of 100 held-out pictures."
        in said
    )
    assert "Where head and cases disagree, the head named a right class first in 45 % of 40 held-out pictures" in said


def test_what_was_not_measured_is_not_claimed(workbench, reading):
    said = answer(workbench, reading)
    assert "and the nearest cases agree. No other" in said
    assert "held-out pictures, 95 %" not in said


def test_both_together_are_one_click_away(workbench, reading):
    page = str(markup.classification(reading, workbench.tasks["colours"]))
    assert page.index("<details") < page.index("Head and nearest cases together")
    said = answer(workbench, reading, prediction_set=("green", "red"))
    assert "Together they cannot rule out: Green and red." in said
    assert "green 20 % 40 % 40 %" in said


def test_without_real_cases_the_head_speaks_alone(workbench, reading):
    said = words(markup.classification(replace(reading, agreement=None), workbench.tasks["colours"]))
    assert "Most likely red (70 %). No other class is in its 90 % set." in said
    assert "nearest cases together" not in said


def test_a_class_outside_the_set_is_never_called_ruled_out(workbench, reading):
    task = workbench.tasks["colours"]
    card = words(cards.classify(reading, task))
    assert "Alone in its 90 % set; such a set misses in 10 % of pictures." in card
    page = words(markup.classification(reading, task))
    assert "90 % have their class in such a set, and 10 % outside it" in page
    assert "ruled out" not in card + page
    two = words(cards.classify(replace(reading, prediction_set=("red", "green")), task))
    assert "Green cannot be ruled out." in two


def test_of_findings_the_first_ones_are_compared(workbench, reading):
    task = workbench.tasks["colours"]
    findings = replace(task, head=replace(task.head, thresholds=(0.5, 0.5, 0.5)))
    shares = {"blue": 0.3, "green": 0.4, "red": 0.3}
    seconded = Agreement(False, "green", shares, shares, (), Record(0.6, 0.5, 0.7, 50))
    said = words(markup.classification(replace(reading, agreement=seconded), findings))
    assert (
        "Reaching its threshold: Red (70 %). The head puts red first, the nearest cases green: such answers were "
        "right in 60 of 100 held-out pictures." in said
    )
    assert "Together they bring no finding to its threshold." in said


def test_a_head_that_was_never_tested_claims_no_accuracy(workbench, reading):
    task = workbench.tasks["colours"]
    untested = replace(task, facts=task.facts | {"metrics": {}})
    said = words(markup.classification(reading, untested))
    assert "About this task" in said
    assert "balanced accuracy" not in said

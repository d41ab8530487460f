"""Which method the tab recommends, given what was measured."""

from __future__ import annotations

import pytest

from dinoscope.evidence import Column, Evidence, Table
from dinoscope.ui.recommendation import best, recommend


@pytest.fixture
def measured(workbench):
    """Evidence in which Grad-CAM gains most on one task; and that task."""
    names = ("deletion_tokens", "insertion_tokens", "deletion_pixels", "insertion_pixels")
    gains = {"vitcx": (-0.1, 0.2, 0.1, 0.1), "gradcam": (0.2, 0.1, 0.1, 0.1), "vitcx_quick": (9, 9, 9, 9)}
    gains |= {"random": (0.9,) * 4, "vitcx_published": (0.9,) * 4, "centred_blob": (0.9,) * 4}
    rows = [{"task": "colours", "method": m} | dict(zip(names, g, strict=True)) for m, g in gains.items()]
    columns = (Column("task"), Column("method"), *(Column(n, digits=2) for n in names))
    table = Table("faithful", "", "table", columns, rows, "task")
    found = Evidence("explain", {}, "", 0, "", "", "", 0, [], [table])
    return {"explain": found}, workbench.tasks


def test_a_more_faithful_method_is_named(measured):
    evidence, tasks = measured
    sentence = recommend(evidence, tasks["colours"], "vitcx")
    assert sentence == "On this task's test pictures Grad-CAM was more faithful."


def test_the_best_method_is_called_so(measured):
    evidence, tasks = measured
    assert recommend(evidence, tasks["colours"], "gradcam").endswith("no method was more faithful.")


def test_the_best_method_is_never_one_that_stands_for_comparison(measured):
    evidence, tasks = measured
    assert best(evidence, tasks["colours"]) == "gradcam"
    assert best(evidence, tasks["stripes"]) == best({}, tasks["colours"]) == ""


def test_nothing_is_said_of_what_was_not_measured(measured):
    evidence, tasks = measured
    assert recommend(evidence, tasks["stripes"], "vitcx") == ""
    assert recommend({}, tasks["colours"], "vitcx") == ""
    assert recommend(evidence, None, "vitcx") == ""

"""Which method the tab recommends, given what was measured."""

from __future__ import annotations

import pytest

from dinoscope.evidence import Evidence
from dinoscope.ui.recommendation import recommend


@pytest.fixture
def measured(workbench):
    """Evidence in which Grad-CAM gains most on one task; and that task."""
    gains = {"vitcx": (-0.1, 0.2), "gradcam": (0.2, 0.1), "random": (0.9, 0.9), "vitcx_plain": (0.9, 0.9)}
    rows = [{"task": "colours", "method": m, "deletion_gain": d, "insertion_gain": i} for m, (d, i) in gains.items()]
    rows.append({"task": "colours", "method": "vitcx_quick", "deletion_gain": 9.0, "insertion_gain": 9.0})
    rows.append({"set": "colours", "method": "rollout", "overlap": 0.9})
    found = Evidence("explain", {}, "", 0, "", "", "", 0, rows, [])
    return {"explain": found}, workbench.tasks


def test_a_more_faithful_method_is_named(measured):
    evidence, tasks = measured
    sentence = recommend(evidence, tasks["colours"], "vitcx")
    assert sentence == "On this task's test pictures Grad-CAM was more faithful."


def test_the_best_method_is_called_so(measured):
    evidence, tasks = measured
    assert recommend(evidence, tasks["colours"], "gradcam").endswith("no method was more faithful.")


def test_nothing_is_said_of_what_was_not_measured(measured):
    evidence, tasks = measured
    assert recommend(evidence, tasks["stripes"], "vitcx") == ""
    assert recommend({}, tasks["colours"], "vitcx") == ""
    assert recommend(evidence, None, "vitcx") == ""

"""Evidence tab: any file with the common head is shown, drawn where it can be, and can be taken away as CSV."""

from __future__ import annotations

import base64
import csv
import io
import re
from dataclasses import replace

import pytest

from dinoscope.evidence import Evidence
from dinoscope.ui import evidence_figures as figures
from dinoscope.ui import evidence_markup as markup

FINGERPRINT = "f" * 64


def evidence(rows: list[dict], name: str = "backbone", **more) -> Evidence:
    facts = {
        "headline": {"label": "Mean balanced accuracy", "value": 77.6, "low": 76.1, "high": 79.0, "unit": "%"},
        "command": "dinoscope benchmark backbone --images ../shared/data",
        "seed": 0,
        "fingerprint": FINGERPRINT,
        "machine": "AMD EPYC, 2 cores, Linux",
        "date": "2026-11-20",
        "seconds": 900.0,
        "rows": rows,
        "notes": ["A note."],
    }
    return Evidence(name=name, **facts | more)


def compared(place: str) -> dict:
    """A row of backbone.json."""
    return {"set": place, "test pictures": 60, "pixels": 55.1, "backbone, linear": 80.2, "interval": "75.0 to 84.9"}


def curve(place: str) -> list[dict]:
    """Rows of labels.json."""
    row = {"set": place, "method": "kNN", "draws": 10}
    return [
        row | {"labels a class": n, "balanced accuracy": v, "low": v - 3, "high": v + 3}
        for n, v in ((1, 40.0), (10, 60.0))
    ]


@pytest.fixture
def colours(workbench):
    """A fitted task of exclusive classes."""
    return workbench.tasks["colours"]


def test_the_answer_comes_first_with_its_interval_and_what_guessing_gives(colours):
    right = colours.facts["metrics"]["balanced_accuracy"]
    shown = markup.task(colours, {}, FINGERPRINT)
    assert shown.startswith('<p class="answer"')
    assert f"<b>{100 * right['value']:.0f} %</b>" in shown
    assert f"{100 * right['low']:.0f} to {100 * right['high']:.0f} %" in shown
    assert "guessing gives 33 %" in shown


def test_the_fitted_heads_confusion_and_reliability_are_drawn_with_their_source(colours):
    shown = markup.task(colours, {}, FINGERPRINT)
    assert shown.count("<figure") == 2
    assert shown.count("tasks/colours/task.json") == 2
    assert colours.facts["metrics"]["date"] in shown
    counted = sum(int(n) for n in re.findall(r'<td class="(?:right|wrong)"[^>]*>(\d+)</td>', shown))
    assert counted == colours.facts["metrics"]["pictures"]


def test_metrics_of_an_older_fit_are_shown_as_far_as_they_go(colours):
    old = {k: v for k, v in colours.facts["metrics"].items() if k in ("pictures", "balanced_accuracy")}
    shown = markup.task(replace(colours, facts=colours.facts | {"metrics": old}), {}, FINGERPRINT)
    assert "<figure" not in shown
    assert shown.count('class="headline"') == 1


def test_a_head_that_met_no_real_test_picture_says_so(colours):
    shown = markup.task(replace(colours, facts=colours.facts | {"metrics": {}}), {}, FINGERPRINT)
    assert "nothing is known about it" in shown


def test_findings_are_judged_one_by_one(colours):
    metrics = {
        "pictures": 50,
        "balanced_accuracy": {"value": 0.7, "low": 0.6, "high": 0.8},
        "roc_auc": {"value": 0.75, "low": 0.7, "high": 0.8},
        "findings_roc_auc": {"red": 0.91, "green": 0.55},
    }
    head = replace(colours.head, thresholds=(0.5,) * 3)
    shown = markup.task(replace(colours, head=head, facts=colours.facts | {"metrics": metrics}), {}, FINGERPRINT)
    assert "guessing gives 50 %" in shown
    assert shown.index("0.91") < shown.index("0.55")


def test_only_what_was_measured_on_the_chosen_task_is_drawn_for_it(colours):
    files = {
        "backbone": evidence([compared("colours"), compared("stripes")]),
        "labels": evidence(curve("stripes"), "labels"),
    }
    shown = markup.task(colours, files, FINGERPRINT)
    assert "backbone, linear: 80.2 %, 95 % interval 75 to 84.9" in shown
    assert "labels.json" not in shown
    assert "backbone.json · 2026-11-20 · <code>dinoscope benchmark backbone" in shown


def test_groups_of_patients_are_drawn_with_their_intervals(colours):
    row = {"groups of": "colours", "group": "female", "pictures": 31, "measure": "balanced accuracy", "value": 70.5}
    shown = markup.task(colours, {"x": evidence([row | {"low": 60.0, "high": 80.0}], "x")}, FINGERPRINT)
    assert "female (31): 70.5 %, 95 % interval 60 to 80" in shown
    findings = row | {"measure": "mean ROC-AUC", "low": 60.0, "high": 80.0}
    assert "Mean ROC-AUC in percent" in figures.of_rows(evidence([findings], "x"), "colours")[0]


def difference(place: str, finding: str, against: str, value: float) -> dict:
    """A row of start.json."""
    row = {"set": place, "finding": finding, "way": "frozen", "against": against}
    return row | {"difference": value, "from": value - 0.1, "to": value + 0.1, "p, Holm": 0.2}


def test_a_start_that_is_behind_lies_left_of_the_middle(colours):
    rows = [difference("colours", "blue_spot", "random", -0.1), difference("colours", "red", "supervised", 0.2)]
    (drawn,) = figures.of_rows(evidence(rows, "start"), "colours")
    places = dict(re.findall(r'title="(\w[\w ]*), against.*?class="point" style="left:([\d.]+)%', drawn, re.DOTALL))
    assert float(places["blue spot"]) == pytest.approx(50 - 100 / 6, abs=0.1)
    assert float(places["red"]) == pytest.approx(50 + 100 / 3, abs=0.1)
    assert "no difference" in drawn


def probed(about: str, measure: str, method: str, value: float) -> dict:
    """A row of encoders.json."""
    row = {"set": about, "probe": "metadata", "method": method, "measure": measure, "value": value}
    return row | {"low": value, "high": value, "chance": 50.0 if measure == "balanced accuracy" else 0.0}


def test_encoders_are_compared_probe_by_probe_each_on_its_own_scale():
    rows = [probed("colours: sex", "balanced accuracy", m, v) for m, v in (("bundled", 70.0), ("other", 60.0))]
    rows += [probed("colours: age", "R2", "bundled", 0.25)]
    sex, age = figures.of_rows(evidence(rows, "encoders"), "colours")
    assert sex.index("bundled") < sex.index("other")
    assert "Sex from frozen features" in sex
    assert "50 % by guessing" in sex
    assert "guessing" not in age
    assert 'class="point" style="left:25.0%' in age


def test_numbers_of_another_backbone_are_marked(colours):
    files = {"backbone": evidence([compared("colours")], fingerprint="a" * 64)}
    assert "Measured on backbone aaaaaaaa" in markup.task(colours, files, FINGERPRINT)
    assert "Measured on backbone" not in markup.task(colours, {"x": evidence([compared("colours")])}, FINGERPRINT)
    assert "Measured on backbone aaaaaaaa" in markup.everything(files, {}, FINGERPRINT)


def test_the_mean_over_the_sets_is_drawn_and_sets_are_called_by_their_titles():
    shown = markup.everything(
        {"labels": evidence([*curve("colours"), *curve("mean")], "labels")}, {"colours": "Tints"}, FINGERPRINT
    )
    assert shown.count('<svg class="plot"') == 1
    assert '<span title="colours">Tints</span>' in shown
    assert "kNN, labels a class 10: 60 (57 to 63)" in shown


def test_how_a_search_slows_down_as_the_cases_grow_is_drawn_where_more_than_one_size_was_timed():
    def timed(place: str, cases: int) -> dict:
        return {"kept_in": place, "cases": cases} | {f"{s}_ms": cases / 1000 for s in figures.SEARCHES}

    rows = [timed("memory", 20_000), timed("memory", 1000), timed("folder", 5000)]
    shown = markup.everything({"similar": evidence(rows, "similar")}, {}, FINGERPRINT)
    assert shown.count('<svg class="plot"') == 1
    assert "kept in memory" in shown
    assert "region, cases 20000: 20" in shown


def test_a_table_can_be_taken_away_as_it_was_measured():
    rows = [{"set": "colours", "AUROC": 0.99912, "note": 'a "quoted", thing'}, {"set": "x", "AUROC": None, "note": ""}]
    shown = markup.everything({"other": evidence(rows, "other")}, {"colours": "Tints"}, FINGERPRINT)
    coded = re.search(r'download="other 1.csv" href="data:text/csv;base64,([^"]+)"', shown)[1]
    found = list(csv.DictReader(io.StringIO(base64.b64decode(coded).decode())))
    assert found[0] == {"set": "colours", "AUROC": "0.99912", "note": 'a "quoted", thing'}
    assert found[1]["AUROC"] == ""


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{}],
        [{"anything": "at all"}, {"n": 3, "flag": True}],
        [{"set": "colours", "backbone, linear": 80.0, "interval": None}],
        [{"set": "mean", "backbone, linear": 80.0, "interval": "not measured"}],
    ],
)
def test_a_file_of_any_shape_is_shown(rows, colours):
    files = {
        "new_thing": evidence(
            rows, "new_thing", headline={"label": "L", "value": 1, "low": None, "high": None, "unit": ""}
        )
    }
    assert "New thing" in markup.everything(files, {}, FINGERPRINT)
    assert markup.task(colours, files, FINGERPRINT)


def test_text_from_a_file_is_never_markup():
    shown = markup.everything({"x": evidence([{"<i>": "<script>"}], "x", notes=["<b>"])}, {}, FINGERPRINT)
    assert "<script>" not in shown
    assert "<i>" not in shown


def test_without_any_measurement_the_page_says_how_to_make_one():
    assert "dinoscope benchmark" in markup.everything({}, {}, FINGERPRINT)

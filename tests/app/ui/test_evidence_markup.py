"""Evidence tab: any file with the common head is shown, drawn where it can be, and can be taken away as CSV."""

from __future__ import annotations

import base64
import csv
import io
import re
from dataclasses import replace

import pytest

from dinoscope.evidence import Column, Evidence, Table
from dinoscope.notice import NOTICE
from dinoscope.ui import evidence_figures as figures
from dinoscope.ui import evidence_markup as markup
from dinoscope_lab.benchmark import backbone, growth, robustness
from dinoscope_lab.replications import encoders, frozen, labels, start

FINGERPRINT = "f" * 64


def evidence(tables: list[Table], name: str = "backbone", **more) -> Evidence:
    facts = {
        "headline": {"label": "Mean balanced accuracy", "value": 77.6, "low": 76.1, "high": 79.0, "unit": "%"},
        "command": "dinoscope benchmark backbone --images ../shared/data",
        "seed": 0,
        "fingerprint": FINGERPRINT,
        "machine": "AMD EPYC, 2 cores, Linux",
        "date": "2026-11-20",
        "seconds": 900.0,
        "notes": ["A note."],
        "tables": tables,
    }
    return Evidence(name=name, **facts | more)


def compared(*places: str) -> Table:
    """The first table of backbone.json."""
    rows = []
    for place in places:
        row = {"set": place, "pictures": 60, "chance": 25.0}
        ours = {"method": "backbone, linear", "whose": "backbone", "value": 80.2, "value_low": 75.0, "value_high": 84.9}
        rows += [row | ours, row | {"method": "backbone, kNN", "whose": "backbone", "value": 77.7}]
        rows += [row | {"method": m, "whose": "rival", "value": v} for m, v in (("pixels", 55.1), ("network", 78.8))]
    return backbone.sets_table(rows)


def curve(*places: str) -> Table:
    """A table of labels.json."""
    points = ((1, 40.0), (10, 60.0))
    rows = [
        {"set": p, "method": "kNN", "labels": n, "value": v, "value_low": v - 3, "value_high": v + 3}
        for p in places
        for n, v in points
    ]
    return labels.tables(rows, [], [])[0]


@pytest.fixture
def colours(workbench):
    """A fitted task of exclusive classes."""
    return workbench.tasks["colours"]


def test_the_answer_comes_first_with_its_interval_and_what_guessing_gives(colours):
    right = colours.facts["metrics"]["balanced_accuracy"]
    shown = markup.task(colours, {}, FINGERPRINT)
    assert shown.startswith('<p class="answer"')
    assert f"<b>{100 * right['value']:.0f}\N{NO-BREAK SPACE}%</b>" in shown
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


def test_the_first_screen_says_how_good_it_is_against_what_and_shows_it(colours):
    shown = markup.task(colours, {"backbone": evidence([compared("colours", "stripes")])}, FINGERPRINT)
    sentence, rest = shown.split("</p>", 1)
    assert "guessing gives 33 %, the best rival, network, 79 %." in sentence
    figure = rest[: rest.index('class="headlines"')]
    assert figure.count("<figure") == 1
    assert "backbone, linear: 80.2 %, 95 % interval 75 to 84.9" in figure
    assert "network: 78.8 %" in figure
    assert "kNN" not in figure  # another reading of the same network is no rival
    assert "25 % by guessing" in figure


@pytest.mark.parametrize(("gap", "said"), [(4.25, "ahead of"), (-4.25, "behind")])
def test_a_paired_difference_is_said_with_its_interval_whichever_way_it_points(colours, gap, said):
    row = {"set": "colours", "method": "network", "whose": "rival"}
    differences = backbone.differences_table([row | {"ahead": gap, "ahead_low": gap - 1, "ahead_high": gap + 2}])
    shown = markup.task(colours, {"backbone": evidence([compared("colours"), differences])}, FINGERPRINT)
    # What is behind by 4.25 points is behind by 2.25 to 5.25 of them, and not by a negative number.
    ends = "3.2 to 6.2" if gap > 0 else "2.2 to 5.2"
    assert f"79 % (the frozen features are {said} it by 4.2 points, 95 % interval {ends})." in shown


def test_an_interval_that_ends_at_zero_has_no_minus_before_it(colours):
    row = {"set": "colours", "method": "network", "whose": "rival"}
    level = backbone.differences_table([row | {"ahead": -0.4, "ahead_low": -1.4, "ahead_high": 0.0}])
    shown = markup.task(colours, {"backbone": evidence([compared("colours"), level])}, FINGERPRINT)
    assert "behind it by 0.4 points, 95 % interval 0.0 to 1.4)" in shown


def test_only_what_was_measured_on_the_chosen_task_is_drawn_for_it(colours):
    files = {"backbone": evidence([compared("colours", "stripes")]), "labels": evidence([curve("stripes")], "labels")}
    shown = markup.task(colours, files, FINGERPRINT)
    assert "backbone, linear: 80.2 %, 95 % interval 75 to 84.9" in shown
    assert "labels.json" not in shown
    assert "backbone.json · 2026-11-20 · <code>dinoscope benchmark backbone" in shown


def test_groups_of_patients_are_drawn_with_their_intervals(colours):
    row = {"task": "colours", "group": "female", "pictures": 31, "measure": "balanced accuracy", "value": 70.5}
    tables = robustness.tables([], [row | {"value_low": 60.0, "value_high": 80.0}], [])
    shown = markup.task(colours, {"x": evidence(tables, "x")}, FINGERPRINT)
    assert "female: 70.5 %, 95 % interval 60 to 80" in shown


def test_a_start_that_is_behind_lies_left_of_the_middle(colours):
    def difference(finding: str, against: str, value: float) -> dict:
        row = {"set": "colours", "finding": finding, "way": "frozen", "against": against}
        return row | {"ahead": value, "ahead_low": value - 0.1, "ahead_high": value + 0.1}

    rows = [difference("blue_spot", "random", -0.1), difference("red", "supervised", 0.2)]
    (drawn,) = figures.of_place(evidence(start.tables([], rows), "start"), "colours")
    found = re.findall(r'title="(\w[\w ]*), .*?class="point" style="left:([\d.]+)%', drawn, re.DOTALL)
    places = {name: float(place) for name, place in found}
    assert places["blue spot"] == pytest.approx(50 - 100 / 6, abs=0.1)
    assert places["red"] == pytest.approx(50 + 100 / 3, abs=0.1)
    assert "no difference" in drawn


def test_encoders_are_compared_question_by_question_each_on_its_own_scale():
    def probed(question: str, method: str, value: float) -> dict:
        row = {"set": "colours", "question": question, "method": method, "chance": 50.0}
        return row | {"value": value, "value_low": value, "value_high": value}

    rows = [probed("sex", m, v) for m, v in (("bundled", 70.0), ("other", 60.0))] + [probed("age", "bundled", 0.25)]
    age, sex = figures.of_place(evidence(encoders.tables(rows, [], "bundled"), "encoders"), "colours")
    assert sex.index("bundled") < sex.index("other")
    assert "Sex from frozen features" in sex
    assert "50 % by guessing" in sex
    assert "guessing" not in age
    assert 'class="point" style="left:25.0%' in age


def test_what_is_taken_for_what_is_a_matrix(colours):
    pairs = [("a", "a", 3), ("a", "b_c", 1), ("b_c", "a", 0), ("b_c", "b_c", 5)]
    rows = [{"set": "colours", "split": "grouped", "is": i, "called": c, "pictures": n} for i, c, n in pairs]
    (drawn,) = figures.of_place(evidence(frozen.tables([], [], [], rows), "frozen"), "colours")
    assert "a called b c: 1 of 4 (25 %)" in drawn


def test_numbers_of_another_backbone_are_marked(colours):
    files = {"backbone": evidence([compared("colours")], fingerprint="a" * 64)}
    assert "Measured on backbone aaaaaaaa" in markup.task(colours, files, FINGERPRINT)
    assert "Measured on backbone" not in markup.task(colours, {"x": evidence([compared("colours")])}, FINGERPRINT)
    assert "Measured on backbone aaaaaaaa" in markup.everything(files, {}, FINGERPRINT)


def test_the_mean_over_the_sets_is_drawn_and_sets_are_called_by_their_titles():
    files = {"labels": evidence([curve("colours", "mean"), compared("colours", "mean")], "labels")}
    shown = markup.everything(files, {"colours": "Tints"}, FINGERPRINT)
    assert shown.count('<svg class="plot"') == 1
    assert '<span title="colours">Tints</span>' in shown
    assert "kNN, labels a class 10: 60 (57 to 63)" in shown


def test_how_a_search_slows_down_as_the_cases_grow_is_drawn_where_more_than_one_size_was_timed():
    rows = [
        {"place": place, "cases": n, "search": s, "median": n / 1000, "late": n / 500}
        for place, n in (("memory", 20_000), ("memory", 1000), ("folder", 5000))
        for s in ("plain", "region")
    ]
    shown = markup.everything({"growth": evidence(growth.tables(rows), "growth")}, {}, FINGERPRINT)
    assert shown.count('<svg class="plot"') == 1
    assert "already; memory." in shown
    assert "region, cases 20,000: 20" in shown


def test_a_table_can_be_taken_away_as_it_was_measured():
    columns = (Column("set"), Column("area", "AUROC", "", 3, "low", "high"), Column("note"))
    rows = [{"set": "colours", "area": 0.99912, "low": 0.9, "note": 'a "quoted", thing'}, {"set": "x", "note": ""}]
    table = Table("areas", "Areas", "table", columns, rows)
    shown = markup.everything({"other": evidence([table], "other")}, {"colours": "Tints"}, FINGERPRINT)
    coded = re.search(r'download="other areas.csv" href="data:text/csv;base64,([^"]+)"', shown)[1]
    found = list(csv.DictReader(io.StringIO(base64.b64decode(coded).decode())))
    known = {"set": "colours", "area": "0.99912", "low": "0.9", "high": "", "note": 'a "quoted", thing'}
    assert found[0] == known | {"notice": NOTICE}
    assert found[1]["area"] == ""


@pytest.mark.parametrize("value", [0.0, -3.0, 250.0, None])
@pytest.mark.parametrize("unit", ["", "%"])
def test_a_table_of_any_numbers_is_shown(value, unit, colours):
    columns = (Column("set"), Column("by"), Column("v", unit=unit, digits=1))
    rows = [{"set": of, "by": "b", "v": value} for of in ("colours", "mean")]
    tables = [Table("t", "T", "bars", columns, some, "set", y="v", by=("by",)) for some in (rows, [])]
    head = {"label": "L", "value": 1, "low": None, "high": None, "unit": ""}
    files = {"new_thing": evidence(tables, "new_thing", headline=head)}
    assert "New thing" in markup.everything(files, {}, FINGERPRINT)
    assert markup.task(colours, files, FINGERPRINT)


def test_text_from_a_file_is_never_markup():
    table = Table("<i>", "<i>", "table", (Column("<i>"),), [{"<i>": "<script>"}])
    shown = markup.everything({"x": evidence([table], "x", notes=["<b>"])}, {}, FINGERPRINT)
    assert "<script>" not in shown
    assert "<i>" not in shown


def test_without_any_measurement_the_page_says_how_to_make_one():
    assert "dinoscope benchmark" in markup.everything({}, {}, FINGERPRINT)

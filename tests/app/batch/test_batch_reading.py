"""A batch that is read: rows, summary, table, and the command."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from dinoscope.batch import command, rows, sheet, summary
from dinoscope.batch.gather import Item, gather
from dinoscope.batch.rows import Row
from dinoscope.cli import main
from dinoscope.notice import NOTICE
from dinoscope.settings import Settings
from dinoscope.ui import batch_markup
from dinoscope.workbench import Workbench
from fixtures.tiny import drawn


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures a class that nobody has seen, one of them broken, in folders as a reader would call them."""
    root = tmp_path_factory.mktemp("batch") / "set"
    for label in ("blue", "green", "red"):
        (root / label.upper()).mkdir(parents=True)
        for i in range(6):
            drawn("colours", label, 5000 + i, strength=80).save(root / label.upper() / f"={i}.png")
    (root / "RED" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return root


@pytest.fixture(scope="module")
def read(workbench: Workbench, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """Their rows."""
    items = gather([folder], tmp_path_factory.mktemp("into")).items
    return [step.row for step in rows.read(workbench, items, "colours")]


def test_a_batch_is_read_by_the_task_that_most_of_its_pictures_are_nearest_to(workbench: Workbench, folder: Path):
    items = gather([folder], folder).items
    assert rows.task_of(workbench, items)[0] == "colours"


def test_progress_counts_and_tells_how_long_the_rest_takes(workbench: Workbench, folder: Path):
    steps = list(rows.read(workbench, gather([folder], folder).items[:3], "colours"))
    assert [(s.done, s.total) for s in steps] == [(1, 3), (2, 3), (3, 3)]
    assert steps[0].left > 0
    assert steps[-1].left == 0


def test_a_batch_stops_when_it_is_told_to(workbench: Workbench, folder: Path):
    def no() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(rows.read(workbench, gather([folder], folder).items, "colours", no))


def test_a_row_is_the_reading_of_the_picture_alone(workbench: Workbench, read: list[Row]):
    reading = workbench.classify(read[0].item.path, "colours")
    assert read[0].reading.probabilities == pytest.approx(reading.probabilities)
    assert read[0].pooled.shape == (workbench.encoder.width,)
    broken = next(r for r in read if r.item.name.endswith("broken.png"))
    assert broken.reading is None
    assert '"broken.png" is cut short' in broken.error


def test_folders_that_name_classes_give_balanced_accuracy_and_a_confusion_matrix(workbench: Workbench, read: list[Row]):
    found = summary.of(read, workbench.tasks["colours"])
    labelled = [r for r in read if r.reading]
    by_hand = [sum(r.right for r in labelled if r.truth == c) / 6 for c in ("blue", "green", "red")]
    assert found.measured.balanced_accuracy.value == pytest.approx(sum(by_hand) / 3)
    assert sum(map(sum, found.measured.confusion)) == found.measured.pictures == 18
    assert found.measured.balanced_accuracy.low <= found.measured.balanced_accuracy.value
    assert "So few say little" in summary.caveats(found.measured)
    assert found.unreadable == ("RED/broken.png",)
    assert sum(found.answers.values()) == 18


def test_a_picture_that_stands_there_twice_is_measured_once(workbench: Workbench, read: list[Row]):
    again = [replace(r, item=replace(r.item, name=f"again/{r.item.name}")) for r in read if r.truth == "red"]
    found = summary.of([*read, *again], workbench.tasks["colours"])
    assert found.measured == summary.of(read, workbench.tasks["colours"]).measured
    assert "6 pictures that repeat another one are counted once." in found.why_not


def test_pictures_the_head_was_made_with_are_not_measured(workbench: Workbench, public_pictures: Path, tmp_path: Path):
    items = gather([public_pictures / "colours"], tmp_path).items
    read = [s.row for s in rows.read(workbench, [*items[:3], *items[-3:]], "colours")]
    found = summary.of(read, workbench.tasks["colours"])
    assert found.known == sum(r.known for r in read) > 0
    assert found.measured is None or found.measured.pictures == 6 - found.known


def test_of_a_single_class_no_balanced_accuracy_is_claimed(workbench: Workbench, read: list[Row]):
    found = summary.of([r for r in read if r.truth == "red"], workbench.tasks["colours"])
    assert found.measured is None
    assert "of 6 pictures of red are called so, the only label here" in found.why_not


def test_labels_of_another_question_are_said_and_not_measured(workbench: Workbench, read: list[Row]):
    other = [Row(Item(r.item.name, r.item.path, "disc"), r.reading) for r in read]
    found = summary.of(other, workbench.tasks["colours"])
    assert found.measured is None
    assert "The labels (disc) are none of the classes" in found.why_not


def test_a_batch_without_labels_says_nothing_of_them(workbench: Workbench, read: list[Row]):
    found = summary.of([Row(Item(r.item.name, r.item.path), r.reading) for r in read], workbench.tasks["colours"])
    assert found.measured is None
    assert found.why_not == ""


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", " =1", "\t=1", "|cmd", "＝1", "%x", "\r\n=1"])
def test_no_cell_begins_a_formula_or_a_line(name: str):
    found = str(sheet.cell(name))
    assert found.startswith("'")
    assert "\n" not in found


def test_the_table_has_a_line_for_each_picture_and_the_notice_in_each(workbench: Workbench, read: list[Row]):
    row = Row(Item('=HYPERLINK("x")\u202e.png', Path("x"), "@label"), error="-broken")
    table = list(csv.DictReader(io.StringIO(sheet.text([*read, row], workbench.tasks["colours"]))))
    assert len(table) == len(read) + 1
    assert {line["notice"] for line in table} == {NOTICE}
    assert not [v for line in table for v in line.values() if v.startswith(sheet.FORMULA)]
    assert table[-1]["file"] == '\'=HYPERLINK("x") .png'
    assert float(table[0]["probability"]) == pytest.approx(max(read[0].reading.probabilities.values()), abs=1e-4)
    assert table[0]["right"] in ("yes", "no")


def test_the_command_writes_the_table_and_says_what_it_comes_to(
    tiny_settings: Settings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    monkeypatch.setattr(command.settings, "load", lambda: tiny_settings)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert main(["read", str(folder), "--csv", str(tmp_path / "o.csv"), "--task", "colours"]) == 0
    assert (tmp_path / "o.csv").read_bytes().startswith(codecs.BOM_UTF8), "by which spreadsheets know that it is UTF-8"
    with (tmp_path / "o.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 19
    said = capsys.readouterr().err
    assert "Balanced accuracy" in said
    assert "1 not readable: RED/broken.png" in said
    assert NOTICE in said
    assert main(["read", str(tmp_path / "nothing")]) == 1
    assert main(["read", str(folder), "--task", "knee"]) == 1
    assert [p.name for p in tmp_path.glob("dinoscope-*/*")] == []


def test_findings_are_those_that_reach_their_threshold_and_no_folder_is_wrong(workbench: Workbench, read: list[Row]):
    task = workbench.tasks["colours"]
    several = replace(task, head=replace(task.head, thresholds=(0.5,) * 3))
    assert not several.head.exclusive
    assert rows.names(several) == {}, "one name of several is neither right nor wrong"
    first = replace(next(r for r in read if r.reading), truth="")
    two, none = (replace(first, reading=replace(first.reading, prediction_set=s)) for s in (("blue", "red"), ()))
    answers = [sheet.record(r, several)["answer"] for r in (two, none)]
    assert answers == [f"{task.display('blue')}, {task.display('red')}", "no finding"]
    found = summary.of([two, none], several)
    assert (found.answers, found.none) == ({"blue": 1, "red": 1}, 1)
    assert f"  {1:5d}  no finding" in command.lines(found, several)
    shown = batch_markup.table([two, none], several)
    assert "<small>or " not in shown
    assert f"nearest: {task.display(first.reading.label)}" in shown
    assert "Findings that reach their threshold" in batch_markup.summary([two, none], several, ())

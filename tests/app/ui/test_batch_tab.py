"""Batch on the page: what a visitor sees of many pictures, and what is left of them afterwards; and /batch."""

from __future__ import annotations

import csv
import errno
import socket
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from dinoscope.batch.gather import Item
from dinoscope.batch.rows import Row
from dinoscope.errors import RequestError
from dinoscope.notice import NOTICE
from dinoscope.reading.scope import Scope
from dinoscope.settings import Settings
from dinoscope.ui import batch_markup, batch_view, case_panel, page
from dinoscope.ui.batch_view import Batcher, BatchView
from dinoscope.visit_tasks import VisitTasks
from dinoscope.workbench import Workbench
from fixtures.tiny import drawn

HOSTILE = '</td><script>alert(1)</script>" onerror="x'


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Four pictures a class, in folders, and one that is broken."""
    path = tmp_path / "ours.zip"
    with zipfile.ZipFile(path, "w") as made:
        for label in ("blue", "red"):
            for i in range(4):
                file = tmp_path / f"{label}{i}.png"
                drawn("colours", label, 7000 + i, strength=80).save(file)
                made.write(file, f"{label}/{i}.png")
        made.writestr("red/broken.png", b"\x89PNG")
    return path


@pytest.fixture
def batcher(workbench: Workbench, tmp_path: Path) -> Batcher:
    """Batches of the tiny workbench, whose visits lie in a folder of the test's."""
    (tmp_path / "visits").mkdir()
    return Batcher(workbench, tmp_path / "visits")


def last(batcher: Batcher, *files: Path, task: str | None = "colours") -> BatchView:
    *_, view = batcher.run([str(f) for f in files], task, "visitor")
    return view


def test_an_archive_becomes_a_table_a_summary_and_a_file(batcher: Batcher, archive: Path):
    view = last(batcher, archive)
    assert "Balanced accuracy" in view.summary
    assert "is, down; called, across" in view.summary
    assert view.table.count("<tr>") == 10
    with open(view.csv, encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 9
    assert lines[0]["notice"] == NOTICE
    assert view.progress == ""


def test_without_a_task_the_nearest_is_guessed_and_that_is_said(batcher: Batcher, archive: Path):
    view = last(batcher, archive, task=None)
    assert view.batch.task == "colours"
    assert "a guess, as 8 of 8 pictures asked are nearest to it" in view.summary


def test_what_was_unpacked_lies_in_the_visits_folder_and_goes_with_the_batch(batcher: Batcher, archive: Path):
    view = last(batcher, archive)
    (own,) = batcher.folder.iterdir()
    assert own.stat().st_mode & 0o077 == 0
    assert all(r.item.path.is_relative_to(own) for r in view.batch.rows)
    batcher.waiting("visitor", view.batch)
    assert list(batcher.folder.iterdir()) == []


def test_a_row_can_be_opened_and_no_other_number(batcher: Batcher, archive: Path):
    batch = last(batcher, archive).batch
    chosen = batcher.open(batch, 5)
    assert chosen.name == batch.rows[5].item.name
    assert chosen.task == "colours"
    for number in (9, -1, None, "0", 1.5):
        with pytest.raises(RequestError, match="no such row"):
            batcher.open(batch, number)


def test_a_batch_that_is_stopped_shows_what_was_read_by_then(batcher: Batcher, archive: Path, monkeypatch):
    monkeypatch.setattr(batch_view, "SHOW_EVERY", 0)
    steps = batcher.run([str(archive)], "colours", "visitor")
    first = next(steps)
    assert "1 of 9 pictures read" in first.progress
    batcher.running.stop("visitor")
    *_, view = steps
    assert "Stopped after 1 of 9 pictures." in view.summary
    assert not view.batch.whole


def test_a_batch_that_is_superseded_says_nothing_and_leaves_nothing(batcher: Batcher, archive: Path, monkeypatch):
    monkeypatch.setattr(batch_view, "SHOW_EVERY", 0)
    steps = batcher.run([str(archive)], "colours", "visitor")
    next(steps)
    batcher.waiting("visitor", None)
    assert list(steps) == []
    assert list(batcher.folder.iterdir()) == []


def test_what_cannot_be_read_is_a_sentence_and_leaves_nothing(batcher: Batcher, tmp_path: Path, monkeypatch):
    path = tmp_path / "letters.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("letter.txt", "Dear colleague")
    assert "holds no picture" in last(batcher, path).progress
    assert list(batcher.folder.iterdir()) == []
    monkeypatch.setattr(batch_view, "MOST_KEPT", 0)
    assert "The server holds as many uploads as it can" in last(batcher, path).progress


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_is_a_sentence_and_leaves_nothing(batcher: Batcher, archive: Path, monkeypatch, code):
    def full(*_: object) -> None:
        (next(batcher.folder.iterdir()) / "half.png").write_bytes(b"x")
        raise OSError(code, "no space")

    monkeypatch.setattr(batch_view, "gather", full)
    assert "The server holds as many uploads as it can" in last(batcher, archive).progress
    assert list(batcher.folder.iterdir()) == []


def test_a_fault_ends_the_waiting_in_a_sentence_goes_on_to_the_log_and_leaves_nothing(
    batcher: Batcher, archive: Path, monkeypatch
):
    monkeypatch.setattr(batch_view.rows, "read", lambda *_: 1 / 0)
    steps = batcher.run([str(archive)], "colours", "visitor")
    view = next(steps)
    assert "Something went wrong here, and it is not your doing" in view.progress
    assert not view.stop
    with pytest.raises(ZeroDivisionError):
        next(steps)
    assert list(batcher.folder.iterdir()) == []


def test_a_page_that_is_closed_leaves_nothing_of_a_batch_under_way(batcher: Batcher, archive: Path, monkeypatch):
    monkeypatch.setattr(batch_view, "SHOW_EVERY", 0)
    steps = batcher.run([str(archive)], "colours", "visitor")
    next(steps)
    steps.close()
    assert list(batcher.folder.iterdir()) == []


def test_a_head_is_fitted_for_the_visit_and_reads_what_is_opened_next(batcher: Batcher, workbench, tmp_path: Path):
    path = tmp_path / "warmth.zip"
    with zipfile.ZipFile(path, "w") as made:
        for name, label in (("warm", "red"), ("cold", "blue")):
            for i in range(6):
                drawn("colours", label, 8000 + i, strength=90).save(tmp_path / "x.png")
                made.write(tmp_path / "x.png", f"{name}/{name}{i}.png")
    own = Batcher(replace(workbench, tasks=VisitTasks(workbench.tasks)), batcher.folder)
    batch = last(own, path).batch
    assert "Say first which pictures" in own.fit(batch, None, "", "visitor").fit_said
    assert "`name` has 61 letters" in own.fit(batch, "each", "x" * 61, "visitor").fit_said
    view = own.fit(batch, "each", "Warm?", "visitor")
    assert "Measured by cross-validation" in view.summary
    assert "12 pictures of 12 patients" in view.summary
    assert view.batch.task not in Path(view.csv).read_text()  # its name is a secret of this visit
    assert Path(view.parcel).is_relative_to(batch.folder)
    chosen = own.open(view.batch, 0)
    assert own.workbench.classify(chosen.decoded, chosen.task).label in ("warm", "cold")
    assert "fitted on this very picture" in chosen.remark
    panel = case_panel.Panel(own.workbench, lambda task, label, seed: Image.new("RGB", (8, 8)))
    assert ("Yours: Warm?", view.batch.task) in panel.tasks(None, "visitor").choices
    assert panel.tasks(None, "another").choices == panel.tasks().choices
    again = own.fit(view.batch, "each", "Again", "visitor").batch
    assert again.read_by == "colours"
    own.forget(again)
    assert not Path(batch.folder).exists()
    assert view.batch.task in own.workbench.tasks  # another batch takes no head that is still used


def test_a_batch_that_the_head_does_not_know_begins_with_that(batcher: Batcher, archive: Path, workbench: Workbench):
    task, rows = workbench.tasks["colours"], last(batcher, archive).batch.rows
    strange = [replace(r, reading=r.reading and replace(r.reading, scope=Scope(0.9, 0.0, False))) for r in rows]
    page_part = batch_markup.summary(strange, task, [])
    warning = "This head does not know such pictures: 8 of 8 are unlike anything it was fitted on."
    assert page_part.index(warning) < page_part.index("Balanced accuracy")
    few = [*strange[:3], *rows[3:]]
    assert "does not know such pictures" not in batch_markup.summary(few, task, [])


def test_the_table_says_how_many_rows_it_scrolls_over(batcher: Batcher, archive: Path, workbench: Workbench):
    view = last(batcher, archive)
    assert "9 pictures" in view.table.split("<table")[0]
    assert "blue/<wbr>0.png" in view.table


def test_no_name_or_label_becomes_a_tag(workbench: Workbench):
    task = workbench.tasks["colours"]
    rows = [Row(Item(HOSTILE, Path("x"), HOSTILE, series=HOSTILE), error=HOSTILE)]
    page_part = str(batch_markup.table(rows, task) + batch_markup.summary(rows, task, [HOSTILE]))
    assert "&lt;script&gt;" in page_part
    assert "<script" not in page_part
    assert '" onerror' not in page_part


@pytest.fixture(scope="module")
def client(workbench: Workbench):
    """A program that talks to the page on the tiny assets."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    demo = page.build(workbench, {}, lambda task, label, seed: Image.new("RGB", (64, 64)))
    try:
        yield Client(page.launch(demo, Settings(port=port)), verbose=False)
    finally:
        demo.close(verbose=False)


def test_programs_send_an_archive_and_get_lines_and_a_table_by_their_names(client: Client, archive: Path):
    endpoint = client.view_api(return_format="dict")["named_endpoints"]["/batch"]
    assert [p["label"] for p in endpoint["parameters"]] == ["pictures", "task"]
    assert [r["label"] for r in endpoint["returns"]] == ["batch", "table"]
    answer, table = client.predict([handle_file(archive)], "colours", api_name="/batch")
    assert answer["notice"] == NOTICE
    assert len(answer["rows"]) == 9
    assert answer["summary"]["measured"]["pictures"] == 8
    assert answer["rows"][0]["answer"] in workbench_classes(answer)
    with open(table, encoding="utf-8-sig", newline="") as file:
        assert [line["file"] for line in csv.DictReader(file)] == [row["file"] for row in answer["rows"]]


def workbench_classes(answer: dict) -> set[str]:
    return set(answer["summary"]["answers"])


@pytest.mark.parametrize(
    ("task", "sentence"), [("knee", "no task is called “knee”"), ("x" * 300, "`task` has 300 letters")]
)
def test_a_program_is_refused_with_a_sentence(client: Client, archive: Path, task: str, sentence: str):
    with pytest.raises(AppError, match=sentence):
        client.predict([handle_file(archive)], task, api_name="/batch")


def test_a_program_is_refused_where_uploads_fill_the_server(client: Client, archive: Path, monkeypatch):
    monkeypatch.setattr(batch_view, "MOST_KEPT", 0)
    with pytest.raises(AppError, match="The server holds as many uploads as it can"):
        client.predict([handle_file(archive)], "colours", api_name="/batch")


def test_a_batch_that_is_stopped_before_its_turn_is_not_read(batcher: Batcher, archive: Path):
    waiting = batcher.waiting("visitor", None)
    assert batcher.running.stop("visitor")
    (view,) = batcher.run([str(archive)], "colours", "visitor", waiting.turn)
    assert "Stopped; nothing was read." in view.progress
    assert not view.stop

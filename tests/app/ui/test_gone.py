"""What is gone since it was asked for - a head, a file, a batch - is a sentence, and takes nothing else along."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest
from PIL import Image

from dinoscope.batch import rows
from dinoscope.batch.gather import Item
from dinoscope.errors import RequestError
from dinoscope.reading import images
from dinoscope.ui import page, similar_filters
from dinoscope.ui.answers import Reader
from dinoscope.ui.batch_view import Batch, Batcher
from dinoscope.ui.case_panel import AUTO, Panel
from dinoscope.ui.see_view import Seer
from dinoscope.ui.similar_view import Wanted
from dinoscope.ui.trail import Step, Trail
from dinoscope.ui.visit import Chosen
from dinoscope.visit_tasks import VisitTasks
from fixtures.asking import said
from fixtures.tiny import drawn

HEAD_GONE = "the head that was fitted in this visit is gone; fit it again under Batch"


@pytest.fixture(scope="module")
def reader(workbench):
    return Reader.of(replace(workbench, tasks=VisitTasks(workbench.tasks)), {})


@pytest.fixture(scope="module")
def read(reader) -> Chosen:
    """A picture that was read with a task of everybody."""
    return reader.read(Chosen(images.read(drawn("colours", "red", 9)), "mine.png", task="colours")).chosen


@pytest.fixture
def orphan(read) -> Chosen:
    """The same, read with a head that is gone."""
    return replace(read, task="own-gone", reading=replace(read.reading, task="own-gone"))


def test_a_head_that_is_gone_is_named_by_every_room(reader, read, orphan, tmp_path: Path):
    bench, explainer, searcher = reader.workbench, reader.explainer, reader.searcher
    assert said(explainer.first, orphan, "gradcam", "", False, 0) == HEAD_GONE
    assert said(explainer.classes, orphan) == HEAD_GONE
    query = replace(bench.query(read.picture, "colours"), task="own-gone")
    trail = Trail((Step(query, "this picture"),))
    assert HEAD_GONE in searcher.begin(orphan, Wanted()).board
    assert said(searcher.view, orphan, trail, Wanted()) == HEAD_GONE
    assert HEAD_GONE in searcher.open(trail, "phantom_red_0")
    assert said(bench.similar, query) == HEAD_GONE
    assert said(bench.differential, query) == HEAD_GONE
    assert HEAD_GONE in Seer(bench).board(orphan)
    assert Seer(bench).cases(orphan) == []
    assert said(list, rows.read(bench, [Item("a.png", tmp_path / "a.png")], "own-gone")) == HEAD_GONE


def test_a_point_that_is_no_case_of_the_trail_is_a_sentence(reader, read):
    trail = reader.searcher.begin(read, Wanted()).trail
    assert "no such case here" in reader.searcher.open(trail, "across_00")


def test_a_frame_of_a_file_that_was_deleted_leaves_the_picture_that_is_shown(workbench, tmp_path: Path):
    panel = Panel(workbench, lambda task, label, seed: drawn(task, label, seed))
    frames = [drawn("colours", "red", i).convert("RGB") for i in range(3)]
    path = tmp_path / "scan.tif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    chosen = panel.upload([str(path)], AUTO).chosen
    assert panel.turn(chosen, 2).chosen.decoded.frame == 2
    path.unlink()
    view = panel.turn(chosen, 2)
    assert view.chosen is chosen
    assert view.frame["value"] == chosen.decoded.frame == 1
    assert 'alt="scan.tif"' in view.picture
    assert "“scan.tif” was deleted: files are kept for 30 minutes. Give it again." in view.picture


def test_a_row_whose_file_was_deleted_and_a_batch_that_was_forgotten_say_so(workbench, tmp_path: Path):
    batcher = Batcher(workbench, tmp_path)
    batch = Batch((rows.Row(Item("set/a.png", tmp_path / "a.png")),), "colours")
    with pytest.raises(RequestError, match=r"“set/a.png” was deleted: files are kept for 30 minutes"):
        batcher.open(batch, 0)
    with pytest.raises(RequestError, match="This batch was forgotten meanwhile"):
        batcher.open(None, 0)


def test_an_old_row_takes_down_nothing(workbench, read):
    panel = Panel(workbench, lambda task, label, seed: drawn(task, label, seed))
    view = panel.keep(read, "It was deleted.")
    assert view.chosen is read
    assert 'alt="mine.png"' in view.picture
    assert panel.keep(None, "It was deleted.").chosen is None


def test_a_filter_that_cannot_be_is_said_of_the_next_picture_too_and_is_put_right_there(workbench, read, monkeypatch):
    demo = page.build(workbench, {}, lambda task, label, seed: Image.new("RGB", (64, 64)))
    begin = next(f.fn for f in demo.fns.values() if f.name == "begin" and len(f.inputs) > 5)
    search = next(f.fn for f in demo.fns.values() if f.name == "search")
    empty = [None] * len(next(f for f in demo.fns.values() if f.name == "search").inputs[4:])

    def refuse(self, values):
        raise RequestError("The age runs from 60 to 20; turn it round.")

    with monkeypatch.context() as wrong:
        wrong.setattr(similar_filters.FilterWidgets, "read", refuse)
        found = begin(gr.Request(session_hash="anna"), read, 3, False, *empty)
    shown = {getattr(widget, "elem_id", None): value for widget, value in found.items()}
    assert "turn it round" in shown["similar-answer"]
    (trail,) = [value for value in found.values() if isinstance(value, Trail)]
    again = search(gr.Request(session_hash="anna"), read, trail, 3, False, *empty)
    assert any("phantom_red" in str(value) for value in again.values())
    assert any("phantom_red" in str(v) for v in search(gr.Request(), read, None, 3, False, *empty).values())

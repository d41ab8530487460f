"""Evidence as the tab's handlers give it: at its first opening it belongs to the picture that is there by then."""

from __future__ import annotations

from dataclasses import replace

import gradio as gr
import pytest

from dinoscope.reading import images
from dinoscope.ui import evidence_tab
from dinoscope.ui.answers import Reader
from dinoscope.ui.visit import Chosen
from fixtures.tiny import drawn


@pytest.fixture(scope="module")
def chosen(workbench):
    last = Reader.of(workbench, {}).read(Chosen(images.read(drawn("colours", "red", 9)), "red.png"))
    return last.chosen


@pytest.fixture
def handlers(workbench):
    """The tab's handlers by name, of a page whose first task is another than the picture's."""
    other = replace(workbench.tasks["colours"], name="other")
    two = replace(workbench, tasks={"other": other, **workbench.tasks})
    with gr.Blocks() as page, gr.Tabs(), gr.Tab("Evidence") as tab:
        built = evidence_tab.build(two, {}, tab, gr.State(None), None)
    return {fn.fn.__name__: fn.fn for fn in page.fns.values()} | {"follow": built.follow}


def test_a_class_that_arrives_while_the_tab_opens_decides_what_is_shown(handlers, chosen):
    known, menu, shown, of, _ = handlers["open_"](False, chosen, "other")
    assert known
    assert menu["value"] == "colours"
    assert (shown, of) == handlers["choose"]("colours", None)


def test_without_a_picture_the_menu_decides(handlers):
    assert handlers["open_"](False, None, "other")[2:4] == handlers["choose"]("other", None)


def test_opened_again_the_tab_keeps_what_was_chosen_there(handlers, chosen):
    assert handlers["open_"](True, chosen, "other") == (gr.skip(),) * 5


def test_a_picture_is_followed_only_once_the_tab_has_been_opened(handlers, chosen):
    assert handlers["follow"](chosen, False)[1] == gr.skip()
    menu, *shown = handlers["follow"](chosen, True)
    assert menu["value"] == "colours"
    assert tuple(shown) == handlers["choose"]("colours", "other")


def test_a_menu_that_is_left_as_it_was_shows_nothing_anew(handlers):
    assert handlers["choose"]("colours", "colours") == (gr.skip(),) * 2

"""See: a view of Explain - what the network sees, as colours, and a point that lights up all that is alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from . import theme
from .see_view import Seer
from .visit import Chosen

NOBODY = ("no case", "")


@dataclass(frozen=True)
class SeeTab:
    """The board, and what the page wires to a new picture."""

    board: gr.HTML
    outputs: list
    begin: Callable
    """(chosen) -> the board and the menu of cases for a new picture."""


def build(seer: Seer, chosen: gr.State) -> SeeTab:
    """Lay out the view and wire it; nothing is read before it is opened, or another picture comes while it is."""
    opened = gr.State(False)
    with gr.Accordion("What the network sees", open=False, elem_id="see") as fold:
        beside = gr.Dropdown([NOBODY], value="", label="Beside it", elem_id="see-beside")
        board = gr.HTML(elem_id="see-board", js_on_load=theme.static("see.js"))
    outputs = [board, beside]

    def begin(value: Chosen | None, opened: bool) -> dict:
        if not opened:
            return {board: "", beside: gr.Dropdown([NOBODY], value="")}
        return {board: seer.board(value), beside: gr.Dropdown([NOBODY, *seer.cases(value)], value="")}

    def unfold(value: Chosen | None) -> dict:
        return {opened: True, **begin(value, True)}

    private: dict[str, Any] = {"api_visibility": "private", "show_progress_on": board}
    fold.expand(unfold, chosen, [opened, *outputs], **private)
    fold.collapse(lambda: False, None, opened, **private)
    beside.input(seer.board, [chosen, beside], board, **private)
    return SeeTab(board, outputs, lambda value, is_open: begin(value, is_open))

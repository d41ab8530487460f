"""See: a view of Explain - what the network sees, as colours, and a point that lights up all that is alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from . import theme
from .explain_tab import AFTER, PRIVATE
from .see_view import Seer
from .visit import Chosen, current

NOBODY = ("no case", "")


@dataclass(frozen=True)
class SeeTab:
    """The board, and what the page wires to a new picture."""

    board: gr.HTML
    inputs: list
    outputs: list
    begin: Callable[..., dict]
    """(*inputs) -> the board and the menu of cases for a new picture; nothing is read while the view is folded."""


def build(seer: Seer, chosen: gr.State) -> SeeTab:
    """Lay out the view and wire it."""
    opened = gr.State(False)
    with gr.Accordion("What the network sees", open=False, elem_id="see") as fold:
        board = gr.HTML(elem_id="see-board", js_on_load=theme.static("see.js"))
        beside = gr.Dropdown([NOBODY], value="", label="Beside it, a similar case", elem_id="see-beside")
    other = gr.State("")  # the case that is shown: a menu says that it was used twice, and when it is left
    outputs = [board, beside, other]

    def begin(value: Chosen | None, opened: bool) -> dict:
        cases = seer.cases(value) if opened else []
        menu = gr.Dropdown([NOBODY, *cases], value="")
        return {board: seer.board(value) if opened else "", beside: menu, other: ""}

    def choose(value: Chosen | None, case: str, before: str) -> tuple:
        return (gr.skip(), gr.skip()) if case == before else (seer.board(value, case), case)

    # That it is open is known before it is drawn: a picture that is chosen meanwhile is drawn in its place.
    unfolded = fold.expand(lambda: True, None, opened, **PRIVATE)
    unfolded.then(current(begin), [chosen, opened], outputs, show_progress_on=board, **AFTER)
    fold.collapse(lambda: False, None, opened, **PRIVATE)
    told = {**PRIVATE, "trigger_mode": "always_last", "show_progress_on": board}
    beside.input(current(choose), [chosen, beside, other], [board, other], **told)
    return SeeTab(board, [chosen, opened], outputs, begin)

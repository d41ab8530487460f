"""Visit state: what the server remembers of a visit, and of whatever begins one."""

from __future__ import annotations

import copy
from typing import Any

import gradio as gr


def visit_state(value: object, **asked: Any) -> gr.State:
    """A state whose first value is no part of the page's description.

    Gradio describes the page anew for every visit and every call of the API: it copies all that a state begins with
    (for the finished answers of an example 40 ms, in which nobody else is served) and takes it out again. A class of
    its own would do the same, but for each of those Gradio writes a file beside its source.
    """
    state = gr.State(value, **asked)
    described = copy.copy(state)
    described.value = None
    state.get_config = lambda: gr.State.get_config(described)  # type: ignore[method-assign]
    return state

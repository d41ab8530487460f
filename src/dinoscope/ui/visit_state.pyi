"""Visit state: what the server remembers of a visit, and of whatever begins one."""

from __future__ import annotations

import copy
from typing import Any

import gradio as gr

class VisitState(gr.State):
    """A state whose first value is no part of the page's description.

    Gradio describes the page anew for every visit and every call of the API: it copies all that a state begins with
    (for the finished answers of an example 40 ms, in which nobody else is served) and takes it out again.
    """

    is_template = True  # to the browser it is an ordinary state

    def get_config(self) -> dict[str, Any]:  # type: ignore[override]
        """The description without the value."""
        described = copy.copy(self)
        described.value = None
        return gr.State.get_config(described)
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component

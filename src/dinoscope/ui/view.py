"""View: what a part of the page shows after something happened, apart from the widgets that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

SAME: Any = object()
"""Leaves a widget as it is."""


@dataclass(frozen=True)
class Menu:
    """Entries of a drop-down as (what is read, value), and the value that is chosen."""

    choices: list[tuple[str, str]]
    value: str | None = None


@dataclass(frozen=True)
class Offer:
    """What a button says; without a word it is not there."""

    words: str = ""


class Shared:
    """Frozen all through, so that every visit may begin with the same one."""

    def __deepcopy__(self, memo: dict) -> Any:
        return self


def updates(view: Any, widgets: Mapping[str, Any]) -> dict:
    """What a view changes: widget -> update, for each of the widgets, which are called as the view's fields are."""
    found = {widgets[name]: _update(getattr(view, name)) for name in widgets if getattr(view, name) is not SAME}
    return found or gr.skip()


def _update(value: Any) -> Any:
    if isinstance(value, Offer):
        return gr.update(value=value.words, visible=bool(value.words))
    return gr.update(choices=value.choices, value=value.value) if isinstance(value, Menu) else value

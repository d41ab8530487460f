"""Similar cases tab: the nearest known cases, what else looks alike, and how to search on from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from ..errors import RequestError
from ..similar import SearchRequest
from ..tasks import Task
from . import similar_filters, theme
from .explain_tab import AFTER, PRIVATE, visitor_of
from .similar_view import COUNT, Searcher, SimilarView, Wanted, refused
from .trail import Trail
from .view import SAME, updates
from .visit import FORGOTTEN, Chosen, current

SCRIPT = theme.static("similar.js")


@dataclass(frozen=True)
class SimilarTab:
    """The tab's widgets by the names of a view, its filters, and what the page wires to a new picture."""

    widgets: dict[str, Any]
    filters: similar_filters.FilterWidgets
    controls: list
    begin: Callable[..., dict]
    """(chosen, *controls) -> a new trail; filters that the picture's task does not have are dropped."""
    listen: Callable[[gr.HTML], None]
    """Given a board of another tab, searches on as its buttons say."""
    complete: Callable[..., None]
    """(what follows a search, perhaps the board that a visit begins with): fetches the pictures of public cases."""

    @property
    def outputs(self) -> list:
        """Every widget that a new picture changes."""
        return [*self.widgets.values(), *self.filters.all]


def build(searcher: Searcher, chosen: gr.State, card: gr.HTML, first: SimilarView, task: Task | None) -> SimilarTab:
    """Lay out the tab and wire it; `task` is that of the first view."""
    trail = gr.State()
    board = gr.HTML(first.board, elem_id="similar-answer", js_on_load=SCRIPT)
    with gr.Accordion("Filters", open=False):
        filters = similar_filters.build()
        with gr.Row():
            count = gr.Slider(1, 20, COUNT, step=1, label="How many", elem_id="how-many")
            every = gr.Checkbox(False, label="Also several of one patient or lesion", elem_id="every")
    with gr.Accordion("Search with a region", open=False):
        picker = gr.HTML(first.picker, elem_id="region", js_on_load=SCRIPT)
    with gr.Accordion("Map of the cases", open=False):
        case_map = gr.HTML(first.case_map, elem_id="case-map", js_on_load=SCRIPT)
        opened = gr.HTML(elem_id="opened", js_on_load=SCRIPT)
    widgets = {"card": card, "board": board, "picker": picker, "case_map": case_map, "opened": opened, "trail": trail}
    controls = [count, every, *filters.all]
    outputs = list(widgets.values())

    def wanted(count: int, every: bool, *values: Any) -> Wanted:
        return Wanted(SearchRequest(int(count), filters.read(list(values)), one_a_group=not every))

    def begin(request: gr.Request, value: Chosen | None, count: int, every: bool, *values: Any) -> dict:
        searcher.fetching.supersede(visitor_of(request))
        if value is None or value.reading is None:
            return updates(searcher.begin(value, Wanted()), widgets)
        try:
            task = searcher.workbench.task(value.reading.task)
            own = bool(searcher.workbench.own_cases(task.name))
        except RequestError as fault:
            return updates(refused(str(fault)), widgets)
        kept = filters.kept(task, own, list(values))
        try:
            view = searcher.begin(value, wanted(count, every, *kept))
        except RequestError as fault:  # the trail begins all the same, for the filter once it is put right
            why = refused(str(fault))
            view = replace(searcher.begin(value, Wanted()), card=why.card, board=why.board)
        return updates(view, widgets) | dict(zip(filters.all, filters.fitted(task, own, kept), strict=True))

    def search(request: gr.Request, value: Chosen | None, steps: Trail | None, *asked: Any) -> dict:
        searcher.fetching.supersede(visitor_of(request))
        try:
            if value is None:
                raise RequestError(FORGOTTEN)
            view = searcher.view(value, steps, wanted(*asked)) if steps else searcher.begin(value, wanted(*asked))
            return updates(view, widgets)
        except RequestError as fault:
            why = refused(str(fault))
            first = value is not None and not (steps and steps.can_go_back)
            return updates(SimilarView(why.card if first else SAME, why.board), widgets)

    def act(event: gr.EventData, request: gr.Request, value: Chosen | None, steps: Trail | None, *asked: Any) -> dict:
        searcher.fetching.supersede(visitor_of(request))
        try:
            return updates(searcher.act(value, steps, event._data or {}, wanted(*asked)), widgets)
        except RequestError as fault:
            return updates(SimilarView(board=refused(str(fault)).board), widgets)

    def open_case(event: gr.EventData, steps: Trail | None) -> str:
        return searcher.open(steps, str((event._data or {}).get("case", "")))

    def complete(searched: Callable, arrival: Any = None) -> None:
        """Once cases are shown, fetch the pictures of public ones, where that is asked for at all."""

        def pictured(request: gr.Request, value: Chosen | None, steps: Trail | None, *asked: Any) -> dict:
            try:
                return updates(searcher.pictured(value, steps, wanted(*asked), visitor_of(request), arrival), widgets)
            except RequestError:  # said already, by the search itself
                return gr.skip()

        if searcher.workbench.pictures.mode == "on":
            searched(pictured, [chosen, trail, *controls], outputs, **AFTER, show_progress="hidden")

    quiet = {**PRIVATE, "trigger_mode": "always_last", "show_progress_on": board}
    # What empties a menu of several at once is no `input` to Gradio.
    several = list(filters.choices.values())
    changes = [w.change if w in several else w.input for w in filters.all]
    for event in (every.input, count.release, *changes):
        complete(event(current(search), [chosen, trail, *controls], outputs, **quiet).then)

    def listen(page: gr.HTML) -> None:
        complete(page.click(current(act), [chosen, trail, *controls], outputs, **quiet).then)

    for page in (board, picker, opened):
        listen(page)
    case_map.click(open_case, trail, opened, **PRIVATE)
    if task is not None:
        _fit(filters, task, bool(searcher.workbench.own_cases(task.name)))
    return SimilarTab(widgets, filters, controls, begin, listen, complete)


def _fit(filters: similar_filters.FilterWidgets, task: Task, own: bool) -> None:
    """Let the filters begin as a task needs them."""
    empty = [w.value for w in filters.all]
    for widget, update in zip(filters.all, filters.fitted(task, own, filters.kept(task, own, empty)), strict=True):
        for name, value in update.items():
            if name == "choices":
                value = [c if isinstance(c, tuple) else (c, c) for c in value]
            if name != "__type__":
                setattr(widget, name, value)

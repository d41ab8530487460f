"""Similar cases tab: the nearest known cases, what else looks alike, and how to search on from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr
from PIL import Image

from ..errors import RequestError
from ..reading import images
from ..results import vote
from ..similar import SearchRequest, SimilarCase
from ..similar.regions import Box
from ..workbench import Workbench
from . import markup, similar_filters, similar_map, similar_markup, theme
from .case_panel import Chosen
from .trail import Step, Trail

SCRIPT = theme.static("similar.js")
PER_CLASS = 3


def build(workbench: Workbench, chosen: gr.State) -> tuple[Callable, list, list]:
    """Lay out the tab; returns the handler of a new picture, its inputs and outputs."""
    trail = gr.State(None, time_to_live=3600)
    with gr.Accordion("Filters", open=False):
        filters = similar_filters.build()
        with gr.Row():
            count = gr.Slider(1, 20, 6, step=1, label="How many")
            every = gr.Checkbox(False, label="Also several of one patient or lesion", elem_id="every")
    originals = gr.Checkbox(False, label="Show the originals of public cases from the web", elem_id="originals")
    board = gr.HTML(markup.WAITING, elem_id="similar-answer", js_on_load=SCRIPT)
    with gr.Accordion("Search with a region", open=False):
        picker = gr.HTML(markup.WAITING, elem_id="region", js_on_load=SCRIPT)
    with gr.Accordion("Map of the cases", open=False):
        case_map = gr.HTML(markup.WAITING, elem_id="case-map", js_on_load=SCRIPT)
        opened = gr.HTML(elem_id="opened", js_on_load=SCRIPT)
    controls = [count, every, originals, *filters.all]
    pages = [board, picker, case_map]

    def pages_of(value: Chosen, steps: Trail, count: int, every: bool, originals: bool, wanted: list) -> tuple:
        """What the tab shows of a step: cards and differential, region picker, map."""
        step = steps.now
        task = workbench.tasks[step.query.task]
        try:
            asked = filters.read(wanted)
            request = replace(step.request, k=int(count), filters=asked, one_a_group=not every)
            found = workbench.similar(step.query, None, request)
            every_class = SearchRequest(PER_CLASS, replace(asked, labels=()), region=step.request.region)
            rows = workbench.differential(step.query, None, every_class)
            empty = "" if found else workbench.why_empty(task.name, asked)
        except RequestError as fault:
            return markup.error(str(fault)), gr.skip(), gr.skip()
        pictured = step.query.pixels == steps.steps[0].query.pixels
        says = value.reading.label if pictured and value.reading else None
        winner = vote(found)
        page = similar_markup.found_cases(found, task, says, steps, originals, empty)
        page += similar_markup.differential(rows, task, winner.label if winner else None, originals)
        return (
            page,
            similar_markup.picker(step, task, _picture(value, steps), originals),
            similar_map.draw(task, step.query, found),
        )

    def _picture(value: Chosen, steps: Trail) -> Image.Image | None:
        """The query's picture, where it is at hand."""
        case = steps.now.query.case
        if steps.now.query.pixels_here and case is not None and case.image:
            return images.read(workbench.tasks[steps.now.query.task].folder / case.image).picture
        return value.decoded.picture if steps.now.query.pixels_here else None

    def search(
        value: Chosen | None, steps: Trail | None, count: int, every: bool, originals: bool, *wanted: Any
    ) -> tuple:
        if value is None or steps is None:
            return markup.WAITING, markup.WAITING, markup.WAITING
        return pages_of(value, steps, count, every, originals, list(wanted))

    def fresh(value: Chosen | None, count: int, every: bool, originals: bool, *wanted: Any) -> tuple:
        """A new picture starts a new trail; filters that its task does not have are dropped."""
        if value is None or value.reading is None:
            return markup.WAITING, markup.WAITING, markup.WAITING, "", None, *(gr.skip() for _ in wanted)
        task = workbench.tasks[value.reading.task]
        try:
            own = bool(workbench.own_cases(task.name))
            query = workbench.query(value.decoded, task.name)
        except RequestError as fault:
            unchanged = (gr.skip() for _ in wanted)
            return markup.error(str(fault)), markup.WAITING, markup.WAITING, "", None, *unchanged
        kept = filters.kept(task, own, list(wanted))
        widgets = filters.fitted(task, own, kept)
        steps = Trail((Step(query, "your picture"),))
        return *pages_of(value, steps, count, every, originals, kept), "", steps, *widgets

    def act(
        event: gr.EventData,
        value: Chosen | None,
        steps: Trail | None,
        count: int,
        every: bool,
        originals: bool,
        *wanted: Any,
    ) -> tuple:
        """Whatever was pressed on the board, the picker or the opened case."""
        if value is None or steps is None:
            return markup.WAITING, markup.WAITING, markup.WAITING, gr.skip(), steps
        try:
            moved = _moved(workbench, steps, event._data)
        except (RequestError, ValueError, KeyError) as fault:
            return gr.skip(), gr.skip(), gr.skip(), markup.error(str(fault)), steps
        return *pages_of(value, moved, count, every, originals, list(wanted)), "", moved

    def open_case(event: gr.EventData, steps: Trail | None, originals: bool) -> str:
        """The case behind a point of the map."""
        if steps is None:
            return ""
        task = workbench.tasks[steps.now.query.task]
        case = task.case(event._data["case"])
        similarity = float(steps.now.query.vector @ task.vectors[task.position(case.id)])
        return similar_markup.opened(SimilarCase(case, similarity), task, originals)

    inputs = [chosen, *controls]
    outputs = [*pages, opened, trail, *filters.all]
    quiet: dict[str, Any] = {"api_visibility": "private", "trigger_mode": "always_last", "show_progress_on": board}
    every_control = [every.input, originals.input, count.release, *(w.input for w in filters.all)]
    for event in every_control:
        event(search, [chosen, trail, *controls], pages, **quiet)
    for page in (board, picker, opened):
        page.click(act, [chosen, trail, *controls], [*pages, opened, trail], **quiet)
    case_map.click(open_case, [trail, originals], opened, api_visibility="private")
    return fresh, inputs, outputs


def _moved(workbench: Workbench, steps: Trail, said: dict) -> Trail:
    """The trail after a button was pressed.

    Raises:
        RequestError: with the sentence a visitor sees.
    """
    now, asked, case_id = steps.now, steps.now.request, str(said.get("case", ""))
    match said.get("act"):
        case "back":
            return steps.back()
        case "forward":
            return steps.forward()
        case "more":
            return steps.to(replace(now, request=asked.more(case_id)))
        case "less":
            return steps.to(replace(now, request=asked.less(case_id)))
        case "forget":
            return steps.to(replace(now, request=asked.without(case_id)))
        case "region":
            box = Box(*(float(v) for v in said["box"]))
            return steps.to(replace(now, request=replace(asked, region=box)))
        case "whole":
            return steps.to(replace(now, request=replace(asked, region=None)))
        case "use":
            query = workbench.query_case(case_id, now.query.task)
            return steps.to(Step(query, f"case {case_id}"))
    return steps

"""Page: the case panel beside the three answers, and how it is served."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import http_server
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware

from .. import machine
from ..evidence import Evidence
from ..settings import Settings
from ..visit_tasks import VisitTasks
from ..workbench import Workbench
from . import (
    api,
    batch_api,
    batch_tab,
    case_panel,
    classify_tab,
    door,
    evidence_tab,
    explain_tab,
    markup,
    patience,
    program_page,
    report_button,
    see_tab,
    similar_tab,
    social,
    theme,
)
from .answers import Answers, Reader, unread
from .batch_view import Batcher
from .case_panel import PanelView
from .case_pictures import CasePictures
from .explain_tab import AFTER, PRIVATE
from .guarded import GuardedBlocks
from .running import EXPLAINING
from .see_view import Seer
from .view import SAME, updates
from .visit import FILES_KEPT, Chosen, current

UPLOAD_LIMIT = "128mb"
CACHE_SWEEP, CACHE_AGE = 300, FILES_KEPT
"""Every so many seconds, files of visitors older than so many seconds are deleted."""
NOTICED = 120
"""So many seconds a page that is open waits for a notice to pass; a visit that begins later begins without it."""
SESSION_BYTES = 120 << 20
"""What a visit takes at most: its picture, of 4096 px a side, and the maps of it."""


def build(workbench: Workbench, evidence: dict[str, Evidence], draw: case_panel.Draw) -> GuardedBlocks:
    """Lay out the page and wire it: a new picture is classified, then compared and explained.

    The map does not wait for the similar cases: a search server may be slow.
    """
    tasks = VisitTasks(workbench.tasks)
    alone = workbench.alone and replace(workbench.alone, tasks=tasks.beside(workbench.alone.tasks))
    workbench = replace(workbench, tasks=tasks, alone=alone)
    reader = Reader.of(workbench, evidence)
    first = reader.arrival()
    with GuardedBlocks(title=theme.TITLE, analytics_enabled=False, delete_cache=(CACHE_SWEEP, CACHE_AGE)) as page:

        def header() -> str:
            return markup.header(
                workbench.encoder.name, len(workbench.tasks), (*workbench.notices, *workbench.index.filling)
            )

        def passing() -> tuple[str, ...]:
            return (*workbench.index.notices, *workbench.index.filling)

        async def headers() -> AsyncIterator[str]:
            """Made anew for every visit: what is the matter with the index passes, often while somebody looks."""
            until = time.monotonic() + NOTICED
            while (shown := passing()) and time.monotonic() < until:
                yield header()
                while passing() == shown and time.monotonic() < until:
                    await asyncio.sleep(0.5)
            yield header()

        at_top = gr.HTML(header(), elem_id="header")
        page.load(headers, None, at_top, show_progress="hidden", concurrency_limit=None, **PRIVATE)
        with gr.Row(elem_id="page"):
            with gr.Column(scale=4, min_width=320, elem_id="case-panel"):
                panel = case_panel.build(case_panel.Panel(workbench, draw), first.chosen)
            with gr.Column(scale=9, min_width=320, elem_id="readings"), gr.Tabs(elem_id="levels"):
                with gr.Tab("This picture", id="picture"):
                    take_away = report_button.build()
                    rooms = _rooms(reader, panel, first)
                with gr.Tab("Batch", id="batch"):
                    batcher = Batcher(workbench, Path(get_upload_folder()))
                    batch_tab.build(batcher, panel)
                with gr.Tab("Evidence", id="evidence", elem_id="evidence") as tab:
                    measured = evidence_tab.build(workbench, evidence, tab, panel.widgets["chosen"], first.chosen)
        gr.HTML(markup.footer())
        _wire(page, reader, panel, rooms, measured, first)
        report_button.wire(workbench, take_away, panel.widgets["chosen"], rooms.explain.widgets["shown"])
        api.add(workbench)
        batch_api.add(batcher)
    page.routes = (Middleware(CasePictures, workbench=workbench),)
    return page


@dataclass(frozen=True)
class _Rooms:
    """The three tabs about this picture."""

    classify: dict[str, Any]
    explain: explain_tab.ExplainTab
    see: see_tab.SeeTab
    similar: similar_tab.SimilarTab


def _rooms(reader: Reader, panel: case_panel.CasePanel, first: Answers) -> _Rooms:
    """Three cards, which are the tabs, and what each unfolds."""
    chosen = panel.widgets["chosen"]
    cards = {"classify": first.classify.card, "explain": first.explain.card, "similar": first.similar.card}
    with gr.Row(elem_id="cards"):
        shown = {name: gr.HTML(card, elem_id=f"card-{name}", elem_classes="card-tab") for name, card in cards.items()}
    with gr.Column(elem_id="panel-classify", elem_classes="unfolded"):
        classify = classify_tab.build(shown["classify"], first.classify)
    with gr.Column(elem_id="panel-explain", elem_classes="unfolded"):
        explain = explain_tab.build(reader.explainer, chosen, shown["explain"], first.explain)
        see = see_tab.build(Seer(reader.workbench), chosen)
    with gr.Column(elem_id="panel-similar", elem_classes="unfolded"):
        reading = first.chosen.reading if first.chosen else None
        task = reader.workbench.tasks[reading.task] if reading else None
        similar = similar_tab.build(reader.searcher, chosen, shown["similar"], first.similar, task)
    return _Rooms(classify, explain, see, similar)


def _wire(
    page: gr.Blocks,
    reader: Reader,
    panel: case_panel.CasePanel,
    rooms: _Rooms,
    measured: evidence_tab.EvidenceTab,
    first: Answers,
) -> None:
    """Every answer reaches its card as soon as it is there."""
    chosen = panel.widgets["chosen"]
    explain, similar = rooms.explain, rooms.similar
    similar.listen(rooms.see.board)

    # No state begins with it: a visit that was forgotten would find the arrival behind its own picture. Not in the
    # queue, and without a thread, so that it is there before anything is asked and overwrites nothing.
    async def begin(value: Chosen | None, request: gr.Request) -> tuple:
        if value:
            return (gr.skip(),) * 3
        mine = reader.take(first.chosen, explain_tab.visitor_of(request))
        return mine, first.explain.shown, first.similar.trail

    states = [chosen, explain.widgets["shown"], similar.widgets["trail"]]
    begun = page.load(begin, chosen, states, queue=False, show_progress="hidden", **PRIVATE)
    similar.complete(begun.then, similar.widgets["board"].value)

    def shown(answers: Answers) -> dict:
        found: dict = {}
        views = ((answers.classify, rooms.classify), (answers.explain, explain.widgets))
        for view, widgets in (*views, (answers.similar, similar.widgets)):
            found |= updates(view, widgets) if view is not SAME else {}
        return found

    def read(value: Chosen | None, request: gr.Request) -> dict:
        answers = reader.read(value)
        found = {chosen: answers.chosen} | shown(answers)
        if answers.chosen is not None and answers.chosen.reading is not None:
            found |= updates(reader.explainer.classes(answers.chosen), explain.widgets)
            tasks = panel.room.tasks(answers.chosen, request.session_hash or "")
            found |= updates(PanelView(task=tasks), {"task": panel.widgets["task"]})
        return found

    def cases(value: Chosen | None) -> dict:
        return updates(reader.explainer.cases(value), explain.widgets) if value else gr.skip()

    def second(value: Chosen | None, request: gr.Request) -> dict:
        return updates(panel.room.choose_second(value, request.session_hash or ""), panel.widgets)

    panel.events.append((rooms.classify["answer"].click, second, [chosen]))
    quiet: dict[str, Any] = {**AFTER, "show_progress": "hidden"}
    maps = list(explain.widgets.values())
    answers = [*rooms.classify.values(), *maps, *similar.widgets.values()]
    for change in panel.wire(reader.take, lambda value: shown(unread(value)), answers):
        classified = change.then(current(read), chosen, [chosen, panel.widgets["task"], *answers], **quiet)
        asked = [chosen, *similar.controls]
        similar.complete(classified.then(current(similar.begin), asked, similar.outputs, **quiet).then)
        classified.then(current(measured.follow), [chosen, *measured.inputs], measured.outputs, **quiet)
        classified.then(current(rooms.see.begin), rooms.see.inputs, rooms.see.outputs, **quiet)
        told = {**AFTER, **EXPLAINING, "show_progress_on": explain.widgets["answer"]}
        drawn = classified.then(current(explain.begin), [chosen, *explain.settings], maps, **told)
        drawn.then(current(cases), chosen, maps, **quiet)
        explain.follow(drawn)


def launch(page: GuardedBlocks, settings: Settings) -> str:
    """Serve the page beside whatever else this process does; returns its local address once it answers there."""
    patience.install()
    # On a Space Gradio would open a server through which the app's code is edited; it is neither wanted nor installed.
    http_server.watchfn_spaces = lambda reloader: None
    page.queue(api_open=False, default_concurrency_limit=2)
    folder = Path(get_upload_folder())
    _, url, _ = page.launch(
        server_name=settings.host,
        server_port=settings.port,
        theme=theme.theme(),
        head=theme.head(),
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        max_file_size=UPLOAD_LIMIT,
        state_session_capacity=sessions(),
        favicon_path=str(theme.STATIC / "icon.svg"),
        app_kwargs={
            "middleware": [
                Middleware(door.Door, waiting=lambda: len(page._queue), folder=folder),
                Middleware(social.SocialCard),
                Middleware(program_page.ProgramPage),
                *page.routes,
            ]
        },
        ssr_mode=False,
        share=False,
        pwa=False,
        mcp_server=True,
        quiet=True,
        prevent_thread_lock=True,
        # Gradio gives up a start where its own page takes more than three seconds, as it may on a busy machine.
        _frontend=False,
    )
    return url


def sessions() -> int:
    """How many visits are remembered at once: as many large ones as half of this machine's memory holds."""
    return min(max(machine.memory() // 2 // SESSION_BYTES, 32), 500)


def own_files(page: gr.Blocks) -> set[str]:
    """Files that the page itself put beside the uploads, which stay as long as it is served."""
    return {str(path) for block in page.blocks.values() for path in getattr(block, "keep_in_cache", ())}

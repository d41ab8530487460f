"""Page: the case panel beside the tabs, and how it is served."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware

from ..evidence import Evidence
from ..settings import Settings
from ..workbench import Workbench
from . import api, case_panel, classify_tab, door, evidence_tab, explain_tab, markup, similar_tab, theme
from .guarded import GuardedBlocks
from .running import EXPLAINING

UPLOAD_LIMIT = "128mb"
CACHE_SWEEP, CACHE_AGE = 300, 1800
"""Every so many seconds, files of visitors older than so many seconds are deleted."""
SESSION_BYTES = 120 << 20
"""What a visit takes at most: its picture, of 4096 px a side, and the maps of it."""


def build(workbench: Workbench, evidence: dict[str, Evidence], draw: case_panel.Draw) -> gr.Blocks:
    """Lay out the page and wire it: a new picture is classified, then compared and explained.

    The map does not wait for the similar cases: a search server may be slow.
    """
    with GuardedBlocks(title="DINOscope", analytics_enabled=False, delete_cache=(CACHE_SWEEP, CACHE_AGE)) as page:

        def header() -> str:
            """Made anew for every visit: what is the matter with a search server passes."""
            return markup.header(workbench.encoder.name, len(workbench.tasks), workbench.notices)

        page.load(header, None, gr.HTML(header()), show_progress="hidden", api_visibility="private")
        with gr.Row():
            with gr.Column(scale=4, min_width=320, elem_id="case-panel"):
                panel = case_panel.build(workbench, draw)
            with gr.Column(scale=7, min_width=320, elem_id="readings"), gr.Tabs():
                with gr.Tab("Classify", id="classify"):
                    classify, classify_outputs = classify_tab.build(workbench)
                with gr.Tab("Explain", id="explain"):
                    explain = explain_tab.build(workbench, panel.chosen, evidence)
                with gr.Tab("Similar cases", id="similar"):
                    similar, similar_inputs, similar_outputs = similar_tab.build(workbench, panel.chosen)
                with gr.Tab("Evidence", id="evidence"):
                    follow, follow_outputs = evidence_tab.build(workbench, evidence)
        gr.HTML(markup.footer())
        private: dict[str, Any] = {"api_visibility": "private"}
        answers = [classify_outputs[0], similar_outputs[0], *explain.outputs[:3]]

        def clear(chosen: case_panel.Chosen | None, request: gr.Request) -> tuple:
            """No answer about an earlier picture may stand beside this one, nor one that is still under way."""
            explain.supersede(request.session_hash or "")
            waiting = markup.WORKING if chosen else markup.WAITING
            return waiting, waiting, waiting, "", None

        for change in panel.changes:
            cleared = change.then(clear, panel.chosen, answers, show_progress="hidden", **private)
            read = cleared.then(classify, panel.chosen, [panel.chosen, *classify_outputs], **private)
            read.then(similar, similar_inputs, similar_outputs, **private)
            read.then(follow, panel.chosen, follow_outputs, show_progress="hidden", **private)
            progress = {"show_progress_on": explain.outputs[0], **EXPLAINING}
            explain.follow(read.then(explain.fresh, explain.inputs, explain.outputs, **progress, **private))
        api.add(workbench)
    return page


def launch(page: gr.Blocks, settings: Settings) -> str:
    """Serve the page beside whatever else this process does; returns its local address once it answers there."""
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
        app_kwargs={"middleware": [Middleware(door.Door, waiting=lambda: len(page._queue), folder=folder)]},
        ssr_mode=False,
        share=False,
        pwa=False,
        quiet=True,
        prevent_thread_lock=True,
    )
    return url


def sessions() -> int:
    """How many visits are remembered at once: as many large ones as half of this machine's memory holds."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")  # of a container
    if limit.is_file() and (given := limit.read_text().strip()).isdigit():
        memory = min(memory, int(given))
    return min(max(memory // 2 // SESSION_BYTES, 32), 500)


def own_files(page: gr.Blocks) -> set[str]:
    """Files that the page itself put beside the uploads, which stay as long as it is served."""
    return {str(path) for block in page.blocks.values() for path in getattr(block, "keep_in_cache", ())}

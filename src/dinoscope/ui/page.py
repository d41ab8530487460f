"""Page: the case panel beside the tabs, and how it is served."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ..evidence import Evidence
from ..settings import Settings
from ..workbench import Workbench
from . import api, case_panel, classify_tab, evidence_tab, explain_tab, markup, similar_tab, theme
from .guarded import GuardedBlocks

UPLOAD_LIMIT = "128mb"
CACHE_SWEEP, CACHE_AGE = 300, 1800
"""Every so many seconds, files of visitors older than so many seconds are deleted."""


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
            progress = {"show_progress_on": explain.outputs[0]}
            explain.follow(read.then(explain.fresh, explain.inputs, explain.outputs, **progress, **private))
        api.add(workbench)
    return page


def launch(page: gr.Blocks, settings: Settings, block: bool = True) -> str:
    """Serve the page; returns its local address.

    Args:
        block: wait until the server is stopped.
    """
    page.queue(default_concurrency_limit=2)
    _, url, _ = page.launch(
        server_name=settings.host,
        server_port=settings.port,
        theme=theme.theme(),
        head=theme.head(),
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        max_file_size=UPLOAD_LIMIT,
        ssr_mode=False,
        share=False,
        pwa=False,
        quiet=True,
        prevent_thread_lock=not block,
    )
    return url

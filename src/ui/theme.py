"""Theme: one calm, clinical look, light and dark, with no font or script from anywhere else."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

_HERE = Path(__file__).parent
CSS = _HERE / "page.css"
SCRIPT = _HERE / "page.js"


def theme() -> gr.themes.Base:
    """Neutral greys, one accent, the reader's own system fonts."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_md,
        font=("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"),
        font_mono=("ui-monospace", "Consolas", "monospace"),
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        block_border_width="0px",
        block_shadow="none",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_text_color="white",
        slider_color="*primary_600",
    )


def head() -> str:
    """What goes into the page's head: the small script that the widgets cannot do without."""
    return f"<script>{SCRIPT.read_text()}</script>"

"""Theme: one calm, clinical look, light and dark, with no font or script from anywhere else."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

STATIC = Path(__file__).parent / "static"
TITLE = "DINOscope: can a vision model read your medical images, and why?"
STYLES = ("page", "cards", "explain", "see", "similar", "evidence", "batch")
SCRIPTS = ("copy", "drop", "page", "camera", "cards", "explain")
"""Files of style and script, in their order."""


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
        link_text_color="*primary_700",
        link_text_color_hover="*primary_800",
        link_text_color_active="*primary_800",
        link_text_color_visited="*primary_800",
        link_text_color_dark="*primary_300",
        link_text_color_hover_dark="*primary_200",
        link_text_color_active_dark="*primary_200",
        link_text_color_visited_dark="*primary_200",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
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


def static(file: str) -> str:
    """The text of a style sheet or script."""
    return (STATIC / file).read_text()


def head() -> str:
    """Style and script for the page's head.

    Not through `css`: Gradio puts its own prefix before each rule of it, which breaks those for dark mode and phones.
    """
    style = "".join(static(f"{room}.css") for room in STYLES)
    # Each in a scope of its own: what a script calls `open` or `name` is not the window's.
    script = "".join(f"(() => {{\n{static(f'{room}.js')}\n}})();" for room in SCRIPTS)
    return f"<style>{style}</style><script>{script}</script>"

"""Demo: load, lay out, serve."""

from __future__ import annotations

import argparse
import importlib

from . import evidence, settings
from .fitting import fit
from .ui import page
from .ui.case_panel import Draw
from .workbench import Workbench


def serve(draw: Draw) -> None:
    """Serve the app until it is stopped.

    Args:
        draw: gives a new drawn picture; the product knows no drawings of its own.
    """
    chosen = settings.load()
    workbench = Workbench.load(chosen, fit)
    demo = page.build(workbench, evidence.read(chosen.assets / "evidence"), draw)
    print(f"DINOscope is ready: http://{chosen.host}:{chosen.port}", flush=True)
    page.launch(demo, chosen)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything is set by environment variables; see settings.py."""


def run(arguments: argparse.Namespace) -> None:
    """Serve, with the drawings that are installed beside this package."""
    serve(importlib.import_module("dinoscope_phantoms").picture)

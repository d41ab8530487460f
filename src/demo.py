"""Serve the app, as app.py does."""

from __future__ import annotations

import argparse
import runpy

from .settings import ROOT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything is set by environment variables; see settings.py."""


def run(arguments: argparse.Namespace) -> None:
    """Run app.py."""
    runpy.run_path(str(ROOT / "app.py"), run_name="__main__")

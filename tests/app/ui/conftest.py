"""A page on the tiny assets, served once for every test that leaves it as it is."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr
import pytest

from dinoscope.ui.case_panel import Panel
from dinoscope.workbench import Workbench
from fixtures.tiny import drawn
from fixtures.visiting import serving


@pytest.fixture(scope="session")
def served(workbench: Workbench) -> Iterator[tuple[str, gr.Blocks]]:
    """One page for every test that leaves it as it is."""
    with serving(workbench) as found:
        yield found


@pytest.fixture
def address(served: tuple[str, gr.Blocks]) -> str:
    """Where it is served."""
    return served[0]


@pytest.fixture(scope="session")
def panel(workbench: Workbench) -> Panel:
    """The panel of the tiny app, with the small drawings."""
    return Panel(workbench, lambda task, label, seed: drawn(task, label, seed))

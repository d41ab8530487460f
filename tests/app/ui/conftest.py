"""A page on the tiny assets, served once for every test that leaves it as it is."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr
import pytest

from dinoscope.workbench import Workbench
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

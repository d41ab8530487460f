"""Shared by the laboratory's tests."""

from __future__ import annotations

import pytest

from fixtures.rival import Colours


@pytest.fixture
def rival() -> Colours:
    """A rival for every comparison that takes features."""
    return Colours()

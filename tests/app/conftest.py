"""Shared by the tests of the app: a picture to ask about, and assets to damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from fixtures.tiny import drawn


@pytest.fixture
def red() -> Image.Image:
    """A picture of the class red that no case equals."""
    return drawn("colours", "red", 77, strength=60)


@pytest.fixture
def assets(tiny_assets: Path, tmp_path: Path) -> Path:
    """A copy of the tiny assets that a test may damage."""
    return Path(shutil.copytree(tiny_assets, tmp_path / "assets"))

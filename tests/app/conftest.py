"""Shared by the tests of the app: a picture to ask about, assets to damage, a search server that may fall ill."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from dinoscope.workbench import Workbench
from fixtures import qdrant_server
from fixtures.tiny import drawn


@pytest.fixture
def red() -> Image.Image:
    """A picture of the class red that no case equals."""
    return drawn("colours", "red", 77, strength=60)


@pytest.fixture
def assets(tiny_assets: Path, tmp_path: Path) -> Path:
    """A copy of the tiny assets that a test may damage."""
    return Path(shutil.copytree(tiny_assets, tmp_path / "assets"))


@pytest.fixture
def there():
    """A small server that answers as Qdrant does."""
    with qdrant_server.running() as started:
        yield started


@pytest.fixture
def bench(there, tiny_settings):
    """A workbench on a server that is well."""
    bench = Workbench.load(replace(tiny_settings, qdrant_url=there.url), say=lambda _: None)
    assert bench.notices == ()
    yield bench
    bench.index.close()

"""Shared by the tests of reading."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def pictures() -> list[Image.Image]:
    """Five pictures of noise, broader than high."""
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, (70, 90, 3)).astype(np.uint8)) for _ in range(5)]

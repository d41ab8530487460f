"""First answer: measured on the app as it is started, and more than its page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dinoscope_lab.benchmark import first_answer


@pytest.mark.slow  # the app starts, as an operator starts it
def test_a_start_is_measured_until_the_page_and_until_the_answer(tiny_assets: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DINOSCOPE_ASSETS", str(tiny_assets))
    picture = tmp_path / "seen.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)).save(picture)
    measured = first_answer.measure(picture, runs=1)
    assert 0 < measured[first_answer.PAGE] < measured[first_answer.ANSWER]

"""Frames of one file in a real browser: turned by the slider, its keys and its number box."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.browser


@pytest.fixture
def series() -> dict:
    """Three pages of a TIFF file, as a browser gives it."""
    buffer = io.BytesIO()
    pages = [Image.fromarray(np.random.default_rng(i).integers(0, 255, (90, 90), dtype=np.uint8)) for i in range(3)]
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:])
    return {"name": "series.tiff", "mimeType": "application/octet-stream", "buffer": buffer.getvalue()}


def test_a_series_of_frames_can_be_turned(visit, series):
    visit.upload(series)
    assert "Page 1 of 3" in visit.read("#case-panel .warning")
    number = visit.page.locator("#frame input[type=number]")
    number.fill("3")
    number.blur()
    visit.page.wait_for_function(
        "() => document.querySelector('#case-panel .warning').innerText.includes('Page 3 of 3')"
    )


def test_frames_are_turned_by_keys_and_a_box_that_is_left_turns_none(visit, series):
    visit.upload(series)
    visit.read("#card-classify strong, #classify-answer .error")
    visit.page.locator("#frame input[type=range]").focus()
    visit.page.keyboard.press("ArrowRight")
    visit.page.wait_for_function(
        "() => document.querySelector('#case-panel .warning').innerText.includes('Page 2 of 3')"
    )
    visit.page.wait_for_timeout(1500)
    before = visit.page.locator("#case-picture").element_handle()
    visit.page.evaluate("(node) => node.setAttribute('data-before', '')", before)
    number = visit.page.locator("#frame input[type=number]")
    number.focus()
    number.blur()
    visit.page.wait_for_timeout(1500)
    assert visit.page.locator("#case-picture[data-before]").count() == 1

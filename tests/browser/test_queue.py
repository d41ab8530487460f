"""Who has to wait sees the place in the queue, and how long it took so far."""

from __future__ import annotations

import io
import re
import socket
import threading

import httpx
import pytest
from PIL import Image

from dinoscope.explain.session import ExplainSession
from dinoscope.settings import Settings
from dinoscope.ui import page
from fixtures.tiny import drawn

pytestmark = pytest.mark.browser


@pytest.fixture
def crowded(workbench, monkeypatch):
    """The page while four others want maps, of whom two are served; gives its address, and what lets them go on."""
    goes_on, asking, busy = threading.Event(), threading.Event(), threading.Semaphore(0)
    measure = ExplainSession.measure

    def slow(self, found, *more):
        if asking.is_set():
            busy.release()
            goes_on.wait(60)
        return measure(self, found, *more)

    monkeypatch.setattr(ExplainSession, "measure", slow)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    demo = page.build(workbench, {}, lambda task, label, seed: Image.new("RGB", (64, 64)))
    asking.set()  # not before: the example to begin with is measured while the page is built
    address = page.launch(demo, Settings(port=port))
    picture = io.BytesIO()
    drawn("colours", "red", 501).save(picture, "PNG")
    path = httpx.post(f"{address}gradio_api/upload", files={"files": ("a.png", picture.getvalue())}).json()[0]
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    for seed in range(4):
        asked = [file, "colours", "", "random", seed, "", "", True]
        httpx.post(f"{address}gradio_api/call/explain", json={"data": asked}).raise_for_status()
    for _ in range(2):
        assert busy.acquire(timeout=30)
    yield address, goes_on
    goes_on.set()
    demo.close(verbose=False)


def test_a_visitor_reads_the_place_in_the_queue_and_the_wait(crowded, browser):
    address, goes_on = crowded
    visitor = browser.new_page(viewport={"width": 1440, "height": 900})
    visitor.goto(address)
    visitor.wait_for_selector("#card-similar[role=tab]", timeout=60_000)
    visitor.locator("#examples button[data-example]").last.click()
    said = re.compile(r"Waiting for its turn: place 3 of 3, [1-9] s so far\.")
    card = visitor.locator("#card-explain")
    card.get_by_text(said).wait_for(timeout=30_000)
    visitor.get_by_role("tab", name="Explain").click()
    assert visitor.locator("#stop").is_visible()
    goes_on.set()
    card.locator("strong").wait_for(timeout=60_000)
    assert not card.get_by_text("Waiting for its turn").count()

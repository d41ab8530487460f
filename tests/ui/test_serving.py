"""How the page is served: nothing is kept, counted or sent anywhere, and nothing too large is taken."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio.utils import get_upload_folder
from PIL import Image

from src.settings import Settings
from src.ui import page
from src.workbench import Workbench


@pytest.fixture
def address(workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The page on the tiny assets, in this process, with a cache that is swept every second."""
    monkeypatch.setattr(page, "CACHE_SWEEP", 1)
    monkeypatch.setattr(page, "CACHE_AGE", 1)
    monkeypatch.setattr(page, "UPLOAD_LIMIT", "100kb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    demo = page.build(workbench, {}, lambda task, label, seed: Image.new("RGB", (64, 64)))
    yield page.launch(demo, Settings(port=port), block=False)
    demo.close()
    gr.close_all()


def upload(address: str, name: str, data: bytes) -> httpx.Response:
    return httpx.post(f"{address}gradio_api/upload", files={"files": (name, data)})


def test_no_history_no_analytics_no_monitoring(address: str):
    config = httpx.get(f"{address}config").json()
    assert config["run_history"] is False
    assert config["analytics_enabled"] is False
    assert httpx.get(f"{address}monitoring/summary").status_code >= 400


def test_the_page_asks_no_other_host_for_anything(address: str):
    text = httpx.get(address).text
    for stranger in ("fonts.googleapis", "fonts.gstatic", "cdn.jsdelivr", "cdnjs"):
        assert stranger not in text


def test_an_upload_is_deleted_from_the_disk_when_its_time_is_over(address: str):
    picture = io.BytesIO()
    Image.effect_noise((64, 64), 40).save(picture, "PNG")
    kept = Path(upload(address, "visitor.png", picture.getvalue()).json()[0])
    assert kept.is_relative_to(get_upload_folder())
    assert kept.exists()
    for _ in range(100):
        if not kept.exists():
            break
        time.sleep(0.1)
    assert not kept.exists()


def test_an_upload_beyond_the_limit_is_refused(address: str):
    assert upload(address, "huge.png", bytes(200_000)).status_code == 413

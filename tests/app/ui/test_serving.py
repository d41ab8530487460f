"""How the page is served: nothing is kept, counted or sent anywhere, and a fault is neutral."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio.utils import get_upload_folder
from PIL import Image

from dinoscope.ui import guarded, page
from dinoscope.workbench import Workbench
from fixtures.visiting import sentence, serving, similar_to, upload


@pytest.fixture
def strict(workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a page whose uploads are small and swept every second."""
    monkeypatch.setattr(page, "CACHE_SWEEP", 1)
    monkeypatch.setattr(page, "CACHE_AGE", 1)
    monkeypatch.setattr(page, "UPLOAD_LIMIT", "100kb")
    with serving(workbench) as (found, _):
        yield found


def test_no_history_no_analytics_no_monitoring(address: str):
    config = httpx.get(f"{address}config").json()
    assert config["run_history"] is False
    assert config["analytics_enabled"] is False
    assert httpx.get(f"{address}monitoring/summary").status_code >= 400
    assert httpx.get(f"{address}gradio_api/deep_link", params={"session_hash": "x"}).status_code == 404


def test_the_page_asks_no_other_host_for_anything(address: str):
    text = httpx.get(address).text
    for stranger in ("fonts.googleapis", "fonts.gstatic", "cdn.jsdelivr", "cdnjs"):
        assert stranger not in text


def test_an_upload_is_deleted_from_the_disk_when_its_time_is_over(strict: str):
    picture = io.BytesIO()
    Image.effect_noise((64, 64), 40).save(picture, "PNG")
    kept = Path(upload(strict, "visitor.png", picture.getvalue()).json()[0])
    assert kept.is_relative_to(get_upload_folder())
    assert kept.exists()
    for _ in range(100):
        if not kept.exists():
            break
        time.sleep(0.1)
    assert not kept.exists()


def test_an_upload_beyond_the_limit_is_refused(strict: str):
    assert upload(strict, "huge.png", bytes(200_000)).status_code == 413


def test_a_single_call_leaves_no_session_behind(served: tuple[str, gr.Blocks]):
    address, demo = served
    before = len(demo.state_holder.session_data)
    for _ in range(5):
        sentence(similar_to(address, "nothing"))
    assert len(demo.state_holder.session_data) == before


def test_a_fault_of_code_is_a_neutral_sentence_and_its_log_has_no_value_of_a_visitor(
    address: str, workbench: Workbench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail(self: Workbench, case_id: str, task: str | None = None) -> None:
        raise ValueError(f"{case_id} is secret")

    monkeypatch.setattr(Workbench, "query_case", fail)
    answer = similar_to(address, "mine")
    assert json.loads(answer.split("data: ", 1)[1])["error"] == guarded.FAULT
    assert "ValueError in similar" in caplog.text
    assert "in fail" in caplog.text
    assert "mine" not in caplog.text

"""How the page is served: nothing is kept, counted or sent anywhere, and nothing too large is taken."""

from __future__ import annotations

import io
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio import processing_utils
from gradio.utils import get_upload_folder
from PIL import Image

from dinoscope.settings import Settings
from dinoscope.ui import page
from dinoscope.workbench import Workbench


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


def ask(address: str, verb: str, *values: object) -> str:
    """What an endpoint answers to the bare values: its last event's name and content."""
    event = httpx.post(f"{address}gradio_api/call/{verb}", json={"data": values}).json()["event_id"]
    with httpx.stream("GET", f"{address}gradio_api/call/{verb}/{event}", timeout=60) as stream:
        return "".join(stream.iter_text())


def similar_to(address: str, case_id: str) -> str:
    return ask(address, "similar", None, "colours", 3, [], [], {}, case_id, [], [], [], False, 2)


@pytest.mark.parametrize("kind", ["picture", "missing", "folder", "device", "pipe", "long", "zero", "up"])
def test_an_id_is_never_a_path(address: str, kind: str, tmp_path: Path):
    picture, pipe = tmp_path / "secret.png", tmp_path / "pipe"
    Image.effect_noise((64, 64), 40).save(picture)
    os.mkfifo(pipe)
    case_id = {
        "picture": str(picture),
        "missing": str(tmp_path / "nothing.png"),
        "folder": str(tmp_path),
        "device": "/dev/zero",
        "pipe": str(pipe),
        "long": "x" * 5000,
        "zero": "a\0b",
        "up": f"../../../..{picture}",
    }[kind]
    answer = similar_to(address, case_id)
    assert answer.startswith("event: error")
    assert "no case of" in answer
    assert "is called" in answer


def test_a_picture_that_was_not_uploaded_is_not_read(address: str, tmp_path: Path):
    picture = tmp_path / "secret.png"
    Image.effect_noise((64, 64), 40).save(picture)
    for path in (str(picture), "/dev/zero", "/etc/passwd"):
        answer = ask(address, "classify", {"path": path, "meta": {"_type": "gradio.FileData"}}, "")
        assert "are not opened here" in answer


@pytest.mark.parametrize("verb", ["classify", "similar"])
def test_an_address_is_refused_before_its_host_is_looked_up(address: str, verb: str, monkeypatch: pytest.MonkeyPatch):
    looked_up: list[str] = []
    monkeypatch.setattr(processing_utils, "resolve_hostname", looked_up.append, raising=False)
    monkeypatch.setattr(processing_utils, "async_ssrf_protected_download", looked_up.append)
    file = {"path": "http://example.invalid/x.png", "meta": {"_type": "gradio.FileData"}}
    rest = ("",) if verb == "classify" else ("colours", 3, [{"deep": file}], [], {}, "", [], [], [], False, 2)
    answer = ask(address, verb, file if verb == "classify" else None, *rest)
    assert "are not opened here" in answer
    assert not looked_up

"""How the app starts and stops, as its operator sees it: processes of their own."""

from __future__ import annotations

import errno
import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from dinoscope import demo, visits
from dinoscope.demo import undisturbed
from dinoscope.settings import ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def started(assets: Path, temporary: Path, port: int) -> Iterator[subprocess.Popen]:
    """The app on these assets, with this folder for temporary files."""
    settings = {"DINOSCOPE_ASSETS": str(assets), "DINOSCOPE_PORT": str(port), "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        [sys.executable, "app.py"], cwd=ROOT, env=os.environ | settings, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def left(folder: Path) -> list[str]:
    """Names of all files below a folder."""
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def ready(process: subprocess.Popen) -> None:
    assert any(line.startswith("DINOscope is ready") for line in process.stdout)


def test_nothing_outlives_the_app_and_ready_means_that_it_answers(tiny_assets: Path, tmp_path: Path):
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with started(tiny_assets, tmp_path, port) as killed:
        ready(killed)
        assert httpx.get(address).status_code == 200
        httpx.post(f"{address}/gradio_api/upload", files={"files": ("mine.png", b"x" * 100)}).raise_for_status()
        assert "mine.png" in left(tmp_path)
    assert "mine.png" in left(tmp_path)  # as a kill leaves no time to tidy up
    with started(tiny_assets, tmp_path, port) as stopped:
        ready(stopped)
        assert "mine.png" not in left(tmp_path)
        httpx.post(f"{address}/gradio_api/upload", files={"files": ("other.png", b"x" * 100)}).raise_for_status()
        stopped.send_signal(signal.SIGTERM)
        assert stopped.wait(30) == 0
    assert left(tmp_path) == []


def failed(run_python, **settings: str) -> str:
    """The one line that a start which failed says."""
    finished = run_python("app.py", **settings)
    assert finished.returncode == 1
    lines = finished.stderr.strip().splitlines()
    assert len(lines) == 1, finished.stderr
    return lines[0]


def test_a_port_in_use_names_the_setting(run_python):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = failed(run_python, DINOSCOPE_PORT=str(port))
    assert said == f"DINOscope cannot start: port {port} is in use; set DINOSCOPE_PORT to another one"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"DINOSCOPE_PORT": "many"}, "DINOSCOPE_PORT is 'many'; set it to a number"),
        ({"DINOSCOPE_HOST": "192.0.2.1"}, "192.0.2.1 is no address of this machine; set DINOSCOPE_HOST to 127.0.0.1"),
        ({"DINOSCOPE_ASSETS": "nowhere"}, "nowhere"),
    ],
)
def test_what_keeps_the_app_from_starting_is_one_sentence(run_python, settings: dict[str, str], expected: str):
    assert expected in failed(run_python, **({"DINOSCOPE_PORT": str(free_port())} | settings))


def test_a_disk_without_room_for_visits_is_one_sentence(monkeypatch, capsys):
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/visits")

    monkeypatch.setattr(visits, "folder", full)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setenv("DINOSCOPE_PORT", str(free_port()))
    with pytest.raises(SystemExit):
        demo.serve(lambda *_: None)
    said = "DINOscope cannot start: /tmp/visits cannot be read or written (No space left on device)\n"
    assert capsys.readouterr().err == said


LATE = ("transformers", "sklearn", "pydicom", "nibabel", "matplotlib", "scipy.stats", "gdcm")


def test_a_start_imports_nothing_that_only_fitting_or_few_files_need(run_python):
    found = run_python("-c", f"import sys, dinoscope.ui.page; print([n for n in {LATE} if n in sys.modules])")
    assert found.stdout.strip() == "[]"


def test_libraries_are_imported_without_a_search_for_garbage_and_it_goes_on_afterwards():
    searched: list[dict] = []
    gc.callbacks.append(lambda phase, info: searched.append(info))
    try:
        with undisturbed():
            kept = [[] for _ in range(100_000)]
            assert not searched
        assert gc.isenabled()
        assert gc.get_freeze_count() > len(kept)
    finally:
        gc.callbacks.pop()
        gc.unfreeze()

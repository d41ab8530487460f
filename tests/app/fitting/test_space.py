"""Space: the folder runs as a Space runs it, on the backbone asked for, fitted on originals that were fetched."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from gradio_client import Client, handle_file

from dinoscope.cli import main
from dinoscope.reading.hub import REVISIONS
from dinoscope.settings import ROOT
from dinoscope.tasks import verify
from dinoscope_lab.benchmark.serving import once_there
from fixtures.hub import Hub
from fixtures.tiny import drawn

NAME = "facebook/dinov2-small"


@pytest.fixture(scope="module")
def originals(public_pictures: Path) -> Iterator[str]:
    """A host that serves the public pictures."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            file = public_pictures.joinpath(*unquote(self.path).split("/")[4:])
            self.send_response(200 if file.is_file() else 404)
            self.end_headers()
            self.wfile.write(file.read_bytes() if file.is_file() else b"")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{host.server_port}"
        host.shutdown()


@pytest.fixture(scope="module")
def assets(tiny_assets: Path, public_pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny assets, whose public cases say where their originals are."""
    folder = Path(shutil.copytree(tiny_assets, tmp_path_factory.mktemp("space") / "assets"))
    for listing in folder.glob("tasks/*/cases.jsonl"):
        task, lines = listing.parent.name, []
        files = {p.stem: p for p in (public_pictures / task).rglob("*.png")}
        for case in map(json.loads, listing.read_text().splitlines()):
            if case["origin"] != "phantom":
                path = files[Path(case["id"]).stem]
                content = path.read_bytes()
                place = quote(path.relative_to(public_pictures).as_posix())
                case |= {
                    "url": f"https://raw.githubusercontent.com/owner/name/commit/{place}",
                    "blob": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(),
                    "origin": "public",
                }
            lines.append(json.dumps(case))
        listing.write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def hub(other_backbone: Path) -> Iterator[Hub]:
    with Hub({NAME: (REVISIONS[NAME], other_backbone)}) as hub:
        yield hub


@pytest.fixture(scope="module")
def space(
    run_python, assets: Path, originals: str, hub: Hub, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """The folder, and what the command said."""
    root = tmp_path_factory.mktemp("written")
    command = ["-m", "dinoscope", "space", "--backbone", NAME, "--out", str(root / "folder"), "--mirror", originals]
    done = run_python(
        *command,
        PYTHONPATH="src",
        DINOSCOPE_ASSETS=str(assets),
        DINOSCOPE_CACHE=str(root / "cache"),
        HF_ENDPOINT=hub.url,
        HF_HUB_CACHE=str(root / "hub"),
    )
    assert done.returncode == 0, done.stderr
    return root / "folder", done.stdout


def test_the_folder_names_its_backbone_and_asks_for_no_cuda(space):
    folder, said = space
    front = (folder / "README.md").read_text().split("---")[1]
    files = "config.json,model.safetensors,preprocessor_config.json"
    assert f"models:\n- {NAME}\npreload_from_hub:\n- {NAME} {files} {REVISIONS[NAME]}\n" in front
    assert "sdk: gradio" in front
    assert "tags:\n- medical-imaging\n" in front
    requirements = (folder / "requirements.txt").read_text()
    assert re.search(r"^--extra-index-url \S+/cpu\ntorch==[\d.]+\+cpu$", requirements, re.MULTILINE)
    assert not (folder / "src" / "dinoscope_lab").exists()
    assert verify(folder / "model_assets") > 0
    assert f".venv/bin/hf upload YOU/dinoscope {folder} . --type space" in said


def test_its_heads_are_those_of_the_backbone_fitted_on_the_originals(space):
    folder, _ = space
    for task in ("colours", "stripes"):
        facts = json.loads((folder / "model_assets" / "tasks" / task / "task.json").read_text())
        assert facts["cases"]["public"] > 0


@pytest.mark.slow  # the app starts, as a Space starts it
def test_it_starts_as_a_space_starts_it_without_a_traceback(space, hub: Hub, tmp_path: Path):
    folder, _ = space
    (tmp_path / "home").mkdir()
    port = 20_000 + os.getpid() % 10_000
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DINOSCOPE_", "PYTHONPATH", "QDRANT_"))}
    own = {"SPACE_ID": "hospital/dino-scope", "SYSTEM": "spaces", "GRADIO_SERVER_NAME": "0.0.0.0"}
    own |= {"HOME": str(tmp_path / "home"), "HF_ENDPOINT": hub.url, "DINOSCOPE_PORT": str(port)}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=folder, env=kept | own, stdout=log, stderr=log)
    picture = tmp_path / "picture.png"
    drawn("colours", "red", 500, strength=80).save(picture)
    try:
        client = once_there(process, lambda: Client(f"http://127.0.0.1:{port}", verbose=False))
        answer = client.predict(handle_file(picture), "colours", api_name="/classify")
    finally:
        process.terminate()
        process.wait()
    said = (tmp_path / "log").read_text()
    assert "Traceback" not in said
    assert "left out" not in said
    assert "fitting" not in said
    assert answer["label"] == "red"


def test_a_folder_in_use_is_left_alone(tmp_path: Path, capsys, monkeypatch):
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["space", "--out", str(tmp_path)]) == 1
    assert "is not empty; give a folder that is not there yet" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_the_bundled_backbone_needs_no_hub_and_no_fit(assets: Path, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setenv("DINOSCOPE_ASSETS", str(assets))
    assert main(["space", "--out", str(tmp_path / "plain")]) == 0
    front = (tmp_path / "plain" / "README.md").read_text().split("---")[1]
    assert "preload_from_hub" not in front
    assert (tmp_path / "plain" / "app.py").read_text() == (ROOT / "app.py").read_text()

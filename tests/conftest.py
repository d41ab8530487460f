"""Shared by the tests: a tiny seeded backbone, a tiny folder of assets fitted on it, and real subprocesses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gradio_client import Client

from dinoscope import tasks
from dinoscope.evidence import TABLE, Column, Table
from dinoscope.fitting import axes, fit, regions
from dinoscope.fitting.features import read_phantoms, read_public
from dinoscope.reading import images
from dinoscope.reading.encoder import Encoder
from dinoscope.settings import Settings
from dinoscope.workbench import Workbench
from dinoscope_lab import evidence
from dinoscope_lab.benchmark.serving import once_there, started
from fixtures.tiny import CLASSES, drawn, write_backbone

ROOT = Path(__file__).resolve().parents[1]
FOREIGN = ("DINOSCOPE_", "QDRANT_", "HF_", "HUGGINGFACE_", "TRANSFORMERS_")
# No test may meet the tester's own server, cache or token; processes that tests start find the packages here.
for name in [n for n in os.environ if n.startswith(FOREIGN)]:
    del os.environ[name]
os.environ["DINOSCOPE_THUMBNAILS"] = "cached"  # no test asks the hosts of public pictures
os.environ["PYTHONPATH"] = str(ROOT / "src")


def write_phantoms(task: str, folder: Path, n: int = 4) -> None:
    """`n` bundled pictures a class, in folds 1 to 4."""
    (folder / "images").mkdir(parents=True)
    lines = []
    for label in CLASSES[task]:
        for i in range(n):
            name = f"phantom_{label}_{i}"
            picture = drawn(task, label, 1000 + i, strength=50 + 10 * i)
            picture.save(folder / "images" / f"{name}.png")
            entry = {"id": name, "labels": [label], "origin": "phantom", "group": name, "fold": 1 + i % 4}
            entry |= {"image": f"images/{name}.png", "pixels": images.pixel_hash(picture)}
            lines.append(json.dumps(entry) + "\n")
    (folder / "phantoms.jsonl").write_text("".join(lines))


@pytest.fixture(scope="session")
def tiny_backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny backbone; read only."""
    return write_backbone(tmp_path_factory.mktemp("backbones") / "tiny", 0)


@pytest.fixture(scope="session")
def other_backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of another tiny backbone, with other weights; read only."""
    return write_backbone(tmp_path_factory.mktemp("backbones") / "other", 1)


@pytest.fixture(scope="session")
def encoder(tiny_backbone: Path) -> Encoder:
    """The tiny backbone, loaded."""
    return Encoder(tiny_backbone, "tiny")


@pytest.fixture(scope="session")
def public_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of data sets, one a task: fifteen pictures a class, one sub-folder a class."""
    root = tmp_path_factory.mktemp("pictures")
    for task, labels in CLASSES.items():
        for label in labels:
            (root / task / label).mkdir(parents=True)
            for i in range(15):
                drawn(task, label, i).save(root / task / label / f"{label}_{i:02}.png")
    return root


@pytest.fixture(scope="session")
def tiny_assets(
    tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path, encoder: Encoder, public_pictures: Path
) -> Path:
    """What model_assets holds, in small: backbone, two fitted tasks, evidence, manifest; read only."""
    assets = tmp_path_factory.mktemp("assets")
    write_backbone(assets / "backbone", 0)
    assert Encoder(assets / "backbone", "bundled").fingerprint == encoder.fingerprint
    pools = {}
    for task in CLASSES:
        folder = assets / "tasks" / task
        write_phantoms(task, folder)
        public = read_public(encoder, public_pictures / task, None, lambda _: None)
        pools[task] = (public, read_phantoms(encoder, folder))
    projection = fit.project((public + phantoms for public, phantoms in pools.values()), encoder.fingerprint)
    projection.save(assets / "tasks" / "projection.safetensors")
    for task, (public, phantoms) in pools.items():
        fit.fit_task(task, public, phantoms, projection, assets / "tasks" / task, lambda _: None)
        regions.write(encoder, assets / "tasks" / task, public, phantoms)
        axes.write(encoder, assets / "tasks" / task, public_pictures / task, None, lambda _: None)
    headline = {"label": "balanced accuracy", "value": 0.9, "low": 0.8, "high": 1.0, "unit": ""}
    command = "dinoscope benchmark tiny"
    columns = (Column("task"), evidence.number("value"))
    table = Table("tiny", "Made up", TABLE, columns, [{"task": "colours", "value": 0.9}], "task")
    how = evidence.How(command, 0, encoder.fingerprint, 1.0)
    evidence.write(assets / "evidence" / "tiny.json", headline, how, [table], ["Made up."])
    tasks.write_manifest(assets)
    return assets


@pytest.fixture
def tiny_settings(tiny_assets: Path, tmp_path: Path) -> Settings:
    """Settings that point at the tiny assets and at an empty cache."""
    return Settings(device="cpu", assets=tiny_assets, cache=tmp_path / "cache")


@pytest.fixture(scope="session")
def workbench(tiny_assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A workbench on the tiny assets."""
    settings = Settings(device="cpu", assets=tiny_assets, cache=tmp_path_factory.mktemp("cache"))
    return Workbench.load(settings, say=lambda _: None)


RunPython = Callable[..., subprocess.CompletedProcess]


@pytest.fixture(scope="session")
def run_python() -> RunPython:
    """Run Python in a new process from the repository's root, with none of the machine's own settings.

    `run_python("-c", script, NAME="value")` returns the finished process with its text output.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN) and not k.lower().endswith("_proxy")}

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=kept | environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def app() -> Iterator[Client]:
    """A client of the app itself, served on the bundled backbone by a process of its own."""
    with started() as (address, process, _):
        yield once_there(process, lambda: Client(address, verbose=False))

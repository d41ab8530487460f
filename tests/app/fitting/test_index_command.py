"""A folder streams into the index; a kill in the middle loses nothing and duplicates nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dinoscope import cli as command_line
from dinoscope.fitting import datasets
from dinoscope.settings import Settings
from dinoscope.similar import Case, CaseIndex, Filters, Storage
from dinoscope.workbench import Workbench
from fixtures.tiny import drawn

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Forty pictures in one folder a class, one of them damaged."""
    folder = tmp_path / "own"
    for label in ("blue", "green", "red"):
        (folder / label).mkdir(parents=True)
        for i in range(13):
            drawn("colours", label, 5000 + i).save(folder / label / f"{i:02}.png")
    (folder / "red" / "torn.png").write_bytes((folder / "red" / "00.png").read_bytes()[:300])
    return folder


@pytest.fixture
def environment(tiny_assets: Path, tmp_path: Path) -> dict[str, str]:
    """The tiny assets, an index in a folder, and nothing of this machine's own settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DINOSCOPE_", "QDRANT_"))}
    return kept | {
        "DINOSCOPE_ASSETS": str(tiny_assets),
        "DINOSCOPE_DEVICE": "cpu",
        "DINOSCOPE_CACHE": str(tmp_path / "cache"),
        "QDRANT_PATH": str(tmp_path / "index"),
    }


def call(own: Path, *more: str) -> list[str]:
    return ["index", "--cases", str(own), "--task", "colours", "--batch", "2", *more]


def test_a_kill_in_the_middle_loses_nothing_and_duplicates_nothing(own, environment, tiny_assets, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "dinoscope", *call(own)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    first = process.stdout.readline()
    assert process.stdout.readline().startswith("bringing the index up to date")
    assert process.stdout.readline().startswith("2 of 40: 2 added")
    process.kill()
    process.wait()
    assert first.startswith("own: 40 pictures, 13 blue, 13 green, 14 red")

    again = subprocess.run(
        [sys.executable, "-m", "dinoscope", *call(own)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    *_, summary, total = again.stdout.splitlines()
    added, held = (int(summary.split(word)[0].split()[-1]) for word in (" added", " already"))
    assert held >= 2
    assert added + held == 39
    assert "1 unreadable" in summary
    assert "left out red/torn.png" in again.stdout

    bench = Workbench.load(
        Settings(device="cpu", assets=tiny_assets, cache=tmp_path / "cache", qdrant_path=tmp_path / "index"),
        say=lambda _: None,
    )
    bundled = len(bench.tasks["colours"].cases)
    assert total == f"colours now holds {bundled + 39} cases"
    found = bench.similar(own / "red" / "05.png", "colours", k=50, filters=Filters(origins=("own",)))
    ids = [s.case.id for s in found]
    assert len(set(ids)) == len(ids) == 38  # every one but the picture itself
    assert "red/05.png" not in ids
    # The same case searches by its id, in the only task that has it.
    assert bench.query_case("red/05.png").case.labels == ("red",)
    bench.index.close()


def run(monkeypatch, environment, *arguments: str) -> int:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return command_line.main(list(arguments))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda own, env: env.pop("QDRANT_PATH"), "set QDRANT_URL to a Qdrant server or QDRANT_PATH to a folder"),
        (lambda own, env: (own / "pink").mkdir() or drawn("colours", "red", 1).save(own / "pink/1.png"), "'pink'"),
        (lambda own, env: (own / "labels.csv").write_text("name,class\n"), "it needs file and label"),
        (lambda own, env: env.update(QDRANT_PATH="", QDRANT_URL="http://127.0.0.1:9"), "cannot be reached"),
    ],
)
def test_what_keeps_it_from_starting_is_said_in_one_sentence(own, environment, monkeypatch, capsys, spoil, sentence):
    spoil(own, environment)
    monkeypatch.delenv("QDRANT_PATH", raising=False)
    monkeypatch.delenv("QDRANT_URL", raising=False)
    assert run(monkeypatch, environment, *call(own)) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_a_table_gives_labels_groups_and_what_is_known_of_each_picture(own):
    (own / "labels.csv").write_text(
        "file,label,patient,age,sex,note\nred/00.png,red,p1,057Y,F,x\nblue/01.png,blue;red,p2,,,\n"
    )
    second, first = datasets.read(own, drawn=False)
    assert (first.id, first.labels, first.group) == ("red/00.png", ("red",), "p1")
    assert first.metadata == {"age": "057Y", "sex": "F", "note": "x"}
    assert second.labels == ("blue", "red")


def test_an_index_in_use_by_another_process_is_refused_in_words(tmp_path):
    held = CaseIndex(Storage(path=tmp_path / "index"))
    held.fill("insects", [Case("a", ("ant",), "public")], np.eye(1, 4))
    script = (
        "from pathlib import Path; from dinoscope.similar import Storage, IndexFault\n"
        f"try: Storage(path=Path({str(tmp_path / 'index')!r})).open()\nexcept IndexFault as fault: print(fault)"
    )
    said = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "is in use by another process; stop it, or use a Qdrant server" in said
    held.close()

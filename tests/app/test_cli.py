"""The command line: what an operator gets wrong is one sentence, whichever verb meets it."""

from __future__ import annotations

import errno
import importlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from dinoscope import settings
from dinoscope.batch import command
from dinoscope.cli import main
from dinoscope.settings import Settings
from fixtures.tiny import drawn


def said(arguments: list[object], capsys: pytest.CaptureFixture) -> str:
    assert main([str(a) for a in arguments]) == 1
    return capsys.readouterr().err


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Five pictures of two classes each, of colours."""
    for label in ("red", "blue"):
        (tmp_path / "set" / label).mkdir(parents=True)
        for i in range(5):
            drawn("colours", label, i).save(tmp_path / "set" / label / f"{i}.png")
    return tmp_path / "set"


@pytest.fixture
def verbs(pictures: Path, tmp_path: Path) -> dict[str, list[object]]:
    """A call of each verb that loads a backbone."""
    return {
        "read": ["read", pictures],
        "fit": ["fit", "--task", "colours", "--images", pictures],
        "index": ["index", "--task", "colours", "--cases", pictures],
        "space": ["space", "--out", tmp_path / "space", "--images", pictures, "--backbone", tmp_path / "backbone"],
    }


@pytest.mark.parametrize(
    ("fault", "verb"),  # without its backbone the app, and with it `read`, goes on with the bundled one
    [*(("device", v) for v in ("read", "fit", "index")), *(("backbone", v) for v in ("fit", "index", "space"))],
)
def test_a_device_or_a_backbone_that_will_not_do_is_one_sentence_of_every_verb(
    verb: str, fault: str, verbs, tiny_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    backbone = tmp_path / "backbone"
    backbone.mkdir()
    broken = {"device": "cuda"} if fault == "device" else {"backbone": str(backbone)}
    chosen = replace(tiny_settings, cache=tmp_path / "cache", qdrant_url="http://127.0.0.1:9", **broken)
    monkeypatch.setattr(settings, "load", lambda: chosen)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    sentence = "set DINOSCOPE_DEVICE to auto or cpu" if fault == "device" else "lacks config.json"
    assert sentence in said(verbs[verb], capsys)


def test_several_folders_or_a_folder_beside_files_are_refused_with_what_to_give(pictures: Path, capsys):
    assert "one folder" in said(["read", pictures / "red", pictures / "blue"], capsys)
    assert "one folder" in said(["read", pictures / "red" / "0.png", pictures], capsys)


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many"])
@pytest.mark.parametrize(
    "call",
    [
        ["index", "--task", "colours", "--cases", "x", "--batch"],
        ["fetch", "--unlabelled", "--out", "x", "--most"],
        ["space", "--out", "x", "--most"],
        ["phantoms", "--out", "x", "--n"],
        ["phantoms", "--out", "x", "--size"],
        ["phantoms compare", "--images", "x", "--out", "y", "--n"],
        ["phantoms fit", "--images", "x", "--rounds"],
        ["benchmark", "similar", "--most"],
        ["pretrain", "--images", "x", "--state", "y", "--steps"],
    ],
)
def test_a_number_of_things_is_a_whole_number_from_1(call: list[str], number: str, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main([*call, number])
    assert left.value.code == 2
    assert f"{call[-1]}: {number} will not do; give a whole number from 1" in capsys.readouterr().err


@pytest.mark.skipif(os.getuid() == 0, reason="root may list any folder")
def test_a_folder_that_may_not_be_listed_is_one_sentence(pictures: Path, capsys):
    (pictures / "red").chmod(0)
    assert "cannot be read or written (Permission denied)" in said(["read", pictures], capsys)


def test_what_a_system_refuses_is_one_sentence_with_the_file(pictures: Path, monkeypatch, capsys):
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/somewhere")

    monkeypatch.setattr(command, "run", refuse)
    assert said(["read", pictures], capsys) == "/somewhere cannot be read or written (Permission denied)\n"


def test_a_laboratory_that_is_not_installed_says_what_brings_it(monkeypatch, capsys):
    def lacks(_: str) -> None:
        raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")

    monkeypatch.setattr(importlib, "import_module", lacks)
    assert "attack needs matplotlib; `.venv/bin/pip install -e '.[lab]'` brings it" in said(["attack"], capsys)
    with pytest.raises(ModuleNotFoundError):
        main(["read"])

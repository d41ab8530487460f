"""The doctor, as an operator runs it: silent success is 0, and what is wrong is the last line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dinoscope import __version__, tasks
from dinoscope import doctor as doctor_command
from dinoscope.cli import main
from dinoscope.reading.backbone import fingerprint

pytestmark = pytest.mark.slow


@pytest.fixture
def assets(tiny_assets: Path, tmp_path: Path) -> Path:
    """A copy of the tiny assets that a test may damage."""
    return Path(shutil.copytree(tiny_assets, tmp_path / "assets"))


@pytest.fixture
def doctor(run_python, assets):
    """Run the doctor on the copy."""

    def run(*arguments: str, **environment: str):
        return run_python("-m", "dinoscope", "doctor", *arguments, DINOSCOPE_ASSETS=str(assets), **environment)

    return run


def test_whole_assets_are_listed_and_pass(doctor, encoder):
    run = doctor()
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[0].startswith(f"dinoscope {__version__}, python 3.")
    assert "torch " in lines[1]
    assert lines[2].startswith("manifest: ")
    assert lines[3] == "backbone: bundled, 64 channels, 56 px, on cpu" or "on cuda" in lines[3]
    assert lines[4] == f"fingerprint: {encoder.fingerprint}"
    assert lines[5:] == [
        "task colours: 3 classes, 48 cases, 12 of them drawn",
        "task stripes: 2 classes, 32 cases, 8 of them drawn",
        "evidence: tiny",
    ]


def test_a_corrupt_file_fails_with_its_name_and_remedy_and_can_be_accepted(doctor, assets):
    (assets / "tasks/colours/phantoms.jsonl").write_text("")
    run = doctor()
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == (
        f"{assets / 'tasks/colours/phantoms.jsonl'} differs from manifest.json; restore it with "
        f"`git checkout -- {assets / 'tasks/colours/phantoms.jsonl'}`, or fit the task again"
    )
    assert doctor("--write-manifest").returncode == 0


@pytest.mark.parametrize("name", ["backbone/model.safetensors", "tasks/stripes/head.safetensors"])
def test_damage_that_the_manifest_was_made_to_accept_is_still_a_sentence(doctor, assets, name):
    data = (assets / name).read_bytes()
    (assets / name).write_bytes(data[: len(data) // 2])
    run = doctor("--write-manifest")
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert str((assets / name).parent) in run.stderr.splitlines()[-1]


def test_a_head_of_another_backbone_among_the_bundled_ones_fails(doctor, assets, other_backbone):
    shutil.rmtree(assets / "backbone")
    shutil.copytree(other_backbone, assets / "backbone")
    run = doctor("--write-manifest")
    assert run.returncode == 1
    assert "colours: the head was fitted on backbone " in run.stderr.splitlines()[-1]


def test_another_backbone_passes_and_says_which_tasks_will_have_heads_and_from_which_pictures(
    doctor, assets, other_backbone, tmp_path
):
    (assets / "tasks/stripes/phantoms.jsonl").unlink()
    doctor("--write-manifest")
    run = doctor(DINOSCOPE_BACKBONE=str(other_backbone), DINOSCOPE_CACHE=str(tmp_path / "cache"))
    assert run.returncode == 0, run.stderr
    assert "backbone: other, 64 channels" in run.stdout
    assert (
        "task colours: its head is fitted at the next start, from 12 drawn pictures alone; for real ones run "
        "`dinoscope fetch --task colours --out FOLDER` and set DINOSCOPE_IMAGES=FOLDER"
    ) in run.stdout
    assert "task stripes: left out: its pictures are not at hand; set DINOSCOPE_IMAGES to a folder" in run.stdout


def test_pictures_at_hand_and_heads_fitted_before_are_named(assets, other_backbone, tmp_path, monkeypatch, capsys):
    (tmp_path / "pictures" / "colours").mkdir(parents=True)
    kept = tasks.cache(tmp_path / "cache", fingerprint(other_backbone)) / "stripes"
    kept.mkdir(parents=True)
    monkeypatch.setenv("DINOSCOPE_ASSETS", str(assets))
    monkeypatch.setenv("DINOSCOPE_BACKBONE", str(other_backbone))
    monkeypatch.setenv("DINOSCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DINOSCOPE_IMAGES", str(tmp_path / "pictures"))
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert f"from the pictures in {tmp_path / 'pictures' / 'colours'} and 12 drawn ones" in said
    assert f"task stripes: has a head, fitted at an earlier start and kept in {kept}" in said


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"DINOSCOPE_BACKBONE": "nobody/nothing"}, "no backbone is called 'nobody/nothing'"),
        ({"DINOSCOPE_PORT": "http"}, "DINOSCOPE_PORT is 'http'; set it to a number from 1 to 65535"),
    ],
)
def test_a_wrong_setting_fails_with_its_value(doctor, environment, reason):
    run = doctor(**environment)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith(reason)


def test_a_package_that_is_missing_is_the_last_line(assets, monkeypatch, capsys):
    monkeypatch.setenv("DINOSCOPE_ASSETS", str(assets))
    monkeypatch.setattr(doctor_command, "PACKAGES", ("torch", "not-there"))
    assert main(["doctor"]) == 1
    assert capsys.readouterr().err == "not-there is not installed; `make demo` installs what is missing\n"

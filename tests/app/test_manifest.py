"""Every bundled file is what the manifest says; files of one task are refused in another whatever it says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from dinoscope import atomic, manifest, tasks
from dinoscope.settings import Settings
from dinoscope.tasks import AssetError
from dinoscope.workbench import Workbench


def complaint(assets: Path) -> str:
    with pytest.raises(AssetError) as caught:
        tasks.verify(assets)
    return str(caught.value)


def test_untouched_assets_are_whole(assets):
    files = [p for p in assets.rglob("*") if p.is_file() and p.name != "manifest.json"]
    assert tasks.verify(assets) == len(files)


def test_the_manifest_is_the_same_however_often_it_is_written(assets):
    before = (assets / "manifest.json").read_bytes()
    tasks.write_manifest(assets)
    assert (assets / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("name", ["backbone/model.safetensors", "tasks/colours/head.safetensors", "evidence/tiny.json"])
def test_one_changed_byte_is_found_and_the_file_named_with_its_remedy(assets, name):
    data = bytearray((assets / name).read_bytes())
    data[len(data) // 2] ^= 1
    (assets / name).write_bytes(data)
    again = ", or fit the task again" if name.startswith("tasks/") else ""
    assert complaint(assets) == (
        f"{assets / name} differs from manifest.json; restore it with `git checkout -- {assets / name}`{again}"
    ), "and no word of recording the damage"


@pytest.mark.parametrize("extra", [b"\n", b"x" * 1000])
def test_a_file_that_grew_is_found(assets, extra):
    with (assets / "tasks/stripes/cases.jsonl").open("ab") as file:
        file.write(extra)
    assert "tasks/stripes/cases.jsonl differs from manifest.json" in complaint(assets)


def test_a_pointer_left_by_a_clone_without_large_files_is_found(assets):
    (assets / "backbone/model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")
    assert "backbone/model.safetensors differs from manifest.json" in complaint(assets)


def test_a_missing_file_is_named_with_its_remedy(assets):
    (assets / "tasks/colours/vectors.safetensors").unlink()
    assert complaint(assets) == (
        f"{assets / 'tasks/colours/vectors.safetensors'} is missing; clone the repository again, large files included"
    )


def test_a_missing_manifest_is_named_with_its_remedy(assets):
    (assets / "manifest.json").unlink()
    assert complaint(assets).startswith(f"{assets / 'manifest.json'} is missing; ")


def test_a_manifest_written_anew_accepts_a_change_made_on_purpose(assets):
    (assets / "evidence/tiny.json").write_text("{}")
    (assets / "NOTES.md").write_text("More.")
    tasks.write_manifest(assets)
    tasks.verify(assets)
    assert json.loads((assets / "manifest.json").read_text())["NOTES.md"]["bytes"] == 5


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is damaged"),
        ('{"backbone/config.json": {"sha', "is damaged"),
        ("[]", "holds a list instead of files"),
        ("null", "holds a NoneType instead of files"),
        ("{}", "does not list backbone/config.json"),
        ('{"backbone/config.json": {"bytes": 3}}', "the entry 'backbone/config.json' has no sha256 and bytes"),
        ('{"backbone/config.json": "abc"}', "the entry 'backbone/config.json' has no sha256 and bytes"),
        ('{"../../etc/passwd": {"sha256": "a", "bytes": 3}}', "is damaged"),
    ],
)
def test_a_manifest_that_is_none_is_named_with_its_remedy(assets, content, sentence):
    (assets / "manifest.json").write_text(content)
    said = complaint(assets)
    assert sentence in said
    assert said.endswith(f"restore it with `git checkout -- {assets / 'manifest.json'}`")


def test_the_manifest_of_a_change_does_not_bless_damage_elsewhere(assets):
    with (assets / "backbone/config.json").open("a") as file:
        file.write(" ")
    with atomic.change(assets) as staged:
        (staged / "evidence").mkdir()
        (staged / "evidence/new.json").write_text("{}")
        manifest.stage(assets, staged)
    assert (assets / "evidence/new.json").read_text() == "{}"
    assert "evidence/new.json" in json.loads((assets / "manifest.json").read_text())
    assert "backbone/config.json differs from manifest.json" in complaint(assets)


def test_hidden_files_are_none_of_the_manifests_business(assets):
    before = (assets / "manifest.json").read_bytes()
    for name in (".ipynb_checkpoints/x.json", "tasks/__pycache__/y.pyc", "evidence/.DS_Store"):
        (assets / name).parent.mkdir(parents=True, exist_ok=True)
        (assets / name).write_text("")
    tasks.write_manifest(assets)
    assert (assets / "manifest.json").read_bytes() == before


def swap(assets: Path, name: str) -> None:
    one, two = (assets / "tasks" / t / name for t in ("colours", "stripes"))
    kept = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(kept)


@pytest.mark.parametrize(
    "name", ["head.safetensors", "vectors.safetensors", "cases.jsonl", "patches.safetensors", "axes.safetensors"]
)
def test_swapped_files_are_refused_whatever_the_manifest_says(assets, encoder, name):
    swap(assets, name)
    tasks.write_manifest(assets)
    for task in ("colours", "stripes"):
        with pytest.raises(AssetError, match=rf"tasks/{task}.*; restore it, or fit the task again"):
            tasks.load(assets / "tasks" / task, encoder.fingerprint)
    bench = Workbench.load(Settings(device="cpu", assets=assets, cache=assets / "cache"), say=lambda _: None)
    assert bench.tasks == {}
    assert bench.notices == ("colours is damaged and is left out.", "stripes is damaged and is left out.")


def test_files_of_an_earlier_version_that_name_no_task_still_load(assets, encoder):
    folder = assets / "tasks/colours"
    new = tasks.load(folder, encoder.fingerprint)
    for part in ("patches", "axes"):
        path = folder / f"{part}.safetensors"
        with safe_open(path, "numpy") as file:
            told = {
                "fingerprint": encoder.fingerprint,
                "fine": "\n".join(json.loads(file.metadata()[part]).get("fine", "")),
            }
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        save_file(tensors, path, told)
    old = tasks.load(folder, encoder.fingerprint)
    assert np.array_equal(old.axes.components, new.axes.components)
    assert {k: v.tobytes() for k, v in old.regions.fine.items()} == {
        k: v.tobytes() for k, v in new.regions.fine.items()
    }


def test_patches_of_other_cases_are_not_taken_for_those_of_these(assets, encoder):
    folder = assets / "tasks/colours"
    task = tasks.load(folder, encoder.fingerprint)
    assert task.regions is not None
    tasks.save(folder, task.facts, task.head, list(task.cases)[::-1], task.vectors[::-1], task.reference)
    assert tasks.load(folder, encoder.fingerprint).regions is None


@pytest.mark.parametrize("name", ["__pycache__", ".ipynb_checkpoints", "empty", "half", "a b"])
def test_a_folder_that_is_no_task_is_named_and_passed_over(assets, name):
    stray = assets / "tasks" / name
    stray.mkdir()
    if name == "half":
        shutil.copy(assets / "tasks/colours/task.json", stray)
    if name == "a b":
        shutil.copytree(assets / "tasks/colours", stray, dirs_exist_ok=True)
    said: list[str] = []
    bench = Workbench.load(Settings(device="cpu", assets=assets, cache=assets / "cache"), say=said.append)
    assert list(bench.tasks) == ["colours", "stripes"]
    assert bench.notices == ()
    assert any(str(stray) in line and "is passed over" in line for line in said)

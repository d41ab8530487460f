"""A task written to disk comes back whole; a file that is missing or changed is named with its remedy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from dinoscope import tasks
from dinoscope.reading import scope
from dinoscope.reading.heads import Head, HeadError
from dinoscope.similar import Case
from dinoscope.tasks import AssetError

PRINT = "a" * 64
FACTS = {"title": "Insects", "classes": {"ant": "ant", "bee": "honey bee"}, "note": "naïve ≥ 1"}


@pytest.fixture
def head() -> Head:
    return Head(("ant", "bee"), np.eye(2, 8, dtype=np.float32), np.zeros(2, np.float32), 1.5, 0.1, 0.9, PRINT)


@pytest.fixture
def cases() -> list[Case]:
    public = [
        Case(f"p{i}", (("ant", "bee")[i % 2],), "public", "CC BY 4.0", f"patient {i}", 1 + i % 4, f"https://x/{i}")
        for i in range(8)
    ]
    drawn = [Case(f"d{i}", (("bee", "ant")[i % 2],), "phantom", image=f"images/d{i}.png", fold=2) for i in range(4)]
    return public + drawn


@pytest.fixture
def pooled() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(12, 8)).astype(np.float32) * 30


@pytest.fixture
def folder(tmp_path, head, cases, pooled) -> Path:
    tasks.save(tmp_path / "insects", FACTS, head, cases, pooled, np.array([0.1, 0.2, 0.4]))
    return tmp_path / "insects"


def test_a_saved_task_comes_back_whole(folder, head, cases, pooled):
    task = tasks.load(folder, PRINT)
    assert (task.name, task.title, task.facts, task.folder) == ("insects", "Insects", FACTS, folder)
    assert task.cases == tuple(cases)
    assert np.array_equal(task.head.weight, head.weight)
    assert task.reference.tolist() == pytest.approx([0.1, 0.2, 0.4])


def test_vectors_come_back_as_unit_vectors_close_to_the_features(folder, pooled):
    vectors = tasks.load(folder, PRINT).vectors
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.allclose((vectors * scope.unit(pooled)).sum(axis=1), 1, atol=1e-6)


def test_classes_have_names_a_reader_would_write(folder):
    task = tasks.load(folder, PRINT)
    assert task.display("bee") == "honey bee"
    assert task.display("red_ant") == "red ant"


def test_the_scope_is_judged_by_real_cases_of_the_training_folds(folder, cases):
    task = tasks.load(folder, PRINT)
    expected = [i for i, c in enumerate(cases) if c.origin == "public" and c.fold >= 2]
    assert np.array_equal(task.training, task.vectors[expected])


def test_without_real_cases_the_drawn_ones_judge_the_scope(tmp_path, head, cases, pooled):
    tasks.save(tmp_path / "drawn", FACTS, head, cases[8:], pooled[8:], np.array([0.1]))
    assert len(tasks.load(tmp_path / "drawn", PRINT).training) == 4


def test_there_is_one_example_a_class_in_the_order_of_the_classes(folder):
    assert [c.id for c in tasks.load(folder, PRINT).examples()] == ["d1", "d0"]


def test_a_case_is_found_by_its_id_and_an_unknown_one_is_named(folder, cases):
    task = tasks.load(folder, PRINT)
    assert task.case("p3") == cases[3]
    with pytest.raises(KeyError, match="insects has no case 'p99'"):
        task.case("p99")


def test_a_fitted_folder_may_borrow_its_images_from_another(folder, tmp_path):
    assert tasks.load(folder, PRINT, tmp_path).folder == tmp_path


def test_a_head_of_another_backbone_is_refused(folder):
    with pytest.raises(HeadError, match="insects: the head was fitted on backbone aaaaaaaa, not on bbbbbbbb"):
        tasks.load(folder, "b" * 64)


def test_vectors_of_another_backbone_are_refused(folder):
    wrong = {"vectors": np.zeros((12, 8), np.float16), "reference": np.zeros(1, np.float32)}
    save_file(wrong, folder / "vectors.safetensors", {"fingerprint": "b" * 64})
    with pytest.raises(HeadError, match="insects: the vectors were made with another backbone; run `dinoscope fit`"):
        tasks.load(folder, PRINT)


@pytest.fixture
def assets(tiny_assets, tmp_path) -> Path:
    """A copy of the tiny assets that a test may damage."""
    return Path(shutil.copytree(tiny_assets, tmp_path / "assets"))


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
    assert complaint(assets) == (
        f"{assets / name} differs from manifest.json; restore it with `git checkout -- {assets / name}`, "
        "or write the manifest anew with `dinoscope doctor --write-manifest`"
    )


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

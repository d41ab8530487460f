"""A task written to disk comes back whole; a file that is missing or changed is named with its remedy."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from dinoscope import manifest, tasks, whole
from dinoscope.reading import scope
from dinoscope.reading.heads import Head, HeadError
from dinoscope.settings import Settings
from dinoscope.similar import Case
from dinoscope.tasks import AssetError
from dinoscope.workbench import Workbench

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
    with whole.change(assets) as staged:
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


def test_a_head_without_a_name_is_known_by_its_classes(folder, head):
    replace(head, classes=("ant", "wasp")).save(folder / "head.safetensors")  # as version 1 wrote them
    with pytest.raises(AssetError, match="holds a head for the classes ant, wasp, but its cases are ant, bee"):
        tasks.load(folder, PRINT)
    head.save(folder / "head.safetensors")
    assert tasks.load(folder, PRINT).head.task == ""


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda lines: lines[:-1], "has 11 cases for 12 vectors"),
        (lambda lines: [*lines, lines[3]], "lists the case 'p3' twice"),
        (lambda lines: [lines[0], *lines[:-1]], "lists the case 'p0' twice"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "lists other cases than the vectors are of"),
        (lambda lines: [*lines[:4], lines[4][:30] + "\n", *lines[5:]], r"cases\.jsonl, line 5 is no case"),
        (lambda lines: [*lines[:-1], '{"id": "x"}\n'], r"cases\.jsonl, line 12 is no case"),
        (lambda lines: ["[]\n", *lines[1:]], r"cases\.jsonl, line 1 is no case"),
    ],
)
def test_missing_doubled_and_damaged_case_lines_are_told(folder, spoil, sentence):
    lines = (folder / "cases.jsonl").read_text().splitlines(keepends=True)
    (folder / "cases.jsonl").write_text("".join(spoil(lines)))
    with pytest.raises(AssetError, match=sentence):
        tasks.load(folder, PRINT)


@pytest.mark.parametrize(
    "facts", [[], {}, {"title": "x"}, {"title": "x", "classes": {"ant": "ant"}}, {"title": "x", "classes": 3}]
)
def test_facts_of_another_task_are_refused(folder, facts):
    (folder / "task.json").write_text(json.dumps(facts))
    with pytest.raises(AssetError, match=r"insects holds a .*; restore it, or fit the task again"):
        tasks.load(folder, PRINT)


def test_a_head_of_another_version_is_told_from_one_of_another_backbone(folder, head):
    facts = {"format": 99, "shape": "round", "fingerprint": PRINT}
    save_file({"weight": head.weight}, folder / "head.safetensors", {"head": json.dumps(facts)})
    with pytest.raises(HeadError, match="insects: the head was written by another version of this app; fit it again"):
        tasks.load(folder, PRINT)


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


@pytest.mark.parametrize(
    "name", ["liver/ct", "..", ".", "", " ", "a b", "../x", "ct\\x", "-x", "x" * 65, "lunge\n", "ü"]
)
def test_a_name_that_no_folder_should_get_is_refused(name):
    with pytest.raises(ValueError, match="a task cannot be called"):
        tasks.check_name(name)
    assert tasks.check_name("Lung_CT-2") == "Lung_CT-2"


class Killed(BaseException):
    """Stands for a kill: no handler of the app catches it."""


def test_a_change_that_is_cut_short_anywhere_leaves_the_old_state_or_the_new_one(tmp_path, monkeypatch):
    """Every call that touches the disk is the last one once; then `finish`, as a reader calls it, is enough."""
    names = ("a.txt", "tasks/x/b.txt", "tasks/x/c.txt", "manifest.json")
    seen = set()
    for last in range(1, 40):
        root = tmp_path / str(last)
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("old")
        counter = itertools.count(1)

        def counted(real, counter=counter, last=last):
            def call(*arguments, **more):
                if next(counter) >= last:
                    raise Killed
                return real(*arguments, **more)

            return call

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", counted(Path.rename))
            patch.setattr(Path, "replace", counted(Path.replace))
            patch.setattr(shutil, "rmtree", counted(shutil.rmtree))
            patch.setattr("os.fsync", counted(lambda _: None))
            with contextlib.suppress(Killed), whole.change(root) as staged:
                for name in names:
                    (staged / name).parent.mkdir(parents=True, exist_ok=True)
                    (staged / name).write_text("new")
        whole.finish(root)
        state = {(root / name).read_text() for name in names}
        assert len(state) == 1, f"a kill at call {last} leaves {state}"
        assert not (root / whole.DECIDED).exists()
        seen |= state
    assert seen == {"old", "new"}


def test_a_full_disk_leaves_the_old_state_and_no_scraps(tmp_path):
    (tmp_path / "a.txt").write_text("old")

    def fill_the_disk():
        with whole.change(tmp_path) as staged:
            (staged / "a.txt").write_text("ne")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        fill_the_disk()
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    (tmp_path / f"{whole.STAGED}dead").mkdir()
    with whole.change(tmp_path) as staged:
        whole.finish(tmp_path)
        assert staged.is_dir()
    assert list(tmp_path.iterdir()) == []

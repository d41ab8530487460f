"""A task written to disk comes back whole, and what does not belong to it is named with its remedy."""

from __future__ import annotations

import json
from dataclasses import replace
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


@pytest.mark.parametrize(
    "name", ["liver/ct", "..", ".", "", " ", "a b", "../x", "ct\\x", "-x", "x" * 65, "lunge\n", "ü"]
)
def test_a_name_that_no_folder_should_get_is_refused(name):
    with pytest.raises(ValueError, match="a task cannot be called"):
        tasks.check_name(name)
    assert tasks.check_name("Lung_CT-2") == "Lung_CT-2"

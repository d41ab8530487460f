"""No test picture is ever learned from: neither in pre-training, nor in what is bundled, by name and by pixels."""

import csv
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dinoscope.fitting import unlabelled
from dinoscope.reading import images
from dinoscope.settings import Settings
from dinoscope_lab.pretrain import pack

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
SPLITS = DATA / "splits"
TASKS = sorted(p.parent.name for p in (Settings.assets / "tasks").glob("*/cases.jsonl"))
COLUMNS = ("id", "file", "label", "group", "fold", "official")

real = pytest.mark.skipif(not SPLITS.is_dir(), reason="the real data sets are not beside this checkout")


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def pixels(path):
    return images.pixel_hash(images.read(path).picture)


@cache
def held_rows(name):
    """Rows of a real set that are test pictures: fold 0 or the official test split."""
    return [r for r in rows(SPLITS / f"{name}.csv") if r["fold"] == "0" or r["official"] == "test"]


@pytest.fixture
def two_sets(tmp_path):
    """Two sets of plain pictures whose grey says who they are: training 100 and up, test or copy of one below 100."""
    rng = np.random.default_rng(0)
    greys = {"left": [], "right": []}
    for name, entries in greys.items():
        for i in range(30):
            fold, official = i % 5, "test" if i % 7 == 3 else "train"
            entries.append([f"{name}{i}", fold, official, 40 if fold == 0 or official == "test" else 100 + i])
    copies = [("left", "left1", "right", "right5"), ("right", "right1", "left", "left10")]
    for a, x, b, y in copies:  # right5 and left10 are test pictures, so their copies are, too
        next(e for e in greys[a] if e[0] == x)[3] = 40
        assert next(e for e in greys[b] if e[0] == y)[3] == 40
    for name, entries in greys.items():
        (tmp_path / name).mkdir()
        for i, _, _, grey in entries:
            noise = rng.integers(-9, 10, (40, 40, 3))
            Image.fromarray((grey + noise).astype(np.uint8)).save(tmp_path / name / f"{i}.png")
        write(tmp_path / "splits" / f"{name}.csv", COLUMNS, [(i, f"{i}.png", "k", i, f, o) for i, f, o, _ in entries])
    write(tmp_path / "splits" / "cross_set_copies.csv", ("set_a", "id_a", "set_b", "id_b"), copies)
    trained = sum(grey >= 100 for entries in greys.values() for *_, grey in entries)
    return tmp_path, trained


def write(path, columns, lines):
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *lines])


def test_a_pack_with_splits_holds_every_picture_but_tests_and_their_copies(two_sets, tmp_path):
    folder, trained = two_sets
    built = pack.build(folder, folder / "splits", 32, tmp_path / "state")
    assert len(built.pictures) == trained > 30
    assert built.pictures.mean((1, 2, 3)).min() > 90
    assert set(built.fold) == {1, 2, 3, 4}
    assert set(built.fold[built.validation]) == {1}
    assert not set(built.training) & set(built.validation)


def test_a_pack_made_without_splits_is_not_taken_for_one_made_with_them(two_sets, tmp_path):
    folder, _ = two_sets
    pack.build(folder, None, 32, tmp_path / "state")
    with pytest.raises(ValueError, match="was packed without split files, test pictures included; remove it"):
        pack.build(folder, folder / "splits", 32, tmp_path / "state")


@real
def test_no_test_picture_of_any_real_set_and_no_copy_of_one_is_chosen_for_pre_training():
    names = sorted(p.stem for p in SPLITS.glob("*.csv") if (DATA / p.stem).is_dir())
    held = {(name, r["group"]) for name in names for r in held_rows(name)}
    forbidden = {(n, r["id"]) for n in names for r in rows(SPLITS / f"{n}.csv") if (n, r["group"]) in held}
    pairs = [((r["set_a"], r["id_a"]), (r["set_b"], r["id_b"])) for r in rows(SPLITS / "cross_set_copies.csv")]
    for _ in pairs:
        forbidden |= {x for pair in pairs if forbidden & set(pair) for x in pair}
    files = {(DATA / name / r["file"]): (name, r["id"]) for name in names for r in rows(SPLITS / f"{name}.csv")}
    chosen = {files[path] for path, *_ in pack.choose(DATA, SPLITS)}
    assert len(names) > 10
    assert len(chosen) > 5000
    assert not chosen & forbidden
    assert len(chosen) + len(forbidden) == len(files), "and nothing else is left out"


@real
@pytest.mark.slow
def test_no_picture_chosen_for_pre_training_decodes_to_the_pixels_of_a_test_picture_of_any_set():
    names = sorted(p.stem for p in SPLITS.glob("*.csv") if (DATA / p.stem).is_dir())
    tests = {pixels(DATA / name / r["file"]): (name, r["id"]) for name in names for r in held_rows(name)}
    chosen = {path: pixels(path) for path, *_ in pack.choose(DATA, SPLITS)}
    assert len(tests) > 3000
    assert {path.name: tests[known] for path, known in chosen.items() if known in tests} == {}


@real
@pytest.mark.parametrize("task", TASKS)
def test_the_bundled_cases_name_no_picture_of_fold_0_and_none_has_its_pixels(task):
    cases = [json.loads(line) for line in (Settings.assets / "tasks" / task / "cases.jsonl").open(encoding="utf-8")]
    tests = [r for r in rows(SPLITS / f"{task}.csv") if r["fold"] == "0"]
    public = [c for c in cases if c["origin"] == "public"]
    assert len(public) > 3 * len(tests) > 300
    assert not {c["id"] for c in public} & {r["id"] for r in tests}
    assert not {c["pixels"] for c in cases} & {pixels(DATA / task / r["file"]) for r in tests}
    assert all(c["fold"] in (1, 2, 3, 4) and c["pixels"] for c in cases)


@real
@pytest.mark.parametrize("task", TASKS)
def test_no_bundled_case_shares_its_person_or_near_copies_with_fold_0(task):
    cases = [json.loads(line) for line in (Settings.assets / "tasks" / task / "cases.jsonl").open(encoding="utf-8")]
    groups = {r["group"] for r in rows(SPLITS / f"{task}.csv") if r["fold"] == "0"}
    assert not {c["group"] for c in cases if c["origin"] == "public"} & groups


NUMBERED = {"lgg_mri": lambda i: "_".join(i.split("_")[:3]), "odir": lambda i: i.split("_")[0]}
"""Sets whose ids name the patient -> how."""


@real
def test_no_unlabelled_picture_is_a_held_out_one_or_of_its_patient_by_id_or_by_blob():
    """Nor is one of fold 1, by which every choice is made."""
    listed = unlabelled.listed()
    sets = {
        name: rows(SPLITS / f"{name}.csv") for name in (p.stem for p in SPLITS.glob("*.csv")) if (DATA / name).is_dir()
    }
    kept = {
        name: {r["id"] for r in all_ if r["fold"] in "01" or r["official"] == "test"} for name, all_ in sets.items()
    }
    blobs = {
        r["blob"]: (name, r["id"])
        for name in sets
        if (DATA / name / "sources.csv").is_file()
        for r in rows(DATA / name / "sources.csv")
        if r["id"] in kept[name]
    }
    assert len(blobs) > 5000
    assert {r["id"]: blobs[r["blob"]] for r in listed if r["blob"] in blobs} == {}
    for name, ids in kept.items():
        mine = {r["id"] for r in listed if r["set"] == f"{name}_more"}
        assert mine & ids == set(), name
        if name in NUMBERED:
            assert mine
            assert {NUMBERED[name](i) for i in mine} & {NUMBERED[name](i) for i in ids} == set(), name

"""The explanation benchmark on tiny networks: the published code agrees with ours, and a run can be cut short."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dinoscope.explain import vitcx_published
from dinoscope_lab.benchmark import explain, explain_pictures, explain_rows, published_vitcx


@pytest.fixture(scope="module")
def folder(public_pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public pictures with folds still to be drawn, and a set of one class with outlines."""
    root = tmp_path_factory.mktemp("explain")
    (root / "splits").mkdir()
    for task in public_pictures.iterdir():
        (root / task.name).symlink_to(task)
    for kind in ("polyp", "masks"):
        (root / "polyp_kvasirseg" / kind).mkdir(parents=True)
    rows = ["id,file,label,group,fold,official"]
    for i in range(20):
        rows.append(f"p{i},polyp/p{i}.png,polyp,p{i},{i % 5},all")
        levels = np.random.default_rng(i).integers(0, 90, (40, 60, 3), np.uint8)
        mask = np.zeros((40, 60), np.uint8)
        mask[10:20, 5 + i : 25 + i] = 255
        levels[mask > 0] += 120
        Image.fromarray(levels).save(root / "polyp_kvasirseg/polyp" / f"p{i}.png")
        Image.fromarray(mask).save(root / "polyp_kvasirseg/masks" / f"p{i}.png")
    (root / "splits" / "polyp_kvasirseg.csv").write_text("\n".join(rows) + "\n")
    return root


@pytest.fixture
def arguments(folder: Path) -> argparse.Namespace:
    return argparse.Namespace(images=folder, seed=0, most=2, quick=True, fold=0)


def test_the_published_code_gives_the_map_of_our_published_path(workbench, folder):
    (asked,) = explain_pictures.of_task(workbench, folder, "stripes", 1, 0)
    ours = vitcx_published.explain(asked.exact, 3).map
    theirs = published_vitcx.explain(asked.exact.score, asked.exact.pixels, asked.exact.before, asked.exact.grid, 3)
    assert theirs == pytest.approx(ours, abs=1e-5)


def test_only_pictures_of_the_test_fold_that_the_head_gets_right_are_explained(workbench, folder):
    found = list(explain_pictures.of_task(workbench, folder, "colours", 3, 0))
    assert 0 < len(found) <= 3
    for asked in found:
        assert workbench.classify(folder / "colours" / asked.id, "colours").label == (asked.explained)


def test_a_set_of_one_class_is_explained_by_its_similarity_to_training_cases(workbench, folder):
    found = list(explain_pictures.of_outlined(workbench, folder, "polyp_kvasirseg", 2, 0))
    assert len(found) == 2
    for asked in found:
        assert asked.explained == "similarity to its 5 nearest training cases"
        assert asked.lesion.shape == (56, 56)
        assert 0.5 < float(asked.subject.score(asked.subject.pixels)) <= 1


def test_a_run_that_was_cut_short_goes_on_where_it_stopped(workbench, arguments, tmp_path):
    path = tmp_path / "ledger.jsonl"

    def measure(ledger: explain.Ledger) -> None:
        for part in explain._parts(workbench, arguments):
            ledger.add(*part)

    whole = explain.Ledger(path)
    measure(whole)
    lines = path.read_text().splitlines()
    assert {r["part"] for r in whole.records} == {"outlined", "plain", "timed"}  # nothing drawn has an outline here
    path.write_text("\n".join(lines[:3]) + "\n")
    again = explain.Ledger(path)
    measure(again)
    assert [(r["part"], r["set"], r["id"]) for r in again.records] == [
        (r["part"], r["set"], r["id"]) for r in whole.records
    ]
    assert path.read_text().splitlines()[:3] == lines[:3]
    rows, headline, notes = explain_rows.summarise(whole.records)
    json.dumps([rows, headline, notes], allow_nan=False)
    assert 0 <= headline["low"] <= headline["value"] <= headline["high"] <= 1
    assert {r.get("task") for r in rows} >= {"colours", "stripes", "polyp_kvasirseg", "all sets"}
    assert {r.get("set") for r in rows} >= {"polyp_kvasirseg", explain_rows.OUTLINED}
    methods = {r["method"] for r in rows if "method" in r}
    assert methods >= {"centred_blob", "random", "vitcx", "vitcx_published", "rise", "occlusion"}
    (full, quick) = [r for r in rows if "pace" in r]
    assert full["times_as_fast"] > 0 < quick["times_as_fast"]
    assert next(r for r in rows if r.get("two_seeds_of") == "vitcx")["rank_correlation_median"] == 1
    assert any(n.startswith("All four curves together") for n in notes)


def test_fold_1_is_measured_apart_and_beside_the_floor(workbench, arguments, folder, tmp_path):
    arguments.fold = 1
    ledger = explain.Ledger(tmp_path / "ledger.jsonl")
    for part in explain._parts(workbench, arguments):
        ledger.add(*part)
    assert {r["part"] for r in ledger.records} == {"outlined"}
    tested = explain_pictures.of_outlined(workbench, folder, "polyp_kvasirseg", 9, 0)
    assert not {r["id"] for r in ledger.records} & {p.id for p in tested}
    of_floor = [r | {"set": "ph2"} for r in ledger.records]
    rows, headline, (note,) = explain_rows.floor(of_floor)
    (own,) = [r for r in rows if (r["set"], r["method"]) == ("mean", "vitcx")]
    measured = of_floor[0]["methods"]["vitcx"]
    assert headline["value"] == own["overlap"] == pytest.approx(measured["overlap"], abs=1e-4)
    assert own["difference_tokens"] == pytest.approx(measured["difference_tokens"], abs=1e-4)
    assert "0.52 wanted" in note

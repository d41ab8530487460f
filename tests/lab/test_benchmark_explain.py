"""The explanation benchmark on tiny networks: the published code agrees with ours, its tables with the pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dinoscope.evidence import MEAN, json_of
from dinoscope.explain import vitcx_published
from dinoscope_lab.benchmark import explain, explain_pictures, explain_rows, published_vitcx
from dinoscope_lab.benchmark.study import Study


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
def study(workbench, folder, tmp_path) -> Study:
    """A quick study on the tiny backbone."""
    found = Study("explain", "", workbench.encoder, folder, tmp_path, tmp_path / "assets", quick=True)
    found.__dict__["workbench"] = workbench
    return found


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


def test_every_picture_is_a_part_and_the_tables_are_made_of_all(study, monkeypatch):
    http = [{"pace": p, "pictures": 1, "median": 1.0, "late": 1.0} for p in ("full", "quick")]
    monkeypatch.setattr(explain.explain_http, "measure", lambda _: http)
    report = explain.measure(study)
    kept = [json.loads(line) for line in study.parts.path.read_text().splitlines()]
    records = [r for line in kept for r in line["rows"]]
    assert {r["part"] for r in records} == {"outlined", "plain", "timed"}  # nothing drawn has an outline here
    json.dumps(json_of(report.tables), allow_nan=False)
    found = {t.name: t for t in report.tables}
    head = report.headline
    assert 0 <= head["low"] <= head["value"] <= head["high"] <= 1
    assert {r["task"] for r in found["faithful"].rows} == {"colours", "stripes", "polyp_kvasirseg", "all sets"}
    assert found["located"].places() == [MEAN, "polyp_kvasirseg"]
    methods = {r["method"] for r in found["located"].rows}
    assert methods >= {"centred_blob", "random", "vitcx", "rise", "occlusion"}
    ours = found["located"].find(set="polyp_kvasirseg", method="vitcx")
    blob = found["located"].find(set="polyp_kvasirseg", method="centred_blob")
    gain = found["differences"].find(set="polyp_kvasirseg", method="centred_blob")
    assert gain["ahead"] == pytest.approx(ours["overlap"] - blob["overlap"], abs=2e-3)
    assert all(r["times"] > 0 for r in found["speed"].rows)
    assert found["seeds"].find(method="vitcx")["median"] == 1
    assert any(n.startswith("All four curves together") for n in report.notes)


def test_fold_1_is_measured_apart_and_beside_the_floor(study, folder):
    apart = replace(study, fold=1)
    apart.__dict__["workbench"] = study.workbench
    assert apart.aside
    records = [
        r
        for part, of, pictures, look in explain._parts(apart)
        for number, shown in enumerate(pictures)
        for r in explain._record(part, of, shown, number, look)
    ]
    assert {r["part"] for r in records} == {"outlined"}
    tested = explain_pictures.of_outlined(study.workbench, folder, "polyp_kvasirseg", 9, 0)
    assert not {r["id"] for r in records} & {p.id for p in tested}
    of_floor = [r | {"set": "ph2"} for r in records]
    report = explain_rows.floor(of_floor)
    own = report.tables[0].find(set=MEAN, method="vitcx")
    measured = of_floor[0]["methods"]["vitcx"]
    assert report.headline["value"] == own["overlap"] == pytest.approx(measured["overlap"], abs=1e-4)
    assert own["difference_tokens"] == pytest.approx(measured["difference_tokens"], abs=1e-4)
    assert "0.52 wanted" in report.notes[0]


def test_a_method_that_lies_nearer_or_is_more_faithful_on_the_same_pictures_is_named():
    def record(name, group, ours, rollout, rise=None):
        gains = dict.fromkeys(explain_rows.GAINS, 0.1)
        methods = {"vitcx": gains | {"overlap": ours}, "rollout": gains | {"overlap": rollout}}
        if rise is not None:  # a slow one: on this picture alone, where the default does well, too
            methods["vitcx"] = dict.fromkeys(explain_rows.GAINS, 0.5) | {"overlap": ours}
            methods["rise"] = dict.fromkeys(explain_rows.GAINS, rise) | {"overlap": ours - 0.3}
        return {"set": name, "group": group, "methods": methods}

    records = [record("a", "1", 0.5, 0.6), record("a", "2", 0.3, 0.4, rise=0.4), record("b", "1", 0.2, 0.1)]
    differences = explain_rows._differences(records)
    mean = next(r for r in differences if (r["set"], r["method"]) == (MEAN, "rollout"))
    assert mean["ahead"] == 0  # each set counts alike, however many pictures it has
    assert explain_rows._nearer(differences) == []
    nearer = explain_rows._nearer(explain_rows._differences(records[:2]))
    assert nearer == [
        "Nearer to the lesions than ViT-CX on tokens, IoU on the mean of the sets: rollout by 0.1 (0.1 to 0.1)."
    ]
    assert explain_rows._more_faithful(records) == []
    records[1]["methods"]["rise"] |= dict.fromkeys(explain_rows.GAINS, 0.6)
    assert "rise (1 pictures)" in explain_rows._more_faithful(records)[0]

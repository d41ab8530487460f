"""A head fitted in a visit: measured honestly, usable by every verb, seen by nobody else, and taken along."""

from __future__ import annotations

import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dinoscope import tasks, visit_tasks
from dinoscope.batch import own_head, rows, summary
from dinoscope.batch.gather import Item, gather
from dinoscope.batch.own_head import Fitted
from dinoscope.batch.rows import Row
from dinoscope.cli import main
from dinoscope.errors import RequestError
from dinoscope.fitting import fit_command
from dinoscope.settings import Settings
from dinoscope.visit_tasks import ALL, EACH, KEPT, VisitTasks
from dinoscope.workbench import Workbench
from fixtures.tiny import drawn


@pytest.fixture(scope="module")
def bench(workbench: Workbench) -> Workbench:
    """The tiny workbench, with visits."""
    return replace(workbench, tasks=VisitTasks(workbench.tasks))


@pytest.fixture(scope="module")
def read(bench: Workbench, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """Twelve pictures a class of six patients each, two classes that no task has, and one picture without a label."""
    root = tmp_path_factory.mktemp("batch") / "set"
    for name, label in (("warm", "red"), ("cold", "blue")):
        for i in range(12):
            folder = root / name / f"{name}{i // 2}"
            folder.mkdir(parents=True, exist_ok=True)
            drawn("colours", label, 9000 + i, strength=90).save(folder / f"{name}{i // 2}_{i}.png")
    drawn("colours", "red", 1).save(root / "loose.png")
    items = gather([root], tmp_path_factory.mktemp("into")).items
    return [step.row for step in rows.read(bench, items, "colours")]


@pytest.fixture(scope="module")
def fitted(bench: Workbench, read: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """Their head."""
    parcel = tmp_path_factory.mktemp("visit") / "head.zip"
    found = own_head.fit(bench, "anna", read, "folders", "Warm or cold", parcel, "colours")
    return replace(found, left_out=(*found.left_out, str(parcel)))


def test_it_is_measured_by_cross_validation_and_says_so(bench: Workbench, fitted: Fitted):
    measured = fitted.task.facts["metrics"]
    assert measured["split"].startswith("cross-validation in five parts, groups kept whole")
    assert measured["pictures"] == 24
    assert measured["groups"] == 12
    found = summary.of(fitted.rows, fitted.task)
    assert found.measured.balanced_accuracy.value == pytest.approx(measured["balanced_accuracy"]["value"], abs=1e-4)
    assert [list(r) for r in found.measured.confusion] == measured["confusion"]
    assert found.measured.balanced_accuracy.value > 0.7
    assert found.measured.groups == 12
    assert fitted.left_out[0] == "1 without a label left out of the fit."


def test_a_label_that_means_nothing_is_not_learnt(bench: Workbench, read: list[Row], tmp_path: Path):
    coin = np.random.default_rng(0).integers(0, 2, len(read))
    random = [replace(r, item=replace(r.item, label=f"c{c}")) for r, c in zip(read, coin, strict=True)]
    found = own_head.fit(bench, "coin", random, "each", "Coin", tmp_path / "head.zip", "colours")
    assert found.task.facts["metrics"]["balanced_accuracy"]["value"] < 0.75


def test_a_copy_is_guessed_as_its_picture_was_and_measured_once(bench: Workbench, read: list[Row], tmp_path: Path):
    coin = np.random.default_rng(0).integers(0, 2, 24)
    noise = [
        replace(r, item=Item(f"{i} {r.item.name}", r.item.path, f"c{c}", f"{i}"))
        for i in range(6)
        for r, c in zip([r for r in read if r.item.label], coin, strict=True)
    ]
    found = own_head.fit(bench, "copies", [*noise, read[-1]], "each", "Coin", tmp_path / "head.zip", "colours")
    assert "120 that repeat another one left out of the fit." in found.left_out
    told, claimed = summary.of(found.rows, found.task), found.task.facts["metrics"]
    assert told.measured.pictures == claimed["pictures"] == 24
    assert told.measured.balanced_accuracy.value == pytest.approx(claimed["balanced_accuracy"]["value"], abs=1e-4)
    assert told.measured.groups == claimed["groups"] == 24
    assert told.pictures == 145
    for first, again in zip(found.rows[:24], found.rows[120:144], strict=True):
        assert again.reading == first.reading


def test_every_verb_uses_it_at_once(bench: Workbench, fitted: Fitted, read: list[Row]):
    name = fitted.task.name
    picture = drawn("colours", "red", 4242, strength=90)
    reading = bench.classify(picture, name)
    assert reading.label == "warm"
    assert reading.scope.familiar
    assert reading.agreement.label == "warm"
    assert not reading.warnings
    explained = bench.explain(picture, name, quick=True)
    assert explained.target == "warm"
    found = bench.similar(picture, name, k=3)
    assert {s.case.labels for s in found} <= {("warm",), ("cold",)}
    assert all(s.thumbnail for s in found)
    assert bench.see(picture, name).task == name
    seen = bench.classify(read[0].item.path, name)
    assert any("fitted on this very picture" in w for w in seen.warnings)


def test_nobody_else_meets_it(bench: Workbench, fitted: Fitted):
    name = fitted.task.name
    assert name not in list(bench.tasks)
    assert len(bench.tasks) == 2
    assert bench.tasks.of("berta") == []
    assert name in [t.name for t in bench.tasks.of("anna")]
    with pytest.raises(RequestError) as caught:
        bench.classify(drawn("colours", "red", 1), "knee")
    assert "own-" not in str(caught.value)
    assert bench.classify(drawn("colours", "red", 4242, strength=90)).task == "colours"
    assert bench.index.count("colours") == len(bench.tasks["colours"].cases)
    assert bench.own_cases("colours") == 0


def test_it_is_forgotten_an_hour_after_its_last_use_for_both_networks_together(fitted: Fitted):
    now = [0.0]
    joined = VisitTasks({}, lambda: now[0])
    alone = joined.beside({})
    for name in ("own-used", "own-idle"):
        for kept in (alone, joined):
            kept.add("anna", replace(fitted.task, name=name))
    for _ in range(5):
        now[0] += 0.9 * KEPT
        assert "own-used" in joined  # a use of one keeps both
    assert [t.name for t in alone.of("anna")] == ["own-used"]
    assert [t.name for t in joined.of("anna")] == ["own-used"]
    assert "own-idle" not in joined
    now[0] += KEPT
    assert "own-used" not in alone
    assert joined.index("own-used") is None


def test_it_is_forgotten_also_where_nobody_asks_any_more(fitted: Fitted, monkeypatch):
    monkeypatch.setattr(visit_tasks, "KEPT", 0.05)
    monkeypatch.setattr(visit_tasks, "SWEEP", 0.1)
    kept = VisitTasks({})
    kept.add("anna", fitted.task)
    for _ in range(100):
        if not kept._own:
            break
        time.sleep(0.05)
    assert not kept._own


def test_a_visit_has_only_a_few(bench: Workbench, fitted: Fitted):
    kept = VisitTasks({})
    for i in range(EACH + 2):
        kept.add("anna", replace(fitted.task, name=f"own-{i}"))
    assert [t.name for t in kept.of("anna")] == [f"own-{i}" for i in range(2, EACH + 2)]
    for i in range(ALL):
        kept.add(f"visitor {i}", replace(fitted.task, name=f"own-x{i}"))
    assert kept.of("anna") == []
    with pytest.raises(RequestError, match="fit it again under Batch"):
        bench.classify(drawn("colours", "red", 1), "own-gone")


def test_which_pictures_show_one_patient_is_asked_for(bench: Workbench, read: list[Row], tmp_path: Path):
    def refusal(found: list[Row], grouping: str) -> str:
        with pytest.raises(RequestError) as caught:
            own_head.fit(bench, "x", found, grouping, "X", tmp_path / "head.zip", "colours")
        return str(caught.value)

    assert "Say first which pictures show the same patient" in refusal(read, "")
    loose = [replace(r, item=replace(r.item, group="")) for r in read]
    assert "is not so for 24 of 24 pictures, such as" in refusal(loose, "folders")
    few = [r for r in read if r.item.label == "warm" or "cold0" in r.item.name]
    assert refusal(few, "folders") == "A head needs at least 5 pictures of each class; cold has 2."
    assert "There are 1 classes" in refusal([r for r in read if r.item.label == "warm"], "each")
    one = [replace(r, item=replace(r.item, group="07")) for r in read]
    assert "at least 5 are needed" in refusal(one, "folders")
    torn = [*read, replace(read[0], item=Item("again.png", Path("x"), "warm", "p9"))]
    assert "One picture stands in two classes" in refusal(torn, "folders")


def test_a_patient_is_on_one_side_only():
    item = Item("disc/07_left.png", Path("x"))
    assert own_head.GROUPINGS["names"][1](item) == "07"
    assert own_head.GROUPINGS["each"][1](item) == item.name


def test_what_is_taken_along_becomes_the_same_task_and_holds_no_picture(
    fitted: Fitted, tiny_settings: Settings, tiny_assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    import shutil

    parcel = Path(fitted.left_out[-1])
    with zipfile.ZipFile(parcel) as content:
        assert set(content.namelist()) == {"parcel.json", "cases.jsonl", "features.safetensors", "README.txt"}
        assert b"Not a medical device" in content.read("parcel.json")
    shutil.copytree(tiny_assets, tmp_path / "assets")
    chosen = replace(tiny_settings, assets=tmp_path / "assets")
    monkeypatch.setattr(fit_command.settings, "load", lambda: chosen)
    assert main(["fit", "--from", str(parcel), "--task", "warmth"]) == 0
    assert "by cross-validation" in capsys.readouterr().out
    bench = Workbench.load(chosen, say=lambda _: None)
    picture = drawn("colours", "red", 4242, strength=90)
    np.testing.assert_allclose(bench.tasks["warmth"].head.weight, fitted.task.head.weight, atol=1e-5)
    assert bench.tasks["warmth"].title == "Warm or cold"
    assert bench.classify(picture, "warmth").label == "warm"
    assert bench.similar(picture, "warmth", k=1)[0].case.labels == ("warm",)
    tasks.verify(chosen.assets)


@pytest.mark.parametrize("damage", ["noise", "member", "numbers", "backbone", "missing", "name"])
def test_a_parcel_that_will_not_do_is_one_sentence(
    fitted: Fitted, tiny_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, damage: str
):
    monkeypatch.setattr(fit_command.settings, "load", lambda: tiny_settings)
    path = tmp_path / "head.zip"
    with zipfile.ZipFile(fitted.left_out[-1]) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if damage == "backbone":
                content = content.replace(fitted.task.head.fingerprint[:8].encode(), b"00000000")
            if damage == "numbers" and name == "features.safetensors":
                content = content[:-8]
            if damage != "member" or name != "cases.jsonl":
                new.writestr(name, content)
    if damage == "noise":
        path.write_bytes(b"PK\x03\x04" + bytes(100))
    if damage == "missing":
        path.unlink()
    assert main(["fit", "--from", str(path), "--task", "brain_mri" if damage == "name" else "warmth"]) == 1
    sentence = {"backbone": "was made with backbone 00000000", "missing": "does not exist", "name": "a name of its own"}
    assert sentence.get(damage, "or it is damaged; take it along again") in capsys.readouterr().err
    assert not (tiny_settings.assets / "tasks" / "warmth").exists()

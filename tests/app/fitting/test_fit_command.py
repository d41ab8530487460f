"""Fit, as a command: a task of one's own from a folder of classes, and what keeps it from one."""

import errno
import io
import json
import re
import shutil

import pytest
from PIL import Image

from dinoscope import manifest, tasks
from dinoscope.cli import main
from dinoscope.fitting import catalogue, fit
from dinoscope.reading import images
from dinoscope.reading.encoder import Encoder
from dinoscope.settings import Settings
from dinoscope.similar import thumbnails
from dinoscope.workbench import Workbench
from fixtures.coloured import COLOURS, picture, quiet


@pytest.fixture(scope="module")
def brought(tmp_path_factory, tiny_backbone, run_python):
    """Assets to which somebody has fitted a task of their own from a class-per-folder tree, and the tree."""
    root = tmp_path_factory.mktemp("brought")
    for label in COLOURS:
        (root / "mine" / label).mkdir(parents=True)
        for i in range(15):
            picture(label, i).save(root / "mine" / label / f"img_{i:02}.png")  # the same names in each class
    assets = root / "assets"
    (assets / "tasks").mkdir(parents=True)
    shutil.copytree(tiny_backbone, assets / "backbone")
    run = run_python(
        *("-m", "dinoscope", "fit", "--task", "mine", "--images", str(root / "mine")),
        DINOSCOPE_ASSETS=str(assets),
        DINOSCOPE_DEVICE="cpu",
        DINOSCOPE_CACHE=str(root / "cache"),
    )
    return run, assets, root / "mine"


def test_the_command_fits_a_task_from_a_folder_of_classes(brought):
    run, assets, _ = brought
    assert run.returncode == 0, run.stderr
    assert "mine: 45 of 45 pictures read" in run.stdout
    assert f"1 task(s) written below {assets / 'tasks'}" in run.stdout
    facts = json.loads((assets / "tasks" / "mine" / "task.json").read_text())
    assert facts["title"] == "Mine"
    assert facts["cases"] == {"public": 0, "phantom": 0, "own": 36}
    assert facts["metrics"]["balanced_accuracy"]["value"] > 0.9
    assert facts["licence"] == "your own"


def test_the_app_loads_what_the_command_wrote(brought, tmp_path):
    _, assets, pictures = brought
    workbench = Workbench.load(Settings(device="cpu", assets=assets, cache=tmp_path), say=quiet)
    assert workbench.index.count("mine") == 36, "pictures of one name in several folders are cases of their own"
    for label in COLOURS:
        reading = workbench.classify(picture(label, 500), "mine")
        assert reading.label == label
        assert reading.probabilities.keys() == COLOURS.keys()
        assert (reading.agreement.agree, reading.agreement.label) == (True, label), "its cases vote as bundled ones do"
        assert reading.agreement.record.pictures > 0
        found = workbench.similar(picture(label, 501), "mine", k=3)
        assert [s.case.labels[0] for s in found] == [label] * 3
    known = pictures / next(iter(COLOURS)) / "img_03.png"
    assert images.pixel_hash(Image.open(known)) not in {s.case.pixels for s in workbench.similar(known, "mine")}


@pytest.fixture
def refused(brought, monkeypatch, capsys):
    """Fit pictures that cannot be fitted, and give what the command says."""

    def run(*arguments):
        monkeypatch.setenv("DINOSCOPE_ASSETS", str(brought[1]))
        monkeypatch.setenv("DINOSCOPE_CACHE", str(brought[1].parent / "cache"))
        assert main(["fit", "--task", "mine", *map(str, arguments)]) == 1
        return capsys.readouterr().err

    return run


def test_the_command_names_a_folder_that_is_not_there(refused, tmp_path):
    said = refused("--images", tmp_path / "nowhere")
    assert "nowhere is not a folder; give a folder with one sub-folder a class" in said


def test_the_command_names_a_picture_that_cannot_be_read(brought, refused, tmp_path):
    shutil.copytree(brought[2], tmp_path / "mine")
    (tmp_path / "mine" / "red" / "broken.png").write_bytes(b"\x00\x01" * 200)
    assert '"broken.png" is not a picture' in refused("--images", tmp_path / "mine")


def test_a_broken_picture_is_named_with_its_folder(brought, refused, tmp_path):
    shutil.copytree(brought[2], tmp_path / "mine")
    (tmp_path / "mine" / "red" / "broken.png").write_bytes(b"\x00\x01" * 200)
    assert str(tmp_path / "mine" / "red" / "broken.png") in refused("--images", tmp_path / "mine")


def test_a_picture_in_two_classes_is_refused_by_name(brought, refused, tmp_path):
    shutil.copytree(brought[2], tmp_path / "mine")
    for i in range(2):
        shutil.copy(tmp_path / f"mine/red/img_0{i}.png", tmp_path / f"mine/blue/copy{i}.png")
    said = refused("--images", tmp_path / "mine")
    assert said.startswith("2 pictures stand in two classes: ")
    assert "blue/copy0.png (blue)" in said
    assert "red/img_00.png (red)" in said


@pytest.mark.parametrize("name", ["liver/ct", "..", "", "a b"])
def test_a_name_that_no_folder_should_get_is_refused_before_anything_is_read(monkeypatch, capsys, tmp_path, name):
    monkeypatch.setattr(Encoder, "load", lambda *_: pytest.fail("the backbone was read first"))
    assert main(["fit", "--task", name, "--images", str(tmp_path / "nowhere")]) == 1
    assert capsys.readouterr().err.startswith(f"a task cannot be called {name!r}, as folders get its name")
    monkeypatch.setenv("QDRANT_PATH", str(tmp_path / "index"))
    assert main(["index", "--task", name, "--cases", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"a task cannot be called {name!r}")


def test_a_disk_that_fills_up_leaves_the_tasks_as_they_were(brought, refused, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = {p: p.read_bytes() for p in brought[1].rglob("*") if p.is_file()}
    monkeypatch.setattr(manifest, "stage", full)
    assert "cannot be read or written (No space left on device); the tasks are as before" in refused(
        "--images", brought[2]
    )
    assert {p: p.read_bytes() for p in brought[1].rglob("*") if p.is_file()} == before


def test_an_own_task_remembers_its_pictures_and_keeps_thumbnails_of_them(brought, tmp_path):
    run, assets, pictures = brought
    facts = json.loads((assets / "tasks" / "mine" / "task.json").read_text())
    assert facts["pictures"] == {"folder": str(pictures.resolve()), "splits": ""}
    assert re.search(
        r"mine: balanced accuracy \d\.\d{3} \(95 % interval .* to .*\), 9 test pictures in 9 gr", run.stdout
    )
    cases = tasks.load(assets / "tasks" / "mine", facts_of(assets)).cases
    assert {c.origin for c in cases} == {"own"}
    small = thumbnails.of(assets.parent / "cache", cases)
    assert all(small)
    with Image.open(io.BytesIO(small[0])) as shown:
        assert shown.size == (40, 40)


def facts_of(assets):
    return Encoder.load("bundled", assets / "backbone", "cpu").fingerprint


def test_a_fit_that_was_refused_leaves_the_assets_as_they_were(brought, refused, tmp_path):
    refused("--images", tmp_path)
    assert tasks.verify(brought[1]) == sum(p.is_file() for p in brought[1].rglob("*")) - 1


@pytest.fixture
def elsewhere(assets, other_backbone, public_pictures, monkeypatch, tmp_path):
    """Fit a task of the assets' own network, or a new one, with another network."""

    def fit_with_it(task, *given):
        monkeypatch.setenv("DINOSCOPE_ASSETS", str(assets))
        monkeypatch.setenv("DINOSCOPE_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("DINOSCOPE_DEVICE", "cpu")
        given = given or ("--images", str(public_pictures / "colours"))
        return main(["fit", "--task", task, "--backbone", str(other_backbone), *given])

    return fit_with_it


def test_a_task_for_another_network_leaves_what_ships_as_it_is(elsewhere, assets, other_backbone, tmp_path):
    shipped = (assets / "tasks" / "projection.safetensors").read_bytes()
    assert elsewhere("mine") == 0
    assert (assets / "tasks" / "projection.safetensors").read_bytes() == shipped
    for backbone in (str(other_backbone), "bundled"):
        chosen = Settings(backbone, device="cpu", assets=assets, cache=tmp_path / "cache")
        bench = Workbench.load(chosen, fit, quiet)
        assert set(bench.tasks) == {"colours", "mine", "stripes"}
        assert bench.classify(picture("red", 500), "mine").label == "red"
        assert bench.similar(picture("red", 500), "mine")[0].case.labels == ("red",)


def test_the_head_of_a_shipped_task_is_not_replaced_by_one_for_another_network(elsewhere, assets, monkeypatch, capsys):
    monkeypatch.setitem(catalogue.TASKS, "colours", {"title": "Colours"})
    before = {p: p.read_bytes() for p in assets.rglob("*") if p.is_file()}
    assert elsewhere("colours") == 1
    assert "colours ships with a head for another network, which would be lost" in capsys.readouterr().err
    assert {p: p.read_bytes() for p in assets.rglob("*") if p.is_file()} == before

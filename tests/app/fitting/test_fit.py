"""Fit: the head is scikit-learn's, its probabilities are honest, and the test fold leaves no trace."""

import csv
import errno
import io
import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from dinoscope import manifest, tasks
from dinoscope.cli import main
from dinoscope.fitting import fit
from dinoscope.fitting.features import read_phantoms, read_public
from dinoscope.reading import images, scope
from dinoscope.reading.encoder import Encoder
from dinoscope.reading.projection import Projection
from dinoscope.settings import Settings
from dinoscope.similar import thumbnails
from dinoscope.workbench import Workbench

COLOURS = {"red": (200, 40, 40), "green": (40, 180, 60), "blue": (50, 60, 210)}
WRITTEN = ("head.safetensors", "vectors.safetensors", "cases.jsonl")


def quiet(_):
    pass


def picture(label, seed):
    """A plain colour with grain, 40 x 40 pixels, different for each seed."""
    rng = np.random.default_rng([seed, *label.encode()])
    return Image.fromarray((np.array(COLOURS[label]) + rng.integers(-30, 31, (40, 40, 3))).astype(np.uint8))


def write_set(folder, rows):
    """Write pictures and a labels.csv; `rows` are (id, label, fold, picture)."""
    folder.mkdir()
    with (folder / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("id", "file", "label", "fold"))
        for name, label, fold, shown in rows:
            shown.save(folder / f"{name}.png")
            table.writerow((name, f"{name}.png", label, fold))
    return folder


def rows_of(per_fold=6, test_seed=0):
    """A set of coloured pictures; `test_seed` changes every picture and label of fold 0 and nothing else."""
    rows = []
    for fold in range(5):
        for i in range(per_fold):
            label = list(COLOURS)[i % 3]
            seed = 100 * fold + i
            if fold == 0 and test_seed:
                label, seed = list(COLOURS)[(i + 1) % 3], 10_000 * test_seed + i
            rows.append((f"{fold}-{i}", label, fold, picture(label, seed)))
    return rows


@pytest.fixture(scope="module")
def no_phantoms(encoder, tmp_path_factory):
    return read_phantoms(encoder, tmp_path_factory.mktemp("none"))


def fitted(encoder, folder, phantoms, out):
    public = read_public(encoder, folder, None, quiet)
    facts = fit.fit_task("colours", public, phantoms, Projection.plain(384, encoder.fingerprint), out, quiet)
    return facts, {name: content(out / name) for name in WRITTEN}


def content(path):
    """What a file says: its bytes, or for safetensors its facts (which come in any order) and its tensors' bytes."""
    if path.suffix != ".safetensors":
        return path.read_bytes()
    with safe_open(path, "numpy") as file:
        names = sorted(file.keys())
        return file.metadata(), [(n, file.get_tensor(n).dtype, file.get_tensor(n).tobytes()) for n in names]


def test_fold_0_reaches_neither_head_nor_index_nor_reference(encoder, no_phantoms, tmp_path):
    first, one = fitted(encoder, write_set(tmp_path / "a", rows_of()), no_phantoms, tmp_path / "A" / "colours")
    second, two = fitted(
        encoder, write_set(tmp_path / "b", rows_of(test_seed=1)), no_phantoms, tmp_path / "B" / "colours"
    )
    assert one == two, {name for name in WRITTEN if one[name] != two[name]}
    assert first["metrics"]["pictures"] == second["metrics"]["pictures"] == 6
    ids = {json.loads(line)["id"] for line in one["cases.jsonl"].splitlines()}
    assert ids == {f"{fold}-{i}" for fold in range(1, 5) for i in range(6)}


@pytest.mark.parametrize("fold", [1, 3])
def test_another_picture_in_any_other_fold_does_reach_them(encoder, no_phantoms, tmp_path, fold):
    changed = [(n, y, f, picture(y, 777) if n == f"{fold}-0" else p) for n, y, f, p in rows_of()]
    _, one = fitted(encoder, write_set(tmp_path / "a", rows_of()), no_phantoms, tmp_path / "A" / "colours")
    _, two = fitted(encoder, write_set(tmp_path / "b", changed), no_phantoms, tmp_path / "B" / "colours")
    assert all(one[name] != two[name] for name in WRITTEN)


def test_pictures_that_repeat_a_test_picture_are_dropped_wherever_they_stand(encoder, tmp_path):
    rows = rows_of()
    shown = {name: p for name, _, _, p in rows}
    rows += [("0-00-copy-of-0-1", "green", 3, shown["0-1"]), ("z-copy-of-0-1", "green", 1, shown["0-1"])]
    rows += [("a-copy-of-4-1", "green", 2, shown["4-1"])]
    said = []
    public = read_public(encoder, write_set(tmp_path / "set", rows), None, said.append)
    assert any("left out: 3 copies of another picture (0-00-copy-of-0-1 = 0-1, " in sentence for sentence in said)
    ids = {c.id for c in public.cases}
    assert "0-1" in ids
    assert not ids & {"0-00-copy-of-0-1", "z-copy-of-0-1"}
    assert len(ids & {"4-1", "a-copy-of-4-1"}) == 1, "of copies outside the test fold, one stays"
    assert len(public.cases) == len(public.pooled) == 30


def test_a_copy_in_another_file_format_is_the_same_picture(encoder, tmp_path):
    folder = write_set(tmp_path / "set", [*rows_of(), ("copy", "red", 3, picture("red", 0))])
    Image.open(folder / "0-0.png").save(folder / "0-0.bmp")
    table = folder / "labels.csv"
    table.write_text(table.read_text().replace("0-0.png", "0-0.bmp"))
    assert "copy" not in {c.id for c in read_public(encoder, folder, None, quiet).cases}


def test_features_stay_beside_their_cases_when_copies_are_dropped(encoder, tmp_path):
    rows = rows_of()
    rows.insert(0, ("0-00-copy", "red", 4, rows[3][3]))
    folder = write_set(tmp_path / "set", rows)
    public = read_public(encoder, folder, None, quiet)
    for case, pooled in list(zip(public.cases, public.pooled, strict=True))[::5]:
        alone = encoder([images.read(folder / f"{case.id}.png").picture]).pooled[0]
        assert pooled == pytest.approx(alone, abs=1e-4)


def test_the_scopes_reference_is_what_the_scope_measures_for_the_held_out_pictures(encoder, tiny_assets):
    """The scope looks at a task's real cases only, so phantoms must not bring the reference nearer."""
    task = tasks.load(tiny_assets / "tasks" / "colours", encoder.fingerprint)
    held = [c.fold == 1 and c.origin == "public" for c in task.cases]
    projection = Projection.load(tiny_assets / "tasks" / "projection.safetensors", encoder.fingerprint)
    distances = np.sort(scope.distances(*map(projection.for_scope, (task.vectors[held], task.training))))
    assert task.reference == pytest.approx(distances, abs=1e-3)


def test_phantoms_alone_make_a_task(encoder, tiny_assets, tmp_path):
    phantoms = read_phantoms(encoder, tiny_assets / "tasks" / "colours")
    facts = fit.fit_task("colours", None, phantoms, Projection.plain(384, encoder.fingerprint), tmp_path, quiet)
    assert facts["cases"] == {"public": 0, "phantom": 12}
    assert facts["metrics"] == {}
    assert facts["fitted_on"] == 9
    assert tasks.load(tmp_path, encoder.fingerprint).head.classes == ("blue", "green", "red")


@pytest.mark.parametrize(("with_drawn", "without", "weight"), [(0.9, 0.8, 1.0), (0.8, 0.8, 1.0), (0.7, 0.8, 0.0)])
def test_drawn_cases_leave_training_where_real_fold_1_is_read_worse_for_them(
    encoder, tiny_assets, tmp_path, monkeypatch, with_drawn, without, weight
):
    def fit_head(known, held, fingerprint, drawn=None, exclusive=True):
        return replace(honest(known, held, fingerprint), phantom_weight=0.0 if drawn is None else 1.0)

    honest, right = fit.fit_head, iter((with_drawn, without))
    monkeypatch.setattr(fit, "fit_head", fit_head)
    monkeypatch.setattr(fit, "on_held", lambda head, held: next(right))
    public = read_public(encoder, write_set(tmp_path / "set", rows_of()), None, quiet)
    phantoms = read_phantoms(encoder, tiny_assets / "tasks" / "colours")
    space = Projection.plain(encoder.width, encoder.fingerprint)
    facts = fit.fit_task("colours", public, phantoms, space, tmp_path / "task", quiet)
    assert facts["phantom_weight"] == weight
    assert facts["drawn_in_training"] == {"with": with_drawn, "without": without}
    assert ("without_phantoms" in facts["metrics"]) is (weight > 0)
    assert ("with_phantoms" in facts["metrics"]) is (weight == 0)


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

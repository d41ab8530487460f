"""Phantoms of all seven kinds: a fresh process draws them again, and the command writes files that agree."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dinoscope_phantoms as phantoms
from dinoscope import settings
from dinoscope.cli import main
from dinoscope.reading import images
from dinoscope_phantoms import command

SIZE = 96
DRAWN = [(task, label, 5 + i) for task in phantoms.ROOMS for i, label in enumerate(phantoms.classes(task)[:3])]
AGAIN = """
import hashlib, json, sys
import dinoscope_phantoms as phantoms
def fingerprint(p):
    parts = (p.picture.tobytes(), p.mask.tobytes(), json.dumps(p.parameters).encode())
    return [hashlib.sha256(part).hexdigest() for part in parts]
print(json.dumps([fingerprint(phantoms.draw(*which)) for which in json.loads(sys.argv[1])]))
"""


def test_another_process_draws_three_phantoms_of_each_task_again_bit_for_bit(run_python):
    asked = json.dumps([(*which, SIZE) for which in DRAWN])
    runs = [run_python("-c", AGAIN, asked) for _ in range(2)]
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr
    first, second = (json.loads(run.stdout) for run in runs)
    assert len(first) == 24
    assert first == second
    assert len({picture for picture, _, _ in first}) == 21


@pytest.fixture(scope="module")
def written(tmp_path_factory, run_python):
    folder = tmp_path_factory.mktemp("phantoms")
    run = run_python("-m", "dinoscope", "phantoms", "--n", "1", "--size", str(SIZE), "--out", str(folder))
    assert run.returncode == 0, run.stderr
    return folder


@pytest.mark.parametrize("task", phantoms.ROOMS)
def test_pictures_masks_and_the_listing_agree(written, task):
    folder = written / task
    entries = [json.loads(line) for line in (folder / "phantoms.jsonl").read_text().splitlines()]
    assert [e["labels"] for e in entries] == [[label] for label in phantoms.classes(task)]
    assert {p.name for p in (folder / "images").iterdir()} == {Path(e["image"]).name for e in entries}
    assert {p.name for p in (folder / "masks").iterdir()} == {Path(e["mask"]).name for e in entries if "mask" in e}
    for entry in entries:
        picture = images.read(folder / entry["image"]).picture
        anew = phantoms.draw(task, entry["labels"][0], entry["metadata"]["seed"], SIZE)
        assert entry["origin"] == "phantom"
        assert entry["pixels"] == images.pixel_hash(picture)
        assert entry["metadata"] == {"seed": 7, **anew.parameters}
        difference = np.asarray(picture, float) - np.asarray(anew.picture, float)
        assert np.sqrt((difference**2).mean()) < 8, "the file shows another picture than the seed draws"
        if "mask" in entry:
            assert np.array_equal(np.asarray(Image.open(folder / entry["mask"])), anew.mask)
        else:
            assert not anew.mask.any()


@pytest.mark.parametrize("task", phantoms.ROOMS)
def test_the_bundled_phantoms_are_what_their_seeds_draw(task):
    folder = settings.Settings.assets / "tasks" / task
    entries = [json.loads(line) for line in (folder / "phantoms.jsonl").read_text().splitlines()]
    for label in phantoms.classes(task)[:3]:
        entry = next(e for e in entries if e["labels"] == [label])
        anew = phantoms.draw(task, label, entry["metadata"]["seed"])
        picture = images.read(folder / entry["image"]).picture
        difference = np.asarray(picture, float) - np.asarray(anew.picture, float)
        assert np.sqrt((difference**2).mean()) < 8
        if "mask" in entry:
            assert np.array_equal(np.asarray(Image.open(folder / entry["mask"])), anew.mask)
        else:
            assert not anew.mask.any()


def test_writing_again_leaves_no_phantom_of_an_earlier_call(tmp_path):
    for seed in (1, 2):
        command.write("chest_ct", tmp_path / "chest_ct", 1, seed, 64)
    names = {p.stem for part in ("images", "masks") for p in (tmp_path / "chest_ct" / part).iterdir()}
    assert names == {f"phantom_{label}_2" for label in phantoms.classes("chest_ct")}


def test_drawing_that_is_cut_short_leaves_the_phantoms_as_they_were(tmp_path, monkeypatch):
    folder = tmp_path / "chest_ct"
    command.write("chest_ct", folder, 1, 1, 64)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    drawn = []

    def cut_short(*which):
        drawn.append(which)
        if len(drawn) == 3:
            raise KeyboardInterrupt
        return phantoms.draw(*which)

    monkeypatch.setattr(command, "draw", cut_short)
    with pytest.raises(KeyboardInterrupt):
        command.write("chest_ct", folder, 1, 1, 96)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_an_unknown_task_is_refused_with_the_ones_there_are():
    with pytest.raises(
        ValueError, match=r"no phantoms are drawn for 'foot_mri'; choose one of brain_mri, leukemia_all"
    ):
        phantoms.draw("foot_mri", "normal", 0)


def test_an_unknown_label_is_refused_with_the_ones_there_are():
    with pytest.raises(ValueError, match=r"chest_ct has no class 'cold'; draw one of adenocarcinoma, large_cell"):
        phantoms.draw("chest_ct", "cold", 0)


def test_the_command_refuses_an_unknown_task(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["phantoms", "--task", "foot_mri", "--out", str(tmp_path)])
    assert "invalid choice: 'foot_mri'" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())

"""Own cases: one picture is one case, two pictures are two, whatever their files and folders are called."""

from __future__ import annotations

import io
import shutil
import signal

import numpy as np
import pytest
from PIL import Image

from dinoscope.fitting import datasets, own_process
from dinoscope.fitting.own_cases import Arrivals, Known, New
from dinoscope.reading import images
from dinoscope.similar import Case, CaseIndex, thumbnails
from fixtures.looking import looks, search
from fixtures.tiny import drawn


@pytest.fixture
def index():
    """An empty index in memory."""
    made = CaseIndex()
    made.attach("colours", 4, 0, "")
    return made


def write(folder, seed, labels=("blue", "red"), count=3):
    for label in labels:
        (folder / label).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            drawn("colours", label, seed + i).save(folder / label / f"{i:04}.png")
    return folder


def arrive(index, folder):
    """Index a folder; what became of each picture, by its id."""
    samples = datasets.read(folder, drawn=False)
    found = Arrivals(folder, "colours", index, "CC0").sort(samples)
    new = [f for f in found if isinstance(f, New)]
    vectors = np.random.default_rng(0).normal(size=(len(new), 4)).astype(np.float32)
    index.add("colours", [n.case for n in new], vectors, None, thumbnails=[thumbnails.make(n.picture) for n in new])
    return dict(zip((s.id for s in samples), found, strict=True))


def count(found, kind):
    return sum(isinstance(f, kind) for f in found.values())


def test_two_folders_with_the_same_file_names_are_two_sets_of_cases(index, tmp_path):
    one, two = write(tmp_path / "hospA", 0), write(tmp_path / "hospB", 900)
    assert count(arrive(index, one), New) == 6
    second = arrive(index, two)
    assert count(second, New) == 6
    assert second["red/0000.png"].case.id == "hospB/red/0000.png"
    assert index.count("colours") == 12
    for folder in (one, two):
        assert count(arrive(index, folder), Known) == 6, "a second run adds nothing"


def test_two_folders_of_one_name_are_two_sets_of_cases(index, tmp_path):
    for place, seed in (("x", 0), ("y", 100), ("z", 200)):
        assert count(arrive(index, write(tmp_path / place / "data", seed)), New) == 6
    assert index.count("colours") == 18


def test_a_folder_that_was_moved_or_copied_adds_nothing(index, tmp_path):
    arrive(index, write(tmp_path / "here", 0))
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    assert count(arrive(index, tmp_path / "there"), New) == 0
    (tmp_path / "flat" / "red").mkdir(parents=True)
    shutil.copy(tmp_path / "here/red/0001.png", tmp_path / "flat/red/other-name.png")
    assert count(arrive(index, tmp_path / "flat"), New) == 0
    assert index.count("colours") == 6


def test_a_file_that_was_replaced_replaces_its_case(index, tmp_path):
    folder = write(tmp_path / "set", 0)
    arrive(index, folder)
    drawn("colours", "red", 77).save(folder / "red/0001.png")
    found = arrive(index, folder)
    assert [name for name, f in found.items() if isinstance(f, New)] == ["red/0001.png"]
    assert found["red/0001.png"].replaces
    assert index.count("colours") == 6
    assert index.held("colours", ["red/0001.png"])["red/0001.png"].pixels == images.pixel_hash(
        drawn("colours", "red", 77)
    )


def test_a_table_that_says_something_new_of_a_picture_is_heard(index, tmp_path):
    folder = write(tmp_path / "set", 0)
    table = folder / "labels.csv"
    table.write_text("file,label,age\nred/0000.png,red,50\n")
    arrive(index, folder)
    table.write_text("file,label,age\nred/0000.png,blue,51\n")
    assert count(arrive(index, folder), New) == 1
    held = index.held("colours", ["red/0000.png"])["red/0000.png"]
    assert (held.labels, held.metadata) == (("blue",), {"age": "51"})


def test_what_was_fitted_is_not_added_again(index, tmp_path):
    folder = write(tmp_path / "set", 0)
    fitted = [
        Case(s.id, s.labels, "own", fold=s.fold, pixels=images.pixel_hash(images.read(s.path).picture))
        for s in datasets.read(folder, drawn=False)[:4]
    ]
    index.fill("colours", fitted, np.eye(4, dtype=np.float32))
    assert count(arrive(index, folder), New) == 2
    assert index.count("colours") == 6


def test_a_picture_in_two_classes_is_left_out_by_name(index, tmp_path):
    folder = write(tmp_path / "set", 0)
    shutil.copy(folder / "blue/0000.png", folder / "red/copy.png")
    found = arrive(index, folder)
    assert found["red/copy.png"].why == (
        "left out red/copy.png (red): the same picture is there as blue/0000.png (blue); leave it in one class"
    )
    assert arrive(index, folder)["red/copy.png"].why, "and again the next time"


def test_what_is_no_picture_is_left_out_by_name(index, tmp_path):
    folder = write(tmp_path / "set", 0)
    (folder / "red/torn.png").write_bytes(b"\x89PNG")
    found = arrive(index, folder)["red/torn.png"]
    assert found.unreadable
    assert found.why.startswith("left out red/torn.png: ")


def test_an_own_case_is_found_with_a_small_picture_of_it(index, tmp_path):
    folder = tmp_path / "set"
    (folder / "red").mkdir(parents=True)
    picture = drawn("colours", "red", 1, (640, 400))
    described = Image.Exif()
    described[0x010E] = "a name"
    picture.save(folder / "red/a.jpg", exif=described)
    arrive(index, folder)
    hit = search(index, looks("colours", np.ones(4, np.float32)), 1)[0]
    with Image.open(io.BytesIO(hit.thumbnail)) as small:
        assert (small.format, small.size) == ("WEBP", (160, 100))
        assert not small.getexif()
    assert hit.case.origin == "own"


def test_a_signal_that_kills_the_work_ends_in_a_sentence():
    with pytest.raises(ValueError, match=r"^the work was ended by SIGBUS; make room$"):
        own_process.carry_out(signal.raise_signal, signal.SIGBUS, "make room")


def test_a_refusal_comes_through_as_it_is():
    with pytest.raises(ValueError, match="could not convert string to float: 'x'"):
        own_process.carry_out(float, "x", "")

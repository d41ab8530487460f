"""What counts as a class in a tree of folders: one rule, and what is passed over is told."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter

import pytest

from dinoscope.fitting import datasets

DICOM = b"\0" * 128 + b"DICM"


def touch(folder, *names, content=b""):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@pytest.fixture
def tree(tmp_path):
    """Twelve pictures each of two classes."""
    touch(tmp_path, *(f"{label}/{label}{i:02}.png" for label in ("disc", "square") for i in range(12)))
    return tmp_path


def read(folder):
    said = []
    samples = datasets.read(folder, say=said.append)
    return Counter(s.label for s in samples), samples, "\n".join(said)


TWO = {"disc": 12, "square": 12}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["disc/.ipynb_checkpoints/disc00-checkpoint.png", ".trash/a.png"], "2 hidden folders (.trash, disc/.ipynb_ch"),
        (["__MACOSX/disc/a.png", "@eaDir/b.png", "disc/@eaDir/c.png"], "3 hidden folders"),
        (["disc/._disc00.png", "._a.png"], "2 hidden files (._a.png, disc/._disc00.png)"),
        (["square/study.dcm/README"], "1 files not named like pictures (square/study.dcm/README)"),
        (["overview1.png", "overview2.png"], "2 pictures beside the folders of the classes (overview1.png, overview2"),
        (["masks/m0.png", "disc/masks/m1.png", "Masks/m2.png"], "3 outlines in folders called masks"),
        (["notes.txt", "disc/Thumbs.db", "disc/report.pdf"], "3 files not named like pictures"),
        (["cross/readme.txt", "ring/sub/readme.txt"], "2 folders without a picture (cross, ring)"),
    ],
)
def test_what_is_no_class_is_passed_over_and_told(tree, names, said):
    touch(tree, *names)
    counts, _, told = read(tree)
    assert counts == TWO
    assert said in told


def test_a_link_to_nowhere_and_a_pipe_are_passed_over(tree):
    (tree / "disc" / "gone.png").symlink_to(tree / "nowhere.png")
    os.mkfifo(tree / "disc" / "pipe.png")
    counts, _, told = read(tree)
    assert counts == TWO
    assert "2 names without a file" in told


def test_a_linked_folder_is_read_and_a_circle_of_links_ends(tmp_path):
    touch(tmp_path / "elsewhere", *(f"{i}.png" for i in range(12)))
    touch(tmp_path / "set", *(f"disc/{i}.png" for i in range(12)))
    (tmp_path / "set" / "square").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "disc" / "up").symlink_to(tmp_path / "set")
    assert read(tmp_path / "set")[0] == TWO


def test_the_folder_below_a_class_is_the_patient(tmp_path):
    touch(tmp_path, *(f"{'disc' if i % 2 else 'square'}/pat{i:02}/{s}.png" for i in range(10) for s in range(3)))
    counts, samples, told = read(tmp_path)
    assert counts == {"disc": 15, "square": 15}
    assert {s.group for s in samples} == {f"pat{i:02}" for i in range(10)}
    assert all(len({s.fold for s in samples if s.group == g}) == 1 for g in {s.group for s in samples})
    assert "the folders below the classes are taken for patients, 10 of them" in told
    assert "square/pat00/0.png" in {s.id for s in samples}


def test_only_the_first_folder_below_a_class_is_the_patient(tmp_path):
    touch(tmp_path, *(f"{c}/{c}{i}/study/series{s}/IM.dcm" for c in "ab" for i in range(5) for s in range(2)))
    _, samples, _ = read(tmp_path)
    assert {s.group for s in samples} == {f"{c}{i}" for c in "ab" for i in range(5)}


@pytest.mark.parametrize(
    "layout",
    [
        "train/{label}/{i}.png",
        "all/{label}/images/{i}.png",
        "images/{label}/{i}.png",
        "{label}/images/{i}.png",
        "all/images/{label}/{i}.png",
    ],
)
def test_folders_that_name_no_class_are_looked_through(tmp_path, layout):
    touch(tmp_path, *(layout.format(label=label, i=i) for label in ("disc", "square") for i in range(12)))
    counts, samples, _ = read(tmp_path)
    assert counts == TWO
    assert len({s.group for s in samples}) == 24


def test_the_parts_of_a_set_are_taken_together_and_that_is_told(tmp_path):
    touch(tmp_path, *(f"{p}/{c}/{p}{i}.png" for p in ("train", "test") for c in ("disc", "square") for i in range(6)))
    counts, samples, told = read(tmp_path)
    assert counts == TWO
    assert {s.official for s in samples} == {"train", "test"}
    assert "test, train are taken together" in told


def test_classes_one_folder_further_down_are_refused_rather_than_guessed(tmp_path):
    touch(
        tmp_path, *(f"{h}/{c}/{i}.png" for h in ("hospA", "hospB") for c in ("benign", "malignant") for i in range(9))
    )
    with pytest.raises(ValueError, match=r"benign, malignant lie in each of hospa, hospb; list the pictures in labels"):
        read(tmp_path)


def test_pictures_without_a_folder_are_refused_with_the_remedy(tmp_path):
    touch(tmp_path, *(f"{i}.png" for i in range(12)))
    with pytest.raises(ValueError, match=r"the 12 pictures under .* lie in no folder that names their class; put each"):
        read(tmp_path)


def test_folders_that_spell_one_name_are_one_class(tmp_path):
    names = ["disc", "Disc", unicodedata.normalize("NFC", "Kör"), unicodedata.normalize("NFD", "Kör")]
    touch(tmp_path, *(f"{name}/{k}{i}.png" for k, name in enumerate(names) for i in range(6)))
    counts, _, told = read(tmp_path)
    assert counts == {"Disc": 12, unicodedata.normalize("NFC", "Kör"): 12}
    assert "'disc' and 'Disc' are taken for one class, 'Disc'" in told


def test_dicom_files_need_no_ending(tmp_path):
    touch(tmp_path, *(f"{c}/IM0{i}" for c in ("disc", "square") for i in range(11)), content=DICOM)
    touch(tmp_path, *(f"{c}/1.2.840.{c}.1" for c in ("disc", "square")), content=DICOM)
    touch(tmp_path, "disc/README")
    counts, _, told = read(tmp_path)
    assert counts == TWO
    assert "1 files not named like pictures (disc/README)" in told


def test_volumes_are_pictures_and_what_is_read_of_them_is_told(tmp_path):
    touch(tmp_path, *(f"disc/{i}.nii" for i in range(12)), *(f"square/{i}.NII.gz" for i in range(12)), "disc/a.gz")
    counts, samples, told = read(tmp_path)
    assert counts == TWO
    assert "square/3.NII.gz" in {s.id for s in samples}
    assert "of each NIfTI volume the middle slice is read" in told
    assert "1 files not named like pictures (disc/a.gz)" in told

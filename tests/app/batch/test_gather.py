"""What a batch is made of: labels from folders and tables, series in the order of their slices."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dinoscope.batch.gather import Gathered, gather
from dinoscope.errors import RequestError
from fixtures.dicom_files import dataset, written


def picture(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 255, (40, 40, 3)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    return path


def gathered(tmp_path: Path, *given: Path, **asked) -> Gathered:
    into = tmp_path / "into"
    into.mkdir(exist_ok=True)
    return gather(given, into, **asked)


def archive(tmp_path: Path, folder: Path) -> Path:
    path = tmp_path / "given.zip"
    with zipfile.ZipFile(path, "w") as made:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                made.write(file, file.relative_to(folder))
    return path


def test_folders_are_labels_and_what_lies_between_is_the_patient(tmp_path: Path):
    for name in ("disc/07/1.png", "disc/08/1.png", "rest/1.png"):
        picture(tmp_path / "set" / name)
    found = gathered(tmp_path, tmp_path / "set")
    assert [(i.name, i.label, i.group) for i in found.items] == [
        ("disc/07/1.png", "disc", "07"),
        ("disc/08/1.png", "disc", "08"),
        ("rest/1.png", "rest", ""),
    ]


@pytest.mark.parametrize("outer", ["", "my pictures/", "my pictures/again/"])
def test_an_archive_may_hold_everything_in_one_folder_more(tmp_path: Path, outer: str):
    for name in ("disc/1.png", "rest/2.png"):
        picture(tmp_path / "set" / f"{outer}{name}")
    found = gathered(tmp_path, archive(tmp_path, tmp_path / "set"))
    assert [(i.name, i.label) for i in found.items] == [("disc/1.png", "disc"), ("rest/2.png", "rest")]
    assert all(i.path.is_relative_to(tmp_path / "into") for i in found.items)


def test_a_single_folder_of_pictures_is_their_label(tmp_path: Path):
    picture(tmp_path / "set" / "disc" / "1.png")
    (item,) = gathered(tmp_path, archive(tmp_path, tmp_path / "set")).items
    assert item.label == "disc"


def test_loose_pictures_have_no_label_and_no_sentence_names_the_visits_folder(tmp_path: Path):
    for name in ("1.png", "sub/2.png"):
        picture(tmp_path / "set" / name)
    (tmp_path / "set" / "letter.txt").write_text("Dear colleague")
    found = gathered(tmp_path, archive(tmp_path, tmp_path / "set"))
    assert [(i.name, i.label) for i in found.items] == [("sub/2.png", "sub"), ("1.png", "")]
    assert any("letter.txt" in s for s in found.said)
    assert not any(str(tmp_path) in s for s in found.said)


def test_a_table_overrules_the_folders_and_its_faults_are_sentences(tmp_path: Path):
    picture(tmp_path / "set" / "a.png")
    (tmp_path / "set" / "labels.csv").write_text("file;label;patient\na.png;disc;7\n")
    found = gathered(tmp_path, archive(tmp_path, tmp_path / "set"))
    assert [(i.label, i.group) for i in found.items] == [("disc", "7")]
    (tmp_path / "set" / "labels.csv").write_text("file;label\nb.png;disc\n")
    with pytest.raises(RequestError, match=r"labels.csv, line 2, column file: no picture 'b.png'") as caught:
        gathered(tmp_path / "set", tmp_path / "set")
    assert str(tmp_path) not in str(caught.value)


def listing(tmp_path: Path, *written: object) -> Path:
    """A visitor's archive of one picture, `in.png`, and of a table that lists what is written."""
    picture(tmp_path / "set" / "in.png")
    (tmp_path / "set" / "d").mkdir(exist_ok=True)
    lines = "".join(f"{name},disc\n" for name in written)
    (tmp_path / "set" / "labels.csv").write_text(f"file,label\n{lines}")
    picture(tmp_path / "set" / "d" / "too.png")
    return archive(tmp_path, tmp_path / "set")


def test_a_table_opens_no_file_outside_the_archive_and_tells_none_from_one_that_is_missing(tmp_path: Path):
    there, missing = picture(tmp_path / "secret" / "scan.png"), tmp_path / "secret" / "none.png"
    up = [f"../secret/{p.name}" for p in (there, missing)]
    down = [f"d/../../secret/{p.name}" for p in (there, missing)]
    for pair in ((there, missing), up, down, [p.replace("/", "\\") for p in up]):
        said = []
        for name in pair:
            with pytest.raises(RequestError, match=r"labels\.csv, line 2, column file: no picture") as caught:
                gathered(tmp_path, listing(tmp_path, name))
            said.append(str(caught.value))
        assert said[0].replace(there.name, missing.name) == said[1]


def test_one_picture_is_one_item_however_often_a_table_writes_its_path_otherwise(tmp_path: Path):
    ways = ["in.png", "./in.png", "d/../in.png", "d/../d/../in.png", "d\\..\\in.png"]
    found = gathered(tmp_path, listing(tmp_path, *ways, "d/too.png"), most=2)
    assert [i.name for i in found.items] == ["d/too.png", "in.png"]


def test_what_is_counted_is_what_is_read(tmp_path: Path):
    with pytest.raises(RequestError, match="2 pictures came, and 1 are read at once"):
        gathered(tmp_path, listing(tmp_path, "in.png", "d/too.png"), most=1)
    assert len(gathered(tmp_path, listing(tmp_path, "in.png"), most=1).items) == 1


@pytest.mark.parametrize("beside", [["labels.xlsx"], ["labels.csv", "labels.tsv"]])
@pytest.mark.parametrize("outer", ["", "my pictures/"])
def test_a_table_that_cannot_be_chosen_is_a_sentence(tmp_path: Path, beside: list[str], outer: str):
    picture(tmp_path / "set" / f"{outer}a.png")
    for name in beside:
        (tmp_path / "set" / f"{outer}{name}").write_text("file,label\na.png,disc\n")
    with pytest.raises(RequestError, match=r"is a spreadsheet|keep the one that is meant") as caught:
        gathered(tmp_path, archive(tmp_path, tmp_path / "set"))
    assert str(tmp_path) not in str(caught.value)


def test_several_files_keep_their_names_and_too_many_are_refused_with_the_number(tmp_path: Path):
    given = [picture(tmp_path / where / "1.png") for where in "ab"]
    assert [i.name for i in gathered(tmp_path, *given).items] == ["1.png", "1.png (2)"]
    with pytest.raises(RequestError, match="2 pictures came, and 1 are read at once"):
        gathered(tmp_path, *given, most=1)
    packed = archive(tmp_path, tmp_path / "a")
    with pytest.raises(RequestError, match="2 files came, 1 of them ZIP archives"):
        gathered(tmp_path, packed, given[0])


def test_a_file_that_cannot_be_opened_is_a_sentence_without_its_place(tmp_path: Path):
    with pytest.raises(RequestError, match=r"“gone\.png” cannot be read \(No such file or directory\)"):
        gathered(tmp_path, tmp_path / "gone.png")


def test_an_archive_without_a_picture_says_what_it_holds(tmp_path: Path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "letter.txt").write_text("Dear colleague")
    with pytest.raises(RequestError, match=r"“given\.zip” holds no picture; left out: 1 files"):
        gathered(tmp_path, archive(tmp_path, tmp_path / "set"))


AXIAL, SAGITTAL = [1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1]


def slices(folder: Path, uid: str, order: list[int], direction: list[int] = AXIAL, **more) -> None:
    """Slices named by their file number, whose place along the body is another one."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, place in enumerate(order):
        made = dataset(np.full((40, 40), place, np.uint8), SeriesInstanceUID=uid, **more)
        made.ImageOrientationPatient = direction
        made.ImagePositionPatient = [10.0, 20.0, 5.0 * place] if direction is AXIAL else [5.0 * place, 0.0, 0.0]
        made.InstanceNumber = number + 1
        (folder / f"{uid.replace('.', '')}_{number}.dcm").write_bytes(written(made))


def test_slices_come_in_the_order_of_their_position_along_the_normal(tmp_path: Path):
    slices(tmp_path / "set", "1.2", [3, 1, 2, 0])
    found = gathered(tmp_path, tmp_path / "set")
    assert [i.name for i in found.items] == ["12_3.dcm", "12_1.dcm", "12_2.dcm", "12_0.dcm"]
    assert [(i.series, i.slice, i.slices) for i in found.items] == [("CT series 1", n, 4) for n in (1, 2, 3, 4)]
    assert "CT series 1: 4 slices in the order of their position." in found.said


def test_mixed_series_are_told_apart_and_so_is_a_scout_in_another_plane(tmp_path: Path):
    slices(tmp_path / "set", "1.9", [2, 0, 1])
    slices(tmp_path / "set", "1.1", [1, 0])
    scout = tmp_path / "scout"
    slices(scout, "1.1", [0, 1], SAGITTAL)
    for i, file in enumerate(sorted(scout.iterdir())):
        file.rename(tmp_path / "set" / f"scout_{i}.dcm")
    picture(tmp_path / "set" / "photo.png")
    found = gathered(tmp_path, tmp_path / "set")
    assert [i.name for i in found.items] == [
        *("11_1.dcm", "11_0.dcm"),
        *("19_1.dcm", "19_2.dcm", "19_0.dcm"),
        "photo.png",
        *("scout_1.dcm", "scout_0.dcm"),  # the normal of a sagittal plane points to the patient's right
    ]
    assert [i.series for i in found.items] == [*["CT series 1"] * 2, *["CT series 2"] * 3, "", *["CT series 3"] * 2]
    assert any(s.startswith("3 DICOM series are told apart, of 2, 3, 2 slices") for s in found.said)


def test_files_that_tell_neither_series_nor_place_are_pictures_by_themselves(tmp_path: Path):
    (tmp_path / "set").mkdir()
    for name in "ab":
        (tmp_path / "set" / f"{name}.dcm").write_bytes(written(dataset(np.full((40, 40), 9, np.uint8))))
    found = gathered(tmp_path, tmp_path / "set")
    assert [i.series for i in found.items] == ["", ""]


def test_without_positions_the_files_own_numbers_count(tmp_path: Path):
    folder = tmp_path / "set"
    folder.mkdir()
    for name, number in (("a", 2), ("b", 10), ("c", 1)):
        made = dataset(np.full((40, 40), 9, np.uint8), SeriesInstanceUID="1.5", InstanceNumber=number)
        (folder / f"{name}.dcm").write_bytes(written(made))
    assert [i.name for i in gathered(tmp_path, folder).items] == ["c.dcm", "a.dcm", "b.dcm"]

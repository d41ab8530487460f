"""Archives from anybody: nothing leaves the folder, nothing fills the disk, and odd names do no harm."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from dinoscope.batch.archive import Limits, unpack
from dinoscope.errors import RequestError
from dinoscope.fitting.trees import LeftOut

SMALL = Limits(files=5, file_bytes=1000, table_bytes=100, bytes=2000)


def packed(folder: Path, files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    path = folder / "given.zip"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return path


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """An empty folder inside another one, which must stay empty but for it."""
    (tmp_path / "visit" / "own").mkdir(parents=True)
    return tmp_path / "visit" / "own"


def unpacked(path: Path, into: Path, limits: Limits | None = None) -> tuple[list[str], LeftOut]:
    left = LeftOut()
    unpack(path, into, left, limits)
    return sorted(p.relative_to(into).as_posix() for p in into.rglob("*") if p.is_file()), left


def test_folders_stay_and_what_is_a_systems_own_is_passed_over(tmp_path: Path, into: Path):
    given = {"a/1.png": b"1", "a/2.png": b"2", "__MACOSX/a/._1.png": b"x", "a/.DS_Store": b"x", "a/Thumbs.db/": b""}
    files, left = unpacked(packed(tmp_path, given), into)
    assert files == ["a/1.png", "a/2.png"]
    assert left.count == {"hidden files": 2}


@pytest.mark.parametrize("name", ["../evil.png", "/etc/evil.png", "a/../../evil.png", "C:\\evil.png", "..\\evil.png"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, into: Path, name: str):
    files, left = unpacked(packed(tmp_path, {name: b"x", "good.png": b"x"}), into)
    assert files == ["good.png"]
    assert left.count == {"names that lead out of the archive": 1}
    assert [p.name for p in into.parent.iterdir()] == ["own"]


def test_a_link_is_not_followed(tmp_path: Path, into: Path):
    path = tmp_path / "given.zip"
    entry = zipfile.ZipInfo("link.png")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    assert unpacked(path, into)[0] == []


def test_names_of_other_systems_and_encodings_do_no_harm(tmp_path: Path, into: Path):
    given = {"Grün\\Bild.png": b"1", 'a"<b>|?*.png': b"2", "a\nb\u202e.png": b"3", "n" * 300 + ".png": b"4"}
    files, _ = unpacked(packed(tmp_path, given), into)
    assert "Grün/Bild.png" in files
    assert "a__b____.png" in files
    assert "ab.png" in files
    assert max(map(len, files)) == 100
    assert any(name.endswith("n.png") for name in files)


def test_utf8_that_is_not_marked_as_such_is_recognised(tmp_path: Path, into: Path):
    path = packed(tmp_path, {"Gr__n/1.png": b"1"})
    path.write_bytes(path.read_bytes().replace(b"Gr__n", "Grün".encode()))
    assert unpacked(path, into)[0] == ["Grün/1.png"]


def test_two_files_of_one_name_are_both_there(tmp_path: Path, into: Path):
    path = tmp_path / "given.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a/1.png", "A/1.PNG", "a/1.png/x.png"):
            archive.writestr(name, name)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a/1.png", "again")
    files, left = unpacked(path, into)
    assert files == ["A/1 (2).PNG", "a/1 (3).png", "a/1.png"]
    assert left.count == {"names that are a file and a folder at once": 1}


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({f"{i}.png": b"x" for i in range(6)}, "holds 6 files; the limit is 5"),
        ({f"{i}.png": b"x" for i in range(16)}, "lists 16 files; the limit is 5"),
        ({"big.png": bytes(1001)}, "“big.png” in “given.zip” unpacks to more than 0 MB, a file's limit"),
        ({"a/Labels.CSV": bytes(101)}, "“a/Labels.CSV” in “given.zip” unpacks to more than 0 MB, a table's limit"),
        ({f"{i}.png": bytes(900) for i in range(3)}, "unpacks to more than 0 MB, which is the limit"),
        ({"inner.zip": b"PK\x03\x04...", "more": b"PK\x03\x04..."}, "holds 2 archives inside"),
    ],
)
def test_bombs_and_archives_in_archives_are_refused_with_the_number(tmp_path: Path, into: Path, files, sentence):
    with pytest.raises(RequestError, match=sentence):
        unpacked(packed(tmp_path, files, zipfile.ZIP_DEFLATED), into, SMALL)


def test_a_size_that_an_archive_states_is_not_believed(tmp_path: Path, into: Path):
    path = packed(tmp_path, {"bomb.png": bytes(500_000)}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1000
    lying = path.read_bytes().replace((500_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(lying)
    with pytest.raises(RequestError, match=r"damaged|unpacks to more"):
        unpacked(path, into, SMALL)
    assert sum(p.stat().st_size for p in into.rglob("*") if p.is_file()) <= 1000


def test_a_list_of_contents_is_measured_before_it_is_read(tmp_path: Path, into: Path):
    path = packed(tmp_path, {"1.png": b"x"})
    content = bytearray(path.read_bytes())
    content[-10:-6] = (1 << 30).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(RequestError, match="the limit is 5"):
        unpacked(path, into, SMALL)


@pytest.mark.parametrize("damage", ["cut", "locked", "odd", "noise", "hole"])
def test_an_archive_that_cannot_be_read_is_one_sentence(tmp_path: Path, into: Path, damage: str):
    path = packed(tmp_path, {"1.png": bytes(range(256)) * 40}, zipfile.ZIP_BZIP2 if damage == "odd" else 8)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    if damage == "locked":
        at = content.rfind(b"PK\x01\x02")
        content[at + 8] |= 1
    if damage == "noise":
        content[40:60] = bytes(20)
    if damage == "hole":
        del content[40:43]
    path.write_bytes(content)
    sentences = {
        "hole": "damaged",
        "cut": "cut short",
        "locked": "locked with a password",
        "odd": "plain ZIP",
        "noise": "damaged",
    }
    with pytest.raises(RequestError, match=sentences[damage]):
        unpacked(path, into)


def test_a_spreadsheet_is_no_archive_inside(tmp_path: Path, into: Path):
    stream = io.BytesIO()
    zipfile.ZipFile(stream, "w").close()
    given = {"notes.xlsx": b"PK\x03\x04" + stream.getvalue(), "1.png": b"x"}
    assert unpacked(packed(tmp_path, given), into)[0] == ["1.png", "notes.xlsx"]

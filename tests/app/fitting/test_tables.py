"""Tables as people's programs write them: read as they were meant, or refused with line and column; never ignored."""

from __future__ import annotations

import time
import unicodedata
from collections import Counter

import pytest

from dinoscope.fitting import datasets, tables
from dinoscope.fitting.tables import TableError

ROWS = [(f"images/{i}.png", "disc" if i % 2 else "square") for i in range(24)]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    for i in range(24):
        (tmp_path / "images" / f"{i}.png").write_bytes(b"")
    return tmp_path


def text(rows, head=("file", "label"), delimiter=",", end="\n"):
    return "".join(delimiter.join(map(str, row)) + end for row in [head, *rows])


def read(folder, content, encoding="utf-8", name="labels.csv", **more):
    said = []
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return datasets.read(folder, say=said.append, **more), said


def labels(samples):
    return Counter(s.label for s in samples)


def changed(line, row):
    rows = [list(r) for r in ROWS]
    rows[line - 2] = row
    return rows


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (text(ROWS), "utf-8-sig"),
        (text(ROWS), "utf-16"),
        (text(ROWS, delimiter=";"), "utf-8"),
        (text(ROWS, delimiter="\t"), "utf-8"),
        (text(ROWS, delimiter="|"), "utf-8-sig"),
        ("sep=;\n" + text(ROWS, delimiter=";"), "utf-8"),
        (text(ROWS, ("File", "Label")), "utf-8"),
        (text(ROWS, (' "FILE"', "LABEL ")), "utf-8"),
        (text(ROWS, end="\r\n"), "utf-8"),
        (text(ROWS, end="\r"), "utf-8"),
        ("\n\n" + text(ROWS) + "\n,\n", "utf-8"),
        (text([(f, label, "") for f, label in ROWS], ("file", "label", "")), "utf-8"),
        (text([(i, f, label) for i, (f, label) in enumerate(ROWS)], ("", "file", "label")), "utf-8"),
        (text([(f"images\\{i}.png", label) for i, (_, label) in enumerate(ROWS)]), "utf-8"),
        (text([(f"./images/{i}.png", label) for i, (_, label) in enumerate(ROWS)]), "utf-8"),
        (text([(f"Images/{i}.PNG", label) for i, (_, label) in enumerate(ROWS)]), "utf-8"),
        (text([(f"C:\\Users\\me\\study\\images\\{i}.png", label) for i, (_, label) in enumerate(ROWS)]), "utf-8"),
        (text([(f, f' "{label}"') for f, label in ROWS]), "utf-8"),
    ],
)
def test_a_table_is_read_however_it_is_written(folder, content, encoding):
    samples, _ = read(folder, content, encoding)
    assert labels(samples) == {"disc": 12, "square": 12}
    assert {s.id for s in samples} == {f for f, _ in ROWS}


@pytest.mark.parametrize("name", ["Labels.CSV", "labels.tsv", "LABELS.csv.txt"])
def test_a_table_is_found_whatever_the_case_of_its_name(folder, name):
    samples, _ = read(folder, text(ROWS, delimiter="\t" if name.endswith("tsv") else ","), name=name)
    assert labels(samples) == {"disc": 12, "square": 12}


def test_windows_text_is_read_and_said(folder):
    rows = [(f, "négatif" if label == "disc" else "Kör") for f, label in ROWS]
    samples, said = read(folder, text(rows), "cp1252")
    assert labels(samples) == {"négatif": 12, "Kör": 12}
    assert any("is not UTF-8; read as Windows-1252" in sentence for sentence in said)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (text(changed(25, ("images/23.png",))), "line 25, column label: the cell is empty"),
        (text(changed(25, ("images/23.png", " "))), "line 25, column label: the cell is empty"),
        (text(changed(14, ("", "disc"))), "line 14, column file: the cell is empty"),
        (text(changed(3, ("images/1.png", ";;"))), "line 3, column label: ';;' names no class"),
        (text(changed(9, ("images/99.png", "disc"))), "line 9, column file: no picture 'images/99.png' below"),
        (text(changed(9, ("images", "disc"))), "line 9, column file: no picture 'images' below"),
        (text(changed(5, ("images/3.png", "disc", "a", "b"))), "line 5 has 4 cells, but there are 2 columns"),
        (text(changed(7, ("images/3.png", "square"))), "line 7, column label: .* 'square' here and 'disc' in line 5"),
        (text(changed(4, ('"images/2.png', "square"))), r"line \d+ cannot be read"),
        (text(ROWS, ("file", "class")), "has the columns file, class; it needs file and label"),
        (text(ROWS, ("file;", "label;")), "needs file and label"),
        (text(ROWS, ("label", "Label")), "needs file and label"),
        (text([(*r, "x") for r in ROWS], ("file", "label", "LABEL")), "has two columns label"),
        (text([]), "lists no picture"),
        ("", "is empty"),
        (b"PK\x03\x04 an Excel file", "is a spreadsheet, whatever its name says; save it as “CSV UTF-8”"),
        (b"file,label\n\0\0\0\1", "is no text"),
        (b"file,label\nimages/1.png,\x81\n", "line 2 is neither UTF-8 nor Windows-1252"),
        (
            text([(f, y, i % 5 or "") for i, (f, y) in enumerate(ROWS)], ("file", "label", "fold")),
            "line 2, column fold",
        ),
        (
            text([(f, y, i % 6) for i, (f, y) in enumerate(ROWS)], ("file", "label", "fold")),
            "line 7, .* '5' is no fold",
        ),
        (
            text([(f, y, "train") for f, y in ROWS], ("file", "label", "fold")),
            "line 2, column fold: 'train' is no fold",
        ),
        (text([(f, y, 0.5) for f, y in ROWS], ("file", "label", "fold")), "line 2, column fold: '0.5' is no fold"),
        (
            text([(f, y, i // 2) for i, (f, y) in enumerate(ROWS)], ("file", "label", "id")),
            "line 3, column id: '0' stands",
        ),
    ],
)
def test_what_cannot_be_understood_is_refused_with_line_and_column(folder, content, sentence):
    (folder / "square").mkdir()
    (folder / "square" / "a.png").write_bytes(b"")
    with pytest.raises(TableError, match=rf"labels\.csv.*{sentence}"):
        read(folder, content)


def test_a_spreadsheet_and_two_tables_are_refused_rather_than_passed_over(folder):
    (folder / "labels.xlsx").write_bytes(b"PK")
    with pytest.raises(TableError, match=r"labels\.xlsx is a spreadsheet; save it as .* under the name labels\.csv"):
        datasets.read(folder)
    (folder / "labels.xlsx").unlink()
    (folder / "Labels.csv").write_text(text(ROWS))
    (folder / "labels.tsv").write_text(text(ROWS))
    with pytest.raises(TableError, match=r"holds Labels\.csv and labels\.tsv; keep the one that is meant"):
        datasets.read(folder)


def test_ids_are_the_paths_below_the_folder(tmp_path):
    """36 pictures of 12 patients, three names: the name alone would make three cases of them."""
    rows = []
    for i in range(12):
        for s in (1, 2, 3):
            path = tmp_path / f"case{i:02}" / f"slice_{s}.png"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"")
            rows.append((f"case{i:02}\\slice_{s}.png", "disc" if i % 2 else "square", f"{i}.0"))
    samples, _ = read(tmp_path, text(rows, ("file", "label", "patient")))
    assert len({s.id for s in samples}) == 36
    assert {s.group for s in samples} == {str(i) for i in range(12)}
    assert samples[0].id == "case00/slice_1.png"


def test_a_table_leads_into_linked_folders_and_to_nothing_beside_its_own(folder):
    (folder / "set").mkdir()
    (folder / "set" / "scans").symlink_to(folder / "images")
    rows = [("scans/1.png", "disc"), (folder / "set" / "scans" / "2.png", "square")]
    samples, _ = read(folder / "set", text(rows), drawn=False)
    assert [s.id for s in samples] == ["scans/1.png", "scans/2.png"]
    for written in ("../images/1.png", str(folder / "images" / "1.png")):
        with pytest.raises(TableError, match=r"line 2, column file: no picture '.*images/1\.png' below"):
            read(folder / "set", text([(written, "disc")]))


def test_a_path_from_another_machine_is_looked_up_no_deeper_than_the_folder_is(folder):
    began = time.monotonic()
    samples, _ = read(folder, text([("C:/" + "a/" * 20_000 + "images/1.png", "disc")]), drawn=False)
    assert [s.id for s in samples] == ["images/1.png"]
    assert time.monotonic() - began < 2


def test_one_line_said_twice_is_one_picture(folder):
    samples, said = read(folder, text([*ROWS, ROWS[3], ROWS[5]]))
    assert len(samples) == 24
    assert any("2 lines say again what was said" in sentence for sentence in said)


def test_spellings_of_one_name_are_one_class_and_the_rare_ones_are_told(folder):
    rows = [
        (f, ["disc", "Disc", "disc ", "disc", "d\u200bisc", "disc\u00a0"][i // 2 % 6] if i % 2 else "square")
        for i, (f, _) in enumerate(ROWS)
    ]
    samples, said = read(folder, text(rows))
    assert labels(samples) == {"disc": 12, "square": 12}
    assert any("'Disc' and 'disc' are taken for one class, 'disc'" in sentence for sentence in said)


def test_letters_composed_in_two_ways_are_one_class(folder):
    rows = [
        (f, unicodedata.normalize("NFC" if i % 4 else "NFD", "Kör") if i % 2 == 0 else "disc")
        for i, (f, _) in enumerate(ROWS)
    ]
    assert labels(read(folder, text(rows))[0]) == {"Kör": 12, "disc": 12}


def test_several_findings_of_a_picture_stand_in_one_cell(folder):
    samples, _ = read(folder, text(changed(2, ("images/0.png", "square; disc;square"))))
    assert samples[0].labels == ("square", "disc")


def test_folds_may_be_written_as_floats(folder):
    rows = [(f, y, float(i // 2 % 5)) for i, (f, y) in enumerate(ROWS)]
    samples, _ = read(folder, text(rows, ("file", "label", "fold")))
    assert Counter(s.fold for s in samples) == {0: 6, 1: 6, 2: 4, 3: 4, 4: 4}


def test_a_delimiter_inside_quotation_marks_is_text(folder):
    rows = [(f, '"disc, round"' if y == "disc" else "square") for f, y in ROWS]
    assert labels(read(folder, text(rows))[0]) == {"disc, round": 12, "square": 12}


def test_lines_are_counted_as_an_editor_counts_them(tmp_path):
    (tmp_path / "t.csv").write_text('a,b\n1,"two\nlines"\n\n3,\n')
    table = tables.read(tmp_path / "t.csv", ("a",))
    assert [row.line for row in table.rows] == [3, 5]
    assert table.rows[0].get("b") == "two\nlines"

"""Conformance: pydicom's own test files are shown with its own greys, or refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from dinoscope.reading import images
from dinoscope_lab.benchmark import conformance


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("CT_small.dcm", "grey without a view, between percentiles"),
        ("693_J2KI.dcm", "grey, the file's own window"),
        ("vlut_04.dcm", "grey, the file's own table"),
        ("image_dfl.dcm", "grey without a view, as stored"),
        ("SC_rgb.dcm", "colours"),
        ("examples_palette.dcm", "palette"),
        ("JPGExtended.dcm", "refused: compressed in a way that is not decoded here, which is named"),
        ("rtplan.dcm", "refused: a DICOM file without a picture"),
        ("MR_truncated.dcm", "refused: cut short"),
    ],
)
def test_a_file_is_shown_as_pydicom_shows_it_or_refused(name, outcome):
    file = get_testdata_file(name, download=False)
    if file is None:
        pytest.skip(f"{name} comes with pydicom-data, which is not installed")
    found = conformance.compare(Path(file))
    assert found.outcome == outcome
    assert found.conforms


def test_another_grey_does_not_conform(monkeypatch):
    read = images.read

    def brighter(source: Path) -> images.Decoded:
        decoded = read(source)
        decoded.picture.putpixel((3, 3), (9, 99, 199))
        return decoded

    monkeypatch.setattr(images, "read", brighter)
    file = get_testdata_file("CT_small.dcm", download=False)
    assert file is not None
    assert not conformance.compare(Path(file)).conforms


def test_one_row_an_outcome_names_some_of_its_files():
    results = [conformance.Result(f"{i}.dcm", "colours", i / 100, True) for i in range(8)]
    results.append(conformance.Result("a.dcm", "refused: cut short", None, False))
    first, second = conformance.table(conformance.outcomes(results)).rows
    assert (first["files"], first["levels"], first["decoded"]) == (8, 0.07, 8)
    assert first["example"].endswith("5.dcm and 2 more")
    assert (second["outcome"], second["levels"]) == ("refused: cut short", None)

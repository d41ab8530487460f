"""Measured numbers: what the laboratory writes, the page reads; anything else is named."""

import json
from dataclasses import replace

import pytest

from dinoscope import evidence
from dinoscope.evidence import Column, Table
from dinoscope.settings import ROOT
from dinoscope_lab import evidence as laboratory

HEADLINE = {"label": "AUC", "value": 0.91, "low": 0.88, "high": None, "unit": ""}


TABLE = Table(
    "scores",
    "Scores",
    "bars",
    (Column("set"), Column("method"), Column("score", "score", "%", 1, "from", "to")),
    [{"set": "ü", "method": "m", "score": 1.0, "from": 0.5, "to": 1.25}, {"set": "mean", "method": "m", "score": 2.0}],
    of="set",
    y="score",
    by=("method",),
)


def written(folder, name="probe"):
    path = folder / f"{name}.json"
    how = laboratory.How("dinoscope benchmark", 3, "f" * 64, 12.34, "splits abc")
    laboratory.write(path, HEADLINE, how, [TABLE], ["Note."])
    return path


def test_what_was_measured_is_read_back(tmp_path):
    written(tmp_path)
    found = evidence.read(tmp_path)["probe"]
    assert (found.name, found.headline, found.seed, found.seconds) == ("probe", HEADLINE, 3, 12.3)
    assert (found.command, found.fingerprint, found.split) == ("dinoscope benchmark", "f" * 64, "splits abc")
    assert (found.tables, found.notes) == ([TABLE], ["Note."])
    assert found.machine
    assert len(found.date) == 10


def test_a_table_is_laid_out_by_its_kind():
    assert TABLE.laid_out() == (["set", "m"], [["ü", "1.0 (0.5 to 1.2)"], ["mean", "2.0"]])
    assert TABLE.about("mean") == [{"set": "mean", "method": "m", "score": 2.0}]
    columns = (Column("set"), Column("n", digits=0), Column("v", digits=2))
    rows = [{"set": s, "n": n, "v": n / 4} for s in ("a", "mean") for n in (10, 1)]
    curves = Table("c", "C", "curves", columns, rows, "set", "n", "v", ("set",))
    assert curves.laid_out() == (["set / n", "1", "10"], [["mean", "0.25", "2.50"]])
    many = Table(
        "c", "C", "curves", columns, [{"n": 1_000_000, "v": 1234.5}, {"n": 0.1, "v": 1}], "", "n", "v", ("set",)
    )
    assert many.laid_out() == (["set / n", "0.1", "1,000,000"], [["", "1.00", "1,234.50"]])
    columns = (Column("set"), Column("finding"), Column("against", "rival"), Column("ahead", digits=1))
    rows = [{"set": s, "finding": f, "against": a, "ahead": 1.0} for s, f, a in ("axu", "axv", "ayu", "bxu")]
    bars = Table("d", "D", "bars", columns, rows, "set", y="ahead", by=("finding", "against"))
    # The rivals are few, and every set has findings of its own: a column for each pair would be mostly empty.
    wanted = [["a", "x", "1.0", "1.0"], ["a", "y", "1.0", ""], ["b", "x", "1.0", ""]]
    assert bars.laid_out() == (["set", "finding", "u", "v"], wanted)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": [{"score": "81 to 85"}]}, "score is '81 to 85'"),
        ({"rows": [{"set": 3}]}, "set is 3"),
        ({"rows": [{"colour": 1}]}, "colour is 1"),
        ({"y": "height"}, "without \\['height'\\]"),
        ({"kind": "pie"}, "kind 'pie'"),
        ({"kind": "curves"}, "without \\['x'\\]"),
    ],
)
def test_numbers_are_numbers_and_what_is_drawn_is_there(change, said):
    with pytest.raises(ValueError, match=said):
        replace(TABLE, **change)


def test_what_a_later_version_adds_to_a_table_is_passed_over(tmp_path):
    path = written(tmp_path)
    content = json.loads(path.read_text())
    content["tables"][0] |= {"smell": "none"}
    content["tables"][0]["columns"][0] |= {"taste": "none"}
    path.write_text(json.dumps(content))
    assert evidence.read(tmp_path)["probe"].tables == [TABLE]


def test_measurements_come_by_name_in_order_and_other_files_are_passed_over(tmp_path):
    for name in ("b", "a", "c"):
        written(tmp_path, name)
    (tmp_path / "README.md").write_text("Not a measurement.")
    assert list(evidence.read(tmp_path)) == ["a", "b", "c"]


def test_without_a_folder_there_is_no_evidence(tmp_path):
    assert evidence.read(tmp_path / "nowhere") == {}


@pytest.mark.parametrize("key", ["headline", "command", "seed", "fingerprint", "machine", "date", "seconds", "tables"])
def test_a_file_without_the_whole_head_is_named_with_what_is_missing(tmp_path, key):
    path = written(tmp_path)
    content = json.loads(path.read_text())
    del content[key]
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f"is no evidence file: .*'{key}'; measure it again") as caught:
        evidence.read(tmp_path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ['{"headline": ', "", "[]", "null", '"text"', '{"colour": 1}', '{"tables": [{}]}'])
def test_a_damaged_file_is_named(tmp_path, text):
    (tmp_path / "probe.json").write_text(text)
    with pytest.raises(ValueError, match=r"probe\.json is no evidence file: "):
        evidence.read(tmp_path)


def test_every_bundled_measurement_can_be_read():
    found = evidence.read(ROOT / "model_assets" / "evidence")
    assert sorted(found) == sorted(p.stem for p in (ROOT / "model_assets" / "evidence").glob("*.json"))
    for measurement in found.values():
        assert set(measurement.headline) == {"label", "value", "low", "high", "unit"}
        assert measurement.tables
        assert all(t.rows for t in measurement.tables)

"""Measured numbers: what the laboratory writes, the page reads; anything else is named."""

import json

import pytest

from dinoscope import evidence
from dinoscope.settings import ROOT
from dinoscope_lab import evidence as laboratory

HEADLINE = {"label": "AUC", "value": 0.91, "low": 0.88, "high": None, "unit": ""}


def written(folder, name="probe"):
    path = folder / f"{name}.json"
    laboratory.write(path, HEADLINE, "dinoscope benchmark", 3, "f" * 64, 12.34, [{"k": 1, "task": "ü"}], ["Note."])
    return path


def test_what_was_measured_is_read_back(tmp_path):
    written(tmp_path)
    found = evidence.read(tmp_path)["probe"]
    assert (found.name, found.headline, found.seed, found.seconds) == ("probe", HEADLINE, 3, 12.3)
    assert (found.command, found.fingerprint) == ("dinoscope benchmark", "f" * 64)
    assert (found.rows, found.notes) == ([{"k": 1, "task": "ü"}], ["Note."])
    assert found.machine
    assert len(found.date) == 10


def test_a_run_that_took_up_an_earlier_one_counts_as_long_as_the_longest_on_that_backbone(tmp_path):
    def seconds(fingerprint: str, spent: float) -> float:
        laboratory.write(tmp_path / "a.json", HEADLINE, "command", 0, fingerprint, spent, [], [], resumed=True)
        return evidence.read(tmp_path)["a"].seconds

    assert [seconds("f" * 64, 2565.0), seconds("f" * 64, 10.0), seconds("e" * 64, 20.0)] == [2565, 2565, 20]


def test_measurements_come_by_name_in_order_and_other_files_are_passed_over(tmp_path):
    for name in ("b", "a", "c"):
        written(tmp_path, name)
    (tmp_path / "README.md").write_text("Not a measurement.")
    assert list(evidence.read(tmp_path)) == ["a", "b", "c"]


def test_without_a_folder_there_is_no_evidence(tmp_path):
    assert evidence.read(tmp_path / "nowhere") == {}


@pytest.mark.parametrize("key", ["headline", "command", "seed", "fingerprint", "machine", "date", "seconds", "rows"])
def test_a_file_without_the_whole_head_is_named_with_what_is_missing(tmp_path, key):
    path = written(tmp_path)
    content = json.loads(path.read_text())
    del content[key]
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f"is no evidence file: .*'{key}'; measure it again") as caught:
        evidence.read(tmp_path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ['{"headline": ', "", "[]", "null", '"text"', '{"colour": 1}'])
def test_a_damaged_file_is_named(tmp_path, text):
    (tmp_path / "probe.json").write_text(text)
    with pytest.raises(ValueError, match=r"probe\.json is no evidence file: "):
        evidence.read(tmp_path)


def test_every_bundled_measurement_can_be_read():
    found = evidence.read(ROOT / "model_assets" / "evidence")
    assert sorted(found) == sorted(p.stem for p in (ROOT / "model_assets" / "evidence").glob("*.json"))
    for measurement in found.values():
        assert set(measurement.headline) == {"label", "value", "low", "high", "unit"}
        assert all(not isinstance(v, dict | list) for row in measurement.rows for v in row.values())

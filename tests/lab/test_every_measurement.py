"""Measurements on a tiny backbone and made-up sets: from pictures to tables that are written, read and shown."""

from __future__ import annotations

import importlib
from dataclasses import replace

import pytest

from dinoscope import evidence
from dinoscope.ui import evidence_markup
from dinoscope_lab import readme, rivals
from dinoscope_lab.benchmark import module_of, trust
from dinoscope_lab.benchmark.study import Study
from dinoscope_lab.replications import others

SETS = ("colours", "stripes")


@pytest.fixture
def study(workbench, public_pictures, tmp_path, rival, monkeypatch) -> Study:
    """A quick study of the tiny workbench beside one rival; nothing is trained but for a step or two."""
    listed = {"encoder": rival.name, "ran": "yes", "why": ""}
    monkeypatch.setattr(rivals, "beside", lambda *_: rivals.Rivals((rival,), (listed,)))
    monkeypatch.setattr(trust, "MODALITIES", {"colours": "tints", "stripes": "lines"})
    monkeypatch.setattr(others, "LABELLED", SETS)
    found = Study("", "dinoscope", workbench.encoder, public_pictures, tmp_path, tmp_path / "assets", quick=True)
    found.__dict__["workbench"] = workbench
    return found


@pytest.mark.slow  # networks are trained for a step or two
@pytest.mark.parametrize(
    ("name", "rooms"),
    [
        ("backbone", {"SETS": SETS, "QUICK_SETS": SETS, "DISPUTED": "colours"}),
        ("trust", {}),
        ("robustness", {}),
        ("growth", {"QUICK_SIZES": (("memory", 60),), "CHUNK": 60}),
        ("replications/frozen", {"SETS": SETS, "OFFICIAL": ()}),
        ("replications/labels", {"SETS": SETS}),
        ("replications/fusion", {"SETS": SETS}),
    ],
)
def test_it_runs_from_pictures_to_what_a_reader_sees(name, rooms, study, monkeypatch):
    module = importlib.import_module(module_of(name))
    for what, value in rooms.items():
        monkeypatch.setattr(module, what, value)
    workbench = study.workbench
    study = replace(study, name=name.rpartition("/")[2], module=module.__name__, untrained=True)
    study.__dict__["workbench"] = workbench
    path = study.write(module.measure(study))
    found = evidence.read(path.parent)[study.name]
    assert found.tables
    assert all(t.rows for t in found.tables)
    assert all(readme.table(t).count("\n") > 1 for t in found.tables)
    assert evidence_markup.everything({study.name: found}, {}, "f" * 64)

"""Every measurement on a tiny backbone and made-up sets: from pictures to tables that are written, read and shown."""

from __future__ import annotations

import importlib
from dataclasses import replace

import pytest
from PIL import Image

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


def outlined(study: Study, tmp_path, name: str) -> Study:
    """The same pictures with an outline in each, as those of a set that has them."""
    folder = tmp_path / "outlined"
    folder.mkdir()
    for task in SETS:
        (folder / task).symlink_to(study.images / task)
    (folder / name).mkdir()
    (folder / name / "masks").mkdir()
    for entry in (study.images / "colours").iterdir():
        (folder / name / entry.name).symlink_to(entry)
    for sample in study.pool("colours").samples:
        mask = Image.new("L", (64, 64))
        mask.paste(255, (16, 16, 40, 44))
        mask.save(folder / name / "masks" / f"{sample.id}.png")
    return replace(study, images=folder)


@pytest.mark.slow  # networks are trained for a step or two
@pytest.mark.parametrize(
    ("name", "rooms"),
    [
        ("backbone", {"SETS": SETS, "DISPUTED": "colours"}),
        ("robustness", {}),
        ("growth", {"QUICK_SIZES": (("memory", 60),), "CHUNK": 60}),
        ("replications/frozen", {"SETS": SETS, "OFFICIAL": ()}),
        ("replications/labels", {"SETS": SETS}),
        ("replications/fusion", {"SETS": SETS}),
        ("replications/start", {"FINDINGS": {"colours": ()}, "FEWEST": 1}),
        ("replications/encoders", {"CLASSIFIED": SETS, "SEGMENTED": ("ph2",), "METADATA": (), "DOMAINS": SETS}),
        ("see", {"SETS": ("ph2",), "CANDIDATES": [(64, 0)]}),
        ("similar", {"MASKED": ("ph2",), "GROWN": (40,)}),
    ],
)
def test_it_runs_from_pictures_to_what_a_reader_sees(name, rooms, study, tmp_path, monkeypatch):
    module = importlib.import_module(module_of(name))
    for what, value in rooms.items():
        monkeypatch.setattr(module, what, value)
    workbench = study.workbench
    if "ph2" in str(rooms):
        study = outlined(study, tmp_path, "ph2")
    study = replace(study, name=name.rpartition("/")[2], module=module.__name__, untrained=True)
    study.__dict__["workbench"] = workbench
    path = study.write(module.measure(study))
    found = evidence.read(path.parent)[study.name]
    assert found.tables
    assert all(t.rows for t in found.tables)
    assert all(readme.table(t).count("\n") > 1 for t in found.tables)
    assert evidence_markup.everything({study.name: found}, {}, "f" * 64)

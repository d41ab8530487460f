"""Loading: another backbone finds the tasks that can be fitted for it, own ones among them, and says what it cannot."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.numpy import save_file

from dinoscope import doctor, tasks
from dinoscope.fitting import fit
from dinoscope.reading.encoder import Encoder
from dinoscope.settings import Settings
from dinoscope.workbench import Workbench


@pytest.fixture
def swapped(tiny_settings, other_backbone, public_pictures, tmp_path) -> Settings:
    """Another backbone; `colours` is an operator's own task without anything drawn, `stripes` has drawn cases."""
    assets = Path(shutil.copytree(tiny_settings.assets, tmp_path / "assets"))
    shutil.copytree(public_pictures / "colours", tmp_path / "mine")
    own = assets / "tasks" / "colours"
    (own / "phantoms.jsonl").unlink()
    facts = json.loads((own / "task.json").read_text())
    facts |= {"pictures": {"folder": str(tmp_path / "mine"), "splits": ""}, "cases": {"own": 36}}
    (own / "task.json").write_text(json.dumps(facts))
    tasks.write_manifest(assets)
    return replace(tiny_settings, assets=assets, backbone=str(other_backbone))


def load(settings: Settings):
    said: list[str] = []
    return Workbench.load(settings, fit, said.append), said


def test_an_own_task_is_fitted_from_the_pictures_that_it_remembers(swapped):
    bench, _ = load(swapped)
    assert list(bench.tasks) == ["colours", "stripes"]
    assert bench.notices == ()
    assert {c.origin for c in bench.tasks["colours"].cases} == {"own"}
    assert len(bench.tasks["colours"].cases) == 36


def test_where_its_pictures_are_gone_the_sentence_says_where_they_are_looked_for(swapped, tmp_path, capsys):
    shutil.rmtree(tmp_path / "mine")
    encoder = Encoder.load(swapped.backbone, swapped.assets / "backbone", "cpu")
    doctor._print_tasks(swapped, encoder)
    told = capsys.readouterr().out
    bench, said = load(swapped)
    assert list(bench.tasks) == ["stripes"]
    assert bench.notices == ("colours has no head for the backbone other and is left out.",)
    for sentence in (told, "\n".join(said)):
        assert "its pictures are not at hand; set DINOSCOPE_IMAGES to a folder that has them in colours" in sentence
    assert "task colours: left out" in told
    assert "task stripes: its head is fitted at the next start" in told


def test_a_head_of_another_version_in_the_cache_is_fitted_anew(swapped):
    bench, _ = load(swapped)
    kept = tasks.cache(swapped.cache, bench.encoder.fingerprint) / "stripes" / "head.safetensors"
    facts = {"format": 99, "shape": "round", "fingerprint": bench.encoder.fingerprint}
    save_file({"weight": bench.tasks["stripes"].head.weight}, kept, {"head": json.dumps(facts)})
    bench, said = load(swapped)
    assert "fitting stripes for the backbone other" in said
    assert list(bench.tasks) == ["colours", "stripes"]
    (kept.parent / "vectors.safetensors").write_bytes(b"half")
    assert "fitting stripes for the backbone other" in load(swapped)[1]

"""Starting on another backbone or damaged files: what can be fitted is, what cannot is said."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dinoscope import tasks
from dinoscope.errors import OperatorError
from dinoscope.fitting import fit
from dinoscope.settings import Settings
from dinoscope.tasks import AssetError
from dinoscope.workbench import Workbench
from fixtures.asking import answer


@pytest.fixture
def elsewhere(tiny_settings: Settings, other_backbone: Path) -> Settings:
    """The tiny assets, to be used with another backbone."""
    return replace(tiny_settings, backbone=str(other_backbone))


def test_tasks_without_a_head_for_the_backbone_are_left_out_with_a_notice(elsewhere):
    bench = Workbench.load(elsewhere, say=lambda _: None)
    assert bench.tasks == {}
    assert bench.notices == tuple(
        f"{task} has no head for the backbone other and is left out." for task in ("colours", "stripes")
    )


def test_heads_are_fitted_once_for_another_backbone_and_found_at_the_next_start(elsewhere, other_backbone, red):
    fitted, sentences = [], []

    def refit(encoder, projection, bundled, data, out, say):
        fitted.append(bundled.name)
        fit.refit(encoder, projection, bundled, data, out, say)

    fitter = SimpleNamespace(fit_projection=fit.fit_projection, refit=refit)
    bench = Workbench.load(elsewhere, fitter, sentences.append)
    assert fitted == ["colours", "stripes"]
    assert sentences[:2] == [
        "fitting the projection for the backbone other",
        "fitting colours for the backbone other",
    ]
    assert bench.notices == ()
    assert {c.origin for t in bench.tasks.values() for c in t.cases} == {"phantom"}
    assert all(t.head.fingerprint == bench.encoder.fingerprint for t in bench.tasks.values())
    assert [p.name for p in elsewhere.cache.iterdir()] == [tasks.cache(elsewhere.cache, bench.encoder.fingerprint).name]
    assert sorted(p.name for p in next(elsewhere.cache.iterdir()).iterdir()) == [
        "colours",
        "projection.safetensors",
        "stripes",
    ]
    # The phantoms' pictures are still those of the assets.
    assert all((t.folder / c.image).is_file() for t in bench.tasks.values() for c in t.cases)

    again = Workbench.load(elsewhere, fitter, sentences.append)
    assert np.array_equal(again.projection.mean, bench.projection.mean)
    assert fitted == ["colours", "stripes"]
    assert answer(again.classify(red)) == answer(bench.classify(red))
    assert answer(again.similar(red)) == answer(bench.similar(red))
    assert again.classify(red).label == "red"


def test_real_pictures_join_the_fit_where_there_are_any(elsewhere, public_pictures):
    bench = Workbench.load(replace(elsewhere, images=public_pictures), fit, lambda _: None)
    origins = [c.origin for c in bench.tasks["colours"].cases]
    assert (origins.count("public"), origins.count("phantom")) == (36, 12)


def test_a_fit_cut_short_is_made_again_at_the_next_start(elsewhere, red):
    def killed(encoder, projection, bundled, data, out, say):
        fit.refit(encoder, projection, bundled, data, out, say)
        (out / "vectors.safetensors").unlink()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Workbench.load(elsewhere, SimpleNamespace(fit_projection=fit.fit_projection, refit=killed), lambda _: None)
    bench = Workbench.load(elsewhere, fit, lambda _: None)
    assert list(bench.tasks) == ["colours", "stripes"]
    assert bench.classify(red).label == "red"


@pytest.mark.parametrize("damage", [b"", b"not this", "cut", "unnamed"])
def test_a_damaged_projection_in_the_cache_is_fitted_anew_with_what_was_fitted_for_it(elsewhere, red, damage):
    bench = Workbench.load(elsewhere, fit, lambda _: None)
    (kept,) = elsewhere.cache.glob("*/projection.safetensors")
    whole = kept.read_bytes()
    content = {"cut": whole[:-8], "unnamed": whole.replace(b"fingerprint", b"fingerprunt", 1)}.get(damage, damage)
    kept.write_bytes(content)
    with pytest.raises(OperatorError, match=r"projection\.safetensors is damaged .*; restore it, or remove it"):
        Workbench.load(elsewhere, say=lambda _: None)
    said = []
    again = Workbench.load(elsewhere, fit, said.append)
    assert "projection.safetensors is damaged" in said[0]
    assert "fitting colours for the backbone other" in said
    assert kept.read_bytes() == whole
    assert answer(again.similar(red)) == answer(bench.similar(red))


def test_a_projection_that_cannot_be_written_leaves_no_draft_and_others_may_read_it(elsewhere, monkeypatch):
    Workbench.load(elsewhere, fit, lambda _: None)
    (kept,) = elsewhere.cache.glob("*/projection.safetensors")
    assert kept.stat().st_mode & 0o444 == 0o444
    shutil.rmtree(kept.parent)
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        Workbench.load(elsewhere, fit, lambda _: None)
    assert list(kept.parent.iterdir()) == []


def test_a_task_that_cannot_be_fitted_is_left_out_and_the_others_stay(elsewhere):
    def refit(encoder, projection, bundled, data, out, say):
        if bundled.name == "colours":
            raise ValueError("only the class ['red'] has pictures to fit on; a task needs at least two")
        fit.refit(encoder, projection, bundled, data, out, say)

    sentences = []
    fitter = SimpleNamespace(fit_projection=fit.fit_projection, refit=refit)
    bench = Workbench.load(elsewhere, fitter, sentences.append)
    assert list(bench.tasks) == ["stripes"]
    assert any(s.startswith("colours could not be fitted: only the class ['red']") for s in sentences)
    assert bench.notices == ("colours has no head for the backbone other and is left out.",)


def test_a_backbone_that_cannot_be_loaded_gives_way_to_the_bundled_one_with_a_notice(tiny_settings, red):
    told = []
    bench = Workbench.load(replace(tiny_settings, backbone="facebook/dino-v9"), say=told.append)
    assert bench.encoder.name == "bundled"
    assert bench.notices[0].startswith("Running on the bundled backbone: no backbone is called 'facebook/dino-v9'")
    assert told == list(bench.notices)
    assert bench.classify(red).label == "red"


def test_changed_assets_stop_the_start(tiny_settings, tmp_path):
    assets = Path(shutil.copytree(tiny_settings.assets, tmp_path / "assets"))
    (assets / "tasks/colours/task.json").write_text("{}")
    with pytest.raises(AssetError, match=r"tasks/colours/task\.json differs from manifest\.json"):
        Workbench.load(replace(tiny_settings, assets=assets), say=lambda _: None)


def test_a_stray_file_among_the_tasks_does_not_stop_the_start(tiny_settings, tmp_path):
    assets = Path(shutil.copytree(tiny_settings.assets, tmp_path / "assets"))
    (assets / "tasks/.DS_Store").write_bytes(b"left by a file browser")
    tasks.verify(assets)
    assert list(Workbench.load(replace(tiny_settings, assets=assets), say=lambda _: None).tasks) == [
        "colours",
        "stripes",
    ]

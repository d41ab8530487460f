"""The files of a backbone: named by their fingerprint, and refused by name where they will not do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import Dinov2Config, Dinov2Model

from dinoscope.reading.backbone import FILES, fingerprint
from dinoscope.reading.encoder import Encoder, EncoderError
from dinoscope.reading.hub import REVISIONS
from fixtures.published import FACEBOOK, RAD_DINO
from fixtures.tiny import write_backbone


@pytest.fixture
def folder(tiny_backbone: Path, tmp_path: Path) -> Path:
    """A copy of the tiny backbone that a test may damage."""
    return Path(shutil.copytree(tiny_backbone, tmp_path / "backbone"))


def refusal(folder: Path) -> str:
    """The sentence with which a folder is refused."""
    with pytest.raises(EncoderError) as caught:
        Encoder.load(str(folder), folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("processing", "size"),
    [
        (FACEBOOK, 224),
        (RAD_DINO, 518),
        (FACEBOOK | {"do_center_crop": False, "size": {"height": 112, "width": 112}}, 112),
        (FACEBOOK | {"do_center_crop": False}, 252),
        (FACEBOOK | {"crop_size": 98}, 98),
        (FACEBOOK | {"crop_size": {"height": 5, "width": 5}}, 14),
    ],
)
def test_the_size_is_what_the_preprocessing_says_in_whole_patches(folder, processing, size):
    (folder / "preprocessor_config.json").write_text(json.dumps(processing))
    assert Encoder(folder, "sized").size == size


def test_a_backbone_like_rad_dino_reads_at_518_with_its_own_mean(folder):
    (folder / "preprocessor_config.json").write_text(json.dumps(RAD_DINO))
    encoder = Encoder(folder, "radiology")
    pixels = encoder.pixels([Image.new("L", (40, 30), 255)])
    assert pixels.shape == (1, 3, 518, 518)
    assert pixels.mean().item() == pytest.approx((1 - 0.5307) / 0.2583, rel=1e-5)
    assert encoder.tokens(pixels).grid == (37, 37)


def test_two_loads_have_the_same_fingerprint_and_see_the_same(tiny_backbone, encoder, pictures):
    again = Encoder.load(str(tiny_backbone), tiny_backbone)
    assert again.fingerprint == encoder.fingerprint
    assert len(again.fingerprint) == 64
    assert np.array_equal(again(pictures).pooled, encoder(pictures).pooled)


@pytest.mark.parametrize("name", FILES)
def test_the_fingerprint_changes_with_each_of_the_three_files(folder, encoder, name):
    data = bytearray((folder / name).read_bytes())
    data[-2] ^= 1
    (folder / name).write_bytes(data)
    assert fingerprint(folder) != encoder.fingerprint


def test_the_fingerprint_does_not_depend_on_where_the_folder_is_or_what_else_it_holds(folder, encoder):
    (folder / "MODEL_CARD.md").write_text("Anything.")
    assert Encoder.load(str(folder), folder).fingerprint == encoder.fingerprint


def test_other_weights_have_another_fingerprint(other_backbone, encoder):
    assert fingerprint(other_backbone) != encoder.fingerprint


def test_an_unknown_name_is_refused_with_the_names_there_are(tiny_backbone):
    with pytest.raises(EncoderError, match="no backbone is called 'facebook/dino-v9'") as caught:
        Encoder.load("facebook/dino-v9", tiny_backbone)
    assert "choose bundled, a local folder, or one of" in str(caught.value)
    assert all(name in str(caught.value) for name in REVISIONS)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert refusal(folder) == f"the backbone 'backbone' lacks {name}; a folder needs {', '.join(FILES)}"


def test_an_empty_folder_lacks_all_three(tmp_path):
    assert f"lacks {', '.join(FILES)};" in refusal(tmp_path)


def test_a_network_of_another_kind_is_refused_with_its_kind(folder):
    (folder / "config.json").write_text(json.dumps({"model_type": "vit", "hidden_size": 64}))
    assert refusal(folder) == "the backbone 'backbone' is a 'vit' network; give one shaped like DINOv2"


@pytest.mark.parametrize("kept", [0, 100, 20_000])
def test_weights_cut_short_are_refused_with_the_folder(folder, kept):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:kept])
    assert refusal(folder).startswith(f"the backbone 'backbone' in {folder} cannot be read: ")


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json"])
@pytest.mark.parametrize("text", ['{"model_type": "dinov2", ', "[]", ""])
def test_a_damaged_description_is_refused_with_the_folder(folder, name, text):
    (folder / name).write_text(text)
    assert refusal(folder).startswith(f"the backbone 'backbone' in {folder} cannot be read: ")


def test_weights_of_another_width_are_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 128, "num_attention_heads": 2}))
    assert refusal(folder).startswith(f"the backbone 'backbone' in {folder} cannot be read: ")


def test_weights_that_lack_a_block_are_refused_rather_than_filled_in_at_random(folder):
    config = json.loads((folder / "config.json").read_text())
    config |= {"num_hidden_layers": 3, "out_features": ["stage3"], "out_indices": [3]}
    config["stage_names"] = ["stem", "stage1", "stage2", "stage3"]
    (folder / "config.json").write_text(json.dumps(config))
    assert "encoder.layer.2." in refusal(folder)


def test_weights_without_a_mask_token_are_read_since_nothing_is_masked_here(tmp_path, pictures):
    folder = write_backbone(tmp_path / "unmasked", 0)
    config = Dinov2Config(hidden_size=64, num_hidden_layers=2, num_attention_heads=1, image_size=56, patch_size=14)
    config.use_mask_token = False
    torch.manual_seed(0)
    Dinov2Model(config).save_pretrained(folder)
    written = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(written | {"use_mask_token": True}))
    assert np.isfinite(Encoder(folder, "unmasked")(pictures).pooled).all()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused_in_words(tiny_backbone):
    with pytest.raises(
        EncoderError, match="there is no GPU that can be used here; set DINOSCOPE_DEVICE to auto or cpu"
    ):
        Encoder.load("bundled", tiny_backbone, "cuda")
    assert Encoder.load("bundled", tiny_backbone, "auto").device.type == "cpu"

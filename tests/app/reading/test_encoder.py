"""The frozen encoder: the same tokens however a picture comes, and a sentence where a backbone cannot be read."""

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
from fixtures.published import FACEBOOK, RAD_DINO, registers
from fixtures.tiny import drawn, write_backbone


@pytest.fixture
def pictures() -> list[Image.Image]:
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, (70, 90, 3)).astype(np.uint8)) for _ in range(5)]


@pytest.fixture
def folder(tiny_backbone: Path, tmp_path: Path) -> Path:
    """A copy of the tiny backbone that a test may damage."""
    return Path(shutil.copytree(tiny_backbone, tmp_path / "backbone"))


def refusal(folder: Path) -> str:
    """The sentence with which a folder is refused."""
    with pytest.raises(EncoderError) as caught:
        Encoder.load(str(folder), folder)
    return str(caught.value)


def test_a_picture_becomes_one_cls_token_and_one_token_a_patch(encoder, pictures):
    features = encoder(pictures)
    assert (encoder.dim, encoder.size, encoder.patch) == (64, 56, 14)
    assert features.cls.shape == (5, 64)
    assert features.patches.shape == (5, 16, 64)
    assert features.grid == (4, 4)
    assert features.cls.dtype == features.patches.dtype == np.float32
    assert np.array_equal(features.pooled[:, :64], features.cls)
    assert np.allclose(features.pooled[:, 64:128], features.patches.mean(axis=1))
    assert np.allclose(features.pooled[:, 128:192] ** 2, features.patches.var(axis=1) + 1e-6)


def test_what_heads_read_joins_the_last_two_blocks(encoder, pictures):
    left = []
    hook = encoder.model.encoder.layer[-2].register_forward_hook(lambda *call: left.append(call[2]))
    try:
        features = encoder(pictures)
    finally:
        hook.remove()
    tokens = left[0][0] if isinstance(left[0], tuple) else left[0]
    patches = tokens[:, 1:]
    assert (encoder.blocks, encoder.width) == (2, 384)
    assert features.pooled.shape == (5, 384)
    assert features.pooled[:, 192:256] == pytest.approx(tokens[:, 0].numpy(), abs=1e-5)
    assert features.pooled[:, 256:320] == pytest.approx(patches.mean(1).numpy(), abs=1e-5)
    assert features.pooled[:, 320:] == pytest.approx(patches.std(1, correction=0).numpy(), abs=1e-3)


def test_a_network_of_one_block_is_read_by_that_one(tmp_path, pictures):
    folder = write_backbone(tmp_path, 0)
    config = Dinov2Config(hidden_size=64, num_hidden_layers=1, num_attention_heads=1, image_size=56, patch_size=14)
    Dinov2Model(config).save_pretrained(folder)
    encoder = Encoder(folder, "shallow")
    assert encoder.width == encoder(pictures).pooled.shape[1] == 192


def test_pixels_are_normalised_with_the_backbones_own_mean_and_deviation(encoder):
    grey = Image.new("RGB", (30, 20), (51, 102, 204))
    channels = encoder.pixels([grey])[0].mean(dim=(1, 2))
    assert channels.tolist() == pytest.approx([(0.2 - 0.485) / 0.229, (0.4 - 0.456) / 0.224, (0.8 - 0.406) / 0.225])


def test_the_whole_picture_is_read_not_its_middle(encoder):
    wide = np.zeros((40, 160, 3), np.uint8)
    wide[:, :20] = 255
    pixels = encoder.pixels([Image.fromarray(wide)])[0, 0]
    assert pixels[:, :6].min() > 2
    assert pixels[:, 9:].max() < -2


def test_a_grey_picture_is_read_like_its_rgb_copy(encoder):
    grey = drawn("stripes", "down", 0).convert("L")
    assert torch.equal(encoder.pixels([grey]), encoder.pixels([grey.convert("RGB")]))


def test_batches_do_not_change_what_is_seen(encoder, pictures):
    together = encoder(pictures).pooled
    for batch in (1, 2, 3):
        assert np.allclose(encoder(pictures, batch=batch).pooled, together, atol=1e-5)
    assert np.allclose(encoder(pictures[::-1]).pooled[::-1], together, atol=1e-5)


def test_larger_pixels_give_a_finer_grid(encoder, pictures):
    small = encoder.pixels(pictures[:1])
    large = torch.nn.functional.interpolate(small, size=(112, 112), mode="bilinear")
    tokens = encoder.tokens(large)
    assert tokens.grid == (8, 8)
    assert tokens.patches.shape == tokens.before.shape == (1, 64, 64)
    assert torch.isfinite(tokens.pooled).all()


@pytest.mark.parametrize("cell", [(0, 7), (3, 0), (2, 5)])
def test_patch_tokens_lie_in_reading_order_on_an_oblong_grid(encoder, cell):
    row, column = cell
    blank = torch.zeros(1, 3, 56, 112)
    marked = blank.clone()
    marked[:, :, row * 14 : row * 14 + 14, column * 14 : column * 14 + 14] = 3
    tokens = encoder.tokens(marked)
    change = (tokens.before - encoder.tokens(blank).before)[0].norm(dim=1)
    assert tokens.grid == (4, 8)
    assert int(change.argmax()) == row * 8 + column


@pytest.mark.parametrize("shape", [(56, 57), (50, 56)])
def test_pixels_that_do_not_divide_into_patches_are_refused(encoder, shape):
    with pytest.raises(ValueError, match=f"pixels of {shape[0]} x {shape[1]} do not divide into patches of 14"):
        encoder.tokens(torch.zeros(1, 3, *shape))


def test_the_tokens_vitcx_reads_are_those_after_the_last_blocks_first_norm(encoder, pictures):
    seen = []
    hook = encoder.model.encoder.layer[-1].norm1.register_forward_hook(lambda *call: seen.append(call[2]))
    try:
        tokens = encoder.tokens(encoder.pixels(pictures))
    finally:
        hook.remove()
    # seen[0] is the network's own pass.
    assert torch.equal(tokens.before, seen[0][:, 1:])
    assert not torch.allclose(tokens.before, tokens.patches, atol=0.1)


def test_register_tokens_are_dropped(tmp_path, pictures):
    encoder = Encoder(registers(tmp_path / "registers"), "registers")
    seen = []
    encoder.model.layernorm.register_forward_hook(lambda *call: seen.append(call[2]))
    tokens = encoder.tokens(encoder.pixels(pictures))
    assert seen[0].shape == (5, 1 + 4 + 16, 64)
    assert torch.equal(tokens.cls, seen[0][:, 0])
    assert torch.equal(tokens.patches, seen[0][:, 5:])
    assert tokens.before.shape == (5, 16, 64)


def test_bfloat16_sees_nearly_the_same(tiny_backbone, encoder, pictures):
    half = Encoder.load(str(tiny_backbone), tiny_backbone, "cpu", torch.bfloat16)(pictures)
    full = encoder(pictures)
    assert half.cls.dtype == np.float32
    assert not np.array_equal(half.pooled, full.pooled)
    cosine = (
        (half.pooled * full.pooled).sum(1) / np.linalg.norm(half.pooled, axis=1) / np.linalg.norm(full.pooled, axis=1)
    )
    assert cosine.min() > 0.999
    assert np.abs(half.pooled - full.pooled).max() < 0.1


def test_a_hurried_pass_sees_nearly_the_same(tiny_backbone, pictures):
    encoder = Encoder.load(str(tiny_backbone), tiny_backbone)
    encoder.half_pays = True
    pixels = encoder.pixels(pictures)
    hurried, plain = encoder.tokens(pixels, hurried=True), encoder.tokens(pixels)
    assert hurried.pooled.dtype == hurried.before.dtype == torch.float32
    assert not torch.equal(hurried.pooled, plain.pooled)
    assert (hurried.pooled - plain.pooled).abs().max() < 0.1


@pytest.mark.parametrize("swiglu", [False, True])
def test_a_hurried_pass_keeps_the_scale_of_every_layer(tmp_path, pictures, swiglu):
    config = Dinov2Config.from_pretrained(write_backbone(tmp_path, 0), layerscale_value=0.2, use_swiglu_ffn=swiglu)
    Dinov2Model(config).save_pretrained(tmp_path)
    encoder = Encoder.load(str(tmp_path), tmp_path)
    encoder.half_pays = True
    pixels = encoder.pixels(pictures)
    hurried, plain = encoder.tokens(pixels, hurried=True), encoder.tokens(pixels)
    assert (hurried.pooled - plain.pooled).abs().max() < 0.05
    assert (hurried.before - plain.before).abs().max() < 0.05
    assert encoder.model.encoder.layer[0].attention.o_proj.weight.dtype == torch.float32


def test_a_hurried_pass_can_be_differentiated_after_one_that_was_not(tiny_backbone, pictures):
    encoder = Encoder.load(str(tiny_backbone), tiny_backbone)
    encoder.half_pays = True
    pixels = encoder.pixels(pictures[:1])
    encoder.tokens(pixels, hurried=True)
    leaf = pixels.clone().requires_grad_()
    score = encoder.trace(leaf, hurried=True).tokens.pooled.sum()
    assert torch.autograd.grad(score, leaf)[0].isfinite().all()


def test_nothing_in_the_encoder_can_be_trained(encoder, pictures):
    assert not any(p.requires_grad for p in encoder.model.parameters())
    assert not encoder.model.training
    assert not encoder.tokens(encoder.pixels(pictures)).cls.requires_grad


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
    with pytest.raises(EncoderError, match="there is no GPU that can be used here; set the device to auto or cpu"):
        Encoder.load("bundled", tiny_backbone, "cuda")
    assert Encoder.load("bundled", tiny_backbone, "auto").device.type == "cpu"


@pytest.mark.parametrize("registered", [False, True])
def test_a_trace_gives_the_same_tokens_as_a_plain_pass_and_can_be_differentiated(
    encoder, tmp_path, pictures, registered
):
    network = Encoder(registers(tmp_path / "registers"), "registers") if registered else encoder
    pixels = network.pixels(pictures[:1])
    plain, trace = network.tokens(pixels), network.trace(pixels)
    assert trace.tokens.pooled.detach().numpy() == pytest.approx(plain.pooled.numpy(), abs=1e-5)
    assert trace.tokens.before.detach().numpy() == pytest.approx(plain.before.numpy(), abs=1e-5)
    assert trace.prefix == (5 if registered else 1)
    assert trace.normed.shape[1] == trace.prefix + 16
    for attention in trace.attentions:
        assert attention.sum(-1).detach().numpy() == pytest.approx(1, abs=1e-5)
    gradients = torch.autograd.grad(trace.tokens.pooled.pow(2).sum(), (trace.normed, *trace.attentions))
    assert all(float(g.abs().max()) > 0 for g in gradients)


def test_one_picture_is_traced_at_a_time(encoder, pictures):
    with pytest.raises(ValueError, match="one picture is traced at a time, not 2"):
        encoder.trace(encoder.pixels(pictures[:2]))

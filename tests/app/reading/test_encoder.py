"""What the encoder sees: tokens, features, hurried passes and traces."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import Dinov2Config, Dinov2Model

from dinoscope.reading.encoder import Encoder
from fixtures.published import registers
from fixtures.tiny import drawn, write_backbone


@pytest.fixture
def folder(tiny_backbone: Path, tmp_path: Path) -> Path:
    """A copy of the tiny backbone that a test may damage."""
    return Path(shutil.copytree(tiny_backbone, tmp_path / "backbone"))


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

"""The network itself, against the one that transformers builds of the same files, bit by bit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import Dinov2Config, Dinov2Model, Dinov2WithRegistersConfig, Dinov2WithRegistersModel

from dinoscope.reading import dinov2
from dinoscope.reading.encoder import Encoder
from fixtures.published import FACEBOOK

SHAPE = {
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "image_size": 56,
    "patch_size": 14,
    "layerscale_value": 0.3,
}
NETWORKS = {
    "plain": lambda: Dinov2Model(Dinov2Config(**SHAPE)),
    "gated": lambda: Dinov2Model(Dinov2Config(**SHAPE, use_swiglu_ffn=True)),
    "without biases": lambda: Dinov2Model(Dinov2Config(**SHAPE, qkv_bias=False, layer_norm_eps=1e-3)),
    "registers": lambda: Dinov2WithRegistersModel(Dinov2WithRegistersConfig(**SHAPE, num_register_tokens=3)),
}


def written(model: torch.nn.Module, folder: Path) -> Path:
    """Random weights everywhere, also where a fresh network has zeros, saved as a backbone."""
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(std=0.1)
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(FACEBOOK | {"crop_size": {"height": 56, "width": 56}}))
    return folder


def ours(folder: Path) -> dinov2.Dinov2:
    return dinov2.load(folder, dinov2.described(folder), torch.float32).eval()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("shape", [(56, 56), (84, 84), (28, 70)], ids=str)
@torch.inference_mode()
def test_every_token_of_every_block_is_that_of_transformers(tmp_path, name, shape):
    theirs = NETWORKS[name]().eval()
    model = ours(written(theirs, tmp_path))
    pixels = torch.randn(2, 3, *shape, generator=torch.Generator().manual_seed(1))
    wanted = theirs(pixels, output_hidden_states=True)
    after, entering = model(pixels)
    assert torch.equal(after, wanted.last_hidden_state)
    assert len(entering) == 3
    for found, state in zip(entering, wanted.hidden_states, strict=False):
        assert torch.equal(found, state)


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_under_either_set_of_names_are_the_same_network(tmp_path, name):
    theirs = NETWORKS[name]().eval()
    folder = written(theirs, tmp_path)
    published, today = load_file(folder / "model.safetensors"), theirs.state_dict()
    assert any("attention.attention.query" in n for n in published)
    assert any("attention.q_proj" in n for n in today)
    first = ours(folder).state_dict()
    save_file({n: w.contiguous() for n, w in today.items()}, folder / "model.safetensors")
    second = ours(folder).state_dict()
    assert first.keys() == second.keys() == today.keys()
    assert all(torch.equal(first[n], second[n]) for n in first)
    kind = json.loads((folder / "config.json").read_text())["model_type"]
    save_file({f"{kind}.{n}": w for n, w in published.items()}, folder / "model.safetensors")  # with a head on top
    assert all(torch.equal(first[n], w) for n, w in ours(folder).state_dict().items())


def test_an_activation_that_is_not_known_is_refused_rather_than_replaced(tmp_path):
    folder = written(NETWORKS["plain"](), tmp_path)
    told = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(told | {"hidden_act": "relu"}))
    with pytest.raises(RuntimeError, match="its activation is 'relu'; only gelu is supported"):
        Encoder(folder, "other")


def test_what_a_config_leaves_out_is_as_usual(tmp_path):
    folder = written(NETWORKS["registers"](), tmp_path)
    told = json.loads((folder / "config.json").read_text())
    usual = {"hidden_act", "layer_norm_eps", "qkv_bias", "mlp_ratio", "num_channels", "use_swiglu_ffn"}
    shape = dinov2.Config.of({k: v for k, v in told.items() if k not in usual})
    assert shape == dinov2.Config.of(told)
    assert dinov2.Config.of({"model_type": "dinov2_with_registers"}).num_register_tokens == 4
    assert dinov2.Config.of({"model_type": "dinov2"}).num_register_tokens == 0

"""DINOv2: the vision transformer itself, with or without registers, for reading only.

The layers have the names and sums of transformers' `Dinov2Model` and `Dinov2WithRegistersModel`, against which tests
hold it bit by bit; importing those takes a second or two of every start. Training, in the laboratory, uses theirs.

Sources: Oquab et al., "DINOv2: learning robust visual features without supervision", TMLR 2024; Darcet et al., "Vision
transformers need registers", ICLR 2024.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

KINDS: dict[str, dict] = {"dinov2": {}, "dinov2_with_registers": {"num_register_tokens": 4}}
"""`model_type` of a config -> what it leaves out when it is as usual."""
MASK = "embeddings.mask_token"
"""Of pre-training: nothing is masked here, so that it may be missing."""
RENAMED = {
    "attention.attention.query.": "attention.q_proj.",
    "attention.attention.key.": "attention.k_proj.",
    "attention.attention.value.": "attention.v_proj.",
    "attention.output.dense.": "attention.o_proj.",
    "mlp.weights_out.": "mlp.down_proj.",
}
"""How layers are called in the files -> here."""


@dataclass(frozen=True)
class Config:
    """The shape of a network, under the names of its config.json."""

    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    mlp_ratio: float = 4
    hidden_act: str = "gelu"
    layer_norm_eps: float = 1e-6
    image_size: int = 224
    patch_size: int = 14
    num_channels: int = 3
    qkv_bias: bool = True
    use_swiglu_ffn: bool = False
    num_register_tokens: int = 0

    @classmethod
    def of(cls, told: Mapping) -> Config:
        """Of what a config.json says, which has a `model_type` among `KINDS`.

        Raises:
            ValueError: for a shape that is not supported.
        """
        told = KINDS[told["model_type"]] | dict(told)
        found = cls(**{f.name: told[f.name] for f in fields(cls) if f.name in told})
        if found.hidden_act != "gelu":
            raise ValueError(f"its activation is {found.hidden_act!r}; only gelu is supported")
        return found


class LackingError(ValueError):
    """Weights that a file lacks; the message names them."""


class Embeddings(nn.Module):
    """Pixels -> CLS, registers and patches, each patch with its position."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        dim, side, registers = config.hidden_size, config.patch_size, config.num_register_tokens
        self.cls_token = nn.Parameter(torch.empty(1, 1, dim))
        self.mask_token = nn.Parameter(torch.empty(1, dim))
        self.register_tokens = nn.Parameter(torch.empty(1, registers, dim)) if registers else None
        self.patch_embeddings = nn.ModuleDict({"projection": nn.Conv2d(config.num_channels, dim, side, side)})
        self.position_embeddings = nn.Parameter(torch.empty(1, 1 + (config.image_size // side) ** 2, dim))

    def forward(self, pixels: Tensor) -> Tensor:
        """[N, 3, h, w] -> [N, T, D]."""
        patches = self.patch_embeddings["projection"](pixels)
        placed = patches.flatten(2).transpose(1, 2)
        tokens = torch.cat([self.cls_token.expand(len(placed), -1, -1), placed], dim=1)
        tokens = tokens + self._positions(patches.shape[2], patches.shape[3])
        if self.register_tokens is None:
            return tokens
        registers = self.register_tokens.expand(len(tokens), -1, -1)
        return torch.cat([tokens[:, :1], registers, tokens[:, 1:]], dim=1)

    def _positions(self, height: int, width: int) -> Tensor:
        """[1, 1 + height * width, D]: as learnt, or between those that were learnt."""
        known = self.position_embeddings
        side = int((known.shape[1] - 1) ** 0.5)
        if height == width == side:
            return known
        grid = known[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
        # Networks with registers were published with the one, those without them with the other.
        fine = F.interpolate(grid.float(), (height, width), mode="bicubic", antialias=self.register_tokens is not None)
        return torch.cat([known[:, :1], fine.to(known.dtype).flatten(2).transpose(1, 2)], dim=1)


class Attention(nn.Module):
    """Self-attention, in its fast form; `walk.attend` writes it out."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        dim = config.hidden_size
        self.head_dim = dim // config.num_attention_heads
        self.scaling = self.head_dim**-0.5
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(dim, dim, bias=config.qkv_bias) for _ in range(3))
        self.o_proj = nn.Linear(dim, dim)

    def forward(self, normed: Tensor) -> Tensor:
        """[N, T, D] -> [N, T, D]."""
        projections = (self.q_proj, self.k_proj, self.v_proj)
        query, key, value = (p(normed).unflatten(-1, (-1, self.head_dim)).transpose(1, 2) for p in projections)
        mixed = F.scaled_dot_product_attention(query, key, value, scale=self.scaling)
        return self.o_proj(mixed.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    """Two layers with a GELU between them."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = int(config.hidden_size * config.mlp_ratio)
        self.fc1, self.fc2 = nn.Linear(config.hidden_size, width), nn.Linear(width, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        """[..., D] -> [..., D]."""
        return self.fc2(F.gelu(self.fc1(x)))


class SwiGlu(nn.Module):
    """The gated form of the largest network; two thirds of the width, in whole eights."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = (int(int(config.hidden_size * config.mlp_ratio) * 2 / 3) + 7) // 8 * 8
        self.gate_proj, self.up_proj = (nn.Linear(config.hidden_size, width) for _ in range(2))
        self.down_proj = nn.Linear(width, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        """[..., D] -> [..., D]."""
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class LayerScale(nn.Module):
    """Each channel times a learnt number."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.lambda1 = nn.Parameter(torch.empty(dim))

    def forward(self, x: Tensor) -> Tensor:
        """[..., D] -> [..., D]."""
        return x * self.lambda1


class Block(nn.Module):
    """Attention, then a small network for each token, both added to what comes in."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        dim, eps = config.hidden_size, config.layer_norm_eps
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps), nn.LayerNorm(dim, eps)
        self.attention = Attention(config)
        self.mlp = SwiGlu(config) if config.use_swiglu_ffn else Mlp(config)
        self.layer_scale1, self.layer_scale2 = LayerScale(dim), LayerScale(dim)

    def forward(self, state: Tensor) -> Tensor:
        """[N, T, D] -> [N, T, D]."""
        state = state + self.layer_scale1(self.attention(self.norm1(state)))
        return state + self.layer_scale2(self.mlp(self.norm2(state)))


class Blocks(nn.Module):
    """All blocks, one after the other."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Block(config) for _ in range(config.num_hidden_layers))


class Dinov2(nn.Module):
    """The whole network; its weights are those of a file."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = Blocks(config)
        self.layernorm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)

    @property
    def blocks(self) -> list[Block]:
        """In the order in which they are passed."""
        return cast(list[Block], list(self.encoder.layer))

    def forward(self, pixels: Tensor) -> tuple[Tensor, list[Tensor]]:
        """[N, 3, h, w] -> tokens after the final norm [N, T, D], and as they enter each block."""
        state, entering = self.embeddings(pixels), []
        for block in self.blocks:
            entering.append(state)
            state = block(state)
        return self.layernorm(state), entering


def load(folder: Path, told: Mapping, dtype: torch.dtype) -> Dinov2:
    """The network of a folder's model.safetensors, in a shape that its config.json tells.

    Raises:
        LackingError: names the weights that the file lacks.
        RuntimeError, ValueError: for weights of another shape.
    """
    with torch.device("meta"):
        model = Dinov2(Config.of(told))
    weights = renamed(load_file(folder / "model.safetensors"), told["model_type"])
    weights.setdefault(MASK, torch.zeros(1, model.config.hidden_size))
    if lacking := sorted(model.state_dict().keys() - weights.keys()):
        raise LackingError(", ".join(lacking[:3]))
    wanted = {name: weights[name].to(dtype) for name in model.state_dict()}
    model.load_state_dict(wanted, assign=True)
    return model


def renamed(weights: Mapping[str, Tensor], kind: str) -> dict[str, Tensor]:
    """The weights of a file under the names that the layers have here."""
    found: dict[str, Tensor] = {}
    for name, weight in weights.items():
        name = name.removeprefix(f"{kind}.")
        for theirs, ours in RENAMED.items():
            name = name.replace(theirs, ours)
        if ".mlp.weights_in." in name:
            gate, up = weight.chunk(2)
            found[name.replace("weights_in", "gate_proj")] = gate
            found[name.replace("weights_in", "up_proj")] = up
        else:
            found[name] = weight
    return found


def described(folder: Path) -> dict:
    """What a folder's config.json says.

    Raises:
        ValueError: when it is no JSON object.
    """
    told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if not isinstance(told, dict):
        raise ValueError("its config.json is not an object")
    return told

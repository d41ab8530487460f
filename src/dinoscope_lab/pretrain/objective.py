"""Objective: what every way of pre-training shares - a student, its slow average, tokens of partly hidden views."""

from __future__ import annotations

import copy
import itertools

import torch
from torch import Tensor, nn
from transformers import Dinov2Config, Dinov2Model

from .views import Recipe


def student(
    dim: int, depth: int, size: int, patch: int = 14, drop_path: float = 0.0, like: Dinov2Config | None = None
) -> Dinov2Model:
    """A randomly initialised DINOv2 of `depth` blocks of `dim` channels, 64 channels a head.

    Args:
        like: the shape of an earlier network, instead of all these.
    """
    config = like or Dinov2Config(
        hidden_size=dim,
        num_hidden_layers=depth,
        num_attention_heads=dim // 64,
        image_size=size,
        patch_size=patch,
    )
    config = copy.deepcopy(config)
    config.drop_path_rate = drop_path
    return Dinov2Model(config)


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers with batch normalisation and GELU between them."""
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(itertools.pairwise(widths)):
        last = i == len(widths) - 2
        layers += [nn.Linear(a, b, bias=last)] + ([] if last else [nn.BatchNorm1d(b), nn.GELU()])
    return nn.Sequential(*layers)


def tokens_of(model: Dinov2Model, pixels: Tensor, kept: Tensor | None = None, masked: Tensor | None = None) -> Tensor:
    """Tokens after the final norm.

    Args:
        pixels: [B, 3, h, w] normalised.
        kept: [B, K] positions of the patches the encoder sees; all of them when None.
        masked: [B, N] bool, patches replaced by the mask token before the encoder sees them.
    Returns:
        [B, 1 + K, D], the CLS token first.
    """
    x = model.embeddings(pixels, bool_masked_pos=masked)
    if kept is not None:
        where = (kept + 1).unsqueeze(-1).expand(-1, -1, x.shape[-1])
        x = torch.cat([x[:, :1], x.gather(1, where)], dim=1)
    return model.layernorm(model.encoder(x).last_hidden_state)


class Objective(nn.Module):
    """A student, its exponential moving average (the teacher, which is what gets exported), and a loss."""

    def __init__(self, model: Dinov2Model, size: int, recipe: Recipe) -> None:
        super().__init__()
        self.student = model
        self.teacher = copy.deepcopy(model).requires_grad_(False).eval()
        self.size = size
        self.patch = int(model.embeddings.patch_embeddings.projection.stride[0])
        self.recipe = recipe

    def loss(self, pictures: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of one batch of pictures [B, S, S, 3] uint8, and its parts by name, without their graph."""
        raise NotImplementedError

    def compile_blocks(self) -> None:
        """Let PyTorch compile the forward of each block of what is trained: a third faster on a GPU, the same sums."""
        for block in self.student.encoder.layer:
            block.forward = torch.compile(block.forward, dynamic=False)

    def inherited(self, earlier: Objective) -> dict[str, Tensor]:
        """The state to begin with after an earlier stage: its average, and its heads."""
        found = {k: v for k, v in earlier.state_dict().items() if not k.startswith("student.")}
        return found | {f"student.{k}": v for k, v in earlier.teacher.state_dict().items()}

    @torch.no_grad()
    def follow(self, momentum: float) -> None:
        """Move the teacher towards the student by `1 - momentum`."""
        pairs = [(self.teacher, self.student), *self.extra_pairs()]
        for slow, fast in pairs:
            torch._foreach_lerp_(list(slow.parameters()), list(fast.parameters()), 1 - momentum)

    def extra_pairs(self) -> list[tuple[nn.Module, nn.Module]]:
        """Further (teacher, student) modules that follow."""
        return []

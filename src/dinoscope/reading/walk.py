"""Walk: through the blocks of a DINOv2 one by one, with attention written out; what `Encoder` needs of it."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor

from .dinov2 import Attention, Dinov2

Attended = Callable[[Tensor], None]
"""Told the attention of each block [N, heads, T, T]."""


def gather(embedded: Tensor, kept: Tensor, prefix: int) -> Tensor:
    """Embedded tokens [1, T, D] and patches to keep [B, n] -> [B, prefix + n, D]; the prefix tokens always stay.

    Raises:
        ValueError: when nothing is kept.
    """
    if not kept.shape[1]:
        raise ValueError("a picture is read through at least one of its patches")
    return torch.cat([embedded[:, :prefix].expand(len(kept), -1, -1), embedded[0, prefix:][kept]], dim=1)


def through(model: Dinov2, state: Tensor, attended: Attended) -> tuple[Tensor, list[Tensor], Tensor]:
    """[N, T, D] -> tokens after the final norm, as they enter each block, and after the last one's first norm."""
    if torch.is_grad_enabled():
        state.requires_grad_()
    entered: list[Tensor] = []
    for block in model.blocks:
        entered.append(state)
        normed = block.norm1(state)
        mixed, weights = attend(block.attention, normed)
        attended(weights)
        state = state + block.layer_scale1(mixed)
        state = state + block.layer_scale2(block.mlp(block.norm2(state)))
    return model.layernorm(state), entered, normed


def attend(attention: Attention, normed: Tensor) -> tuple[Tensor, Tensor]:
    """Self-attention of [N, T, D] written out -> what it gives [N, T, D], and its weights [N, heads, T, T]."""
    shape = (*normed.shape[:2], -1, attention.head_dim)
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    query, key, value = (project(normed).view(shape).transpose(1, 2) for project in projections)
    weights = torch.softmax((query * attention.scaling) @ key.transpose(2, 3), dim=-1)
    return attention.o_proj((weights @ value).transpose(1, 2).flatten(2)), weights


def halved(model: Dinov2) -> Dinov2:
    """A copy of the model with its linear layers in bfloat16, as autocast would make them at every pass.

    The scale of each layer's outcome is multiplied into its weights, where it costs nothing.
    """
    with torch.inference_mode(False):  # a copy made in that mode could never be differentiated
        model = copy.deepcopy(model)
        for block in model.blocks:
            last = [m for m in block.mlp.modules() if isinstance(m, torch.nn.Linear)][-1]
            for layer, scale in ((block.attention.o_proj, block.layer_scale1), (last, block.layer_scale2)):
                layer.weight.mul_(scale.lambda1[:, None])
                layer.bias.mul_(scale.lambda1)
            block.layer_scale1 = block.layer_scale2 = torch.nn.Identity()  # type: ignore[assignment]
        for module in model.modules():
            if isinstance(module, torch.nn.Linear):
                module.to(torch.bfloat16)
    return model

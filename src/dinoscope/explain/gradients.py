"""Gradients: how a score's log-odds grow with what a picture became on its way through the network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..reading.encoder import Trace
from . import Target


def of(target: Target, trace: Trace, places: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The gradient of the target's log-odds at each of some tensors of the trace, of the same shapes, in one pass."""
    with torch.enable_grad():
        score = target.log_odds(trace.tokens.pooled)
    return torch.autograd.grad(score.sum(), places)


@torch.no_grad()
def times_tokens(tokens: Tensor, gradient: Tensor, prefix: int) -> Tensor:
    """Gradient x input, at tokens inside the network: what each patch adds to the score beside the mean patch.

    Args:
        tokens, gradient: [1, T, D]; prefix: how many of the T tokens come before the patches.
    Returns:
        [h * w] float32: (token - mean of the patches' tokens) . gradient.
    Source: Shrikumar, Greenside, Shcherbina, Kundaje, "Not just a black box", 2016, arXiv 1605.01713.
    """
    patches, slope = (x[0, prefix:].float() for x in (tokens, gradient))
    return ((patches - patches.mean(0)) * slope).sum(1)

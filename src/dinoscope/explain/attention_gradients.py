"""Attention gradients: attention followed through the blocks, each head weighted by what it does for the score.

Source: Chefer, Gur, Wolf, "Generic attention-model explainability", ICCV 2021, arXiv 2103.15679, equations 5 and 6.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..reading.encoder import Trace
from ..reading.one_thread import in_one_thread
from . import Progress, Saliency, Subject, gradients
from .readout import read


@in_one_thread
def explain(subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None) -> Saliency:
    """What `relevance` finds, enlarged. The seed has no effect."""
    trace = subject.trace()
    found = relevance(trace, gradients.of(subject.target, trace, trace.attentions))
    return Saliency(subject.enlarge(found[None])[0].cpu().numpy())


@torch.no_grad()
def relevance(trace: Trace, of_attention: Sequence[Tensor]) -> Tensor:
    """R <- R + mean over heads of (gradient of the log-odds x attention, where positive) R, block by block: [h * w]."""
    own = torch.eye(trace.normed.shape[1], device=trace.normed.device)
    found = own
    for attention, gradient in zip(trace.attentions, of_attention, strict=True):
        found = found + (attention * gradient)[0].float().clamp(min=0).mean(0) @ found
    return read(found - own, trace.prefix)

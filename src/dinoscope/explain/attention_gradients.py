"""Attention gradients: attention followed through the blocks, each head weighted by what it does for the score.

Source: Chefer, Gur, Wolf, "Generic attention-model explainability", ICCV 2021, arXiv 2103.15679, equations 5 and 6.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..reading.one_thread import in_one_thread
from . import Progress, Saliency, Subject
from .readout import read


def explain(subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None) -> Saliency:
    """What `relevance` finds, enlarged. The seed has no effect."""
    return Saliency(subject.enlarge(relevance(subject)[None])[0].cpu().numpy())


@in_one_thread
def relevance(subject: Subject) -> Tensor:
    """R <- R + mean over heads of (gradient of the log-odds x attention, where positive) R, block by block: [h * w]."""
    trace = subject.trace()
    with torch.enable_grad():
        score = subject.target.log_odds(trace.tokens.pooled)
    gradients = torch.autograd.grad(score.sum(), trace.attentions)
    with torch.no_grad():
        own = torch.eye(trace.normed.shape[1], device=trace.normed.device)
        found = own
        for attention, gradient in zip(trace.attentions, gradients, strict=True):
            found = found + (attention * gradient)[0].float().clamp(min=0).mean(0) @ found
        return read(found - own, trace.prefix)

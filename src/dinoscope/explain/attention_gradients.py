"""Attention gradients: attention followed through the blocks, each head weighted by what it does for the score.

Source: Chefer, Gur, Wolf, "Generic attention-model explainability", ICCV 2021, arXiv 2103.15679, equations 5 and 6.
"""

from __future__ import annotations

import torch

from . import Progress, Saliency, Subject
from .readout import patch_map


def explain(subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None) -> Saliency:
    """R <- R + mean over heads of (gradient x attention, where positive) R, block by block. The seed has no effect."""
    score, trace = subject.trace()
    gradients = torch.autograd.grad(score.sum(), trace.attentions)
    with torch.no_grad():
        own = torch.eye(trace.normed.shape[1], device=trace.normed.device)
        relevance = own
        for attention, gradient in zip(trace.attentions, gradients, strict=True):
            relevance = relevance + (attention * gradient)[0].float().clamp(min=0).mean(0) @ relevance
    return patch_map(subject, relevance - own, trace.prefix)

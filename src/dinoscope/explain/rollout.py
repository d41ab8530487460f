"""Attention rollout: how much of each patch reaches what the head reads, by following the attention alone.

Source: Abnar and Zuidema, "Quantifying attention flow in transformers", ACL 2020, arXiv 2005.00928.
"""

from __future__ import annotations

import torch

from . import Progress, Saliency, Subject
from .readout import read


def explain(subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None) -> Saliency:
    """Product over the blocks of (mean attention of the heads + identity) / 2. The same for every score and seed."""
    trace = subject.trace()
    with torch.no_grad():
        flow = torch.eye(trace.normed.shape[1], device=trace.normed.device)
        for attention in trace.attentions:
            mixed = attention[0].float().mean(0) + torch.eye(len(flow), device=flow.device)
            flow = mixed / mixed.sum(1, keepdim=True) @ flow
        return Saliency(subject.enlarge(read(flow, trace.prefix)[None])[0].cpu().numpy())

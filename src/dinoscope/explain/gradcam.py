"""Grad-CAM: the feature maps of the last block's first norm, weighted by how the score grows with each.

Source: Selvaraju et al., "Grad-CAM: visual explanations from deep networks", ICCV 2017, arXiv 1610.02391; for vision
transformers at this layer as in jacobgil/pytorch-grad-cam.
"""

from __future__ import annotations

import torch

from ..reading.one_thread import in_one_thread
from . import Progress, Saliency, Subject, gradients


@in_one_thread
def explain(subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None) -> Saliency:
    """Positive part of sum over channels of (mean gradient of the channel) x (its map). The seed has no effect."""
    trace = subject.trace()
    (gradient,) = gradients.of(subject.target, trace, [trace.normed])
    with torch.no_grad():
        maps = trace.normed[0, trace.prefix :].float()
        weights = gradient[0, trace.prefix :].float().mean(0)
        return Saliency(subject.enlarge((maps @ weights).clamp(min=0)[None])[0].cpu().numpy())

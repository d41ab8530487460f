"""Occlusion: hide one window after another, and see how far the score falls.

Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, arXiv 1311.2901.
"""

from __future__ import annotations

import torch

from . import Progress, Saliency, Subject

WINDOW = 3
"""Side of the window in patches; it moves by one patch, or by two where it is quick."""


@torch.inference_mode()
def explain(
    subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None, batch: int = 8
) -> Saliency:
    """Mean fall of the score over the windows that hide a patch, filled with the data's mean colour. No seed."""
    step, reach = 2 if quick else 1, WINDOW // 2
    centres = [(y, x) for y in range(0, subject.grid[0], step) for x in range(0, subject.grid[1], step)]
    windows = torch.zeros(len(centres), 1, *subject.grid)
    for window, (y, x) in zip(windows, centres, strict=True):
        window[0, max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = 1
    base, falls = subject.score(subject.pixels), []
    for start in range(0, len(windows), batch):
        hidden = windows[start : start + batch].to(subject.pixels)
        hidden = hidden.repeat_interleave(subject.patch, 2).repeat_interleave(subject.patch, 3)
        falls.append(base - subject.score(subject.pixels * (1 - hidden)))
        if progress is not None:
            progress(min(start + batch, len(windows)), len(windows))
    fall = torch.cat(falls).float().cpu()
    mean = torch.einsum("n,nhw->hw", fall, windows[:, 0]) / windows[:, 0].sum(0).clamp(min=1)
    return Saliency(subject.enlarge(mean[None])[0].numpy())

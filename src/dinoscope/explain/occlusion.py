"""Occlusion: leave one window after another out, and see how far the score falls.

Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, arXiv 1311.2901. There
the window is greyed out; here its patches are not read at all.
"""

from __future__ import annotations

import numpy as np
import torch

from . import Progress, Saliency, Subject

WINDOW = 3
"""Side of the window in patches; it moves by one patch, or by two where it is quick."""


def explain(subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None) -> Saliency:
    """Mean fall of the log-odds over the windows that leave a patch out. No seed."""
    step, reach = 2 if quick else 1, WINDOW // 2
    height, width = subject.grid
    centres = [(y, x) for y in range(0, height, step) for x in range(0, width, step)]
    windows = np.zeros((1 + len(centres), height, width), dtype=bool)  # the first leaves nothing out
    for window, (y, x) in zip(windows[1:], centres, strict=True):
        window[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = True
    hidden = windows.reshape(len(windows), -1)
    hidden = hidden[~hidden.all(axis=1)]
    scores = subject.through(~hidden, subject.target.log_odds, progress).numpy()
    found = (scores[0] - scores) @ hidden / np.maximum(hidden.sum(axis=0), 1)
    return Saliency(subject.enlarge(torch.from_numpy(found.astype(np.float32))[None])[0].numpy())

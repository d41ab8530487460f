"""Plan: how a backbone is trained, stage by stage - and the plan by which the bundled one was."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace

from .views import Recipe


@dataclass(frozen=True)
class Plan:
    """One stage of pre-training.

    Attributes:
        objective: `views` (masked views, the cheap start) or `dino` (DINOv2).
        dim, depth: width and number of blocks of the student, where no earlier weights say them.
        size: side of a global view in pixels, divisible by 14.
        source: side to which packed pictures are reduced before views are drawn; 0 to take them as they are packed.
        batch: pictures a step.
        together: pictures of one data set that are drawn together, so that contrast has hard negatives.
        rate: peak learning rate; it rises over `warmup` steps, then falls along a cosine to `end` of it. With 1 it
            stays, the average of the late weights doing what a decay would.
        momentum: how slowly the exported average follows.
        share: of the whole run's length, in proportion to the other stages'.
    """

    objective: str = "views"
    dim: int = 384
    depth: int = 6
    size: int = 112
    source: int = 0
    batch: int = 64
    together: int = 16
    rate: float = 5e-4
    warmup: int = 500
    end: float = 1.0
    decay: float = 0.05
    momentum: float = 0.998
    drop_path: float = 0.0
    keep: float = 0.7
    temperature: float = 0.2
    share: float = 1.0
    recipe: Recipe = field(default_factory=Recipe)

    def rate_at(self, step: int, done: float) -> float:
        """The learning rate of a step; `done` is the share of the stage that lies behind it, 0 to 1."""
        falling = self.end + (1 - self.end) * (1 + math.cos(math.pi * min(max(done, 0.0), 1.0))) / 2
        return self.rate * min(1.0, (step + 1) / max(self.warmup, 1)) * falling


_FIRST = Plan(
    source=160,
    batch=512,
    rate=1e-3,
    warmup=300,
    end=0.3,
    drop_path=0.05,
    share=201,
    recipe=Recipe(area=(0.3, 1.0), turn=20.0),
)
BUNDLED = (_FIRST, replace(_FIRST, size=154, source=0, batch=384, rate=7e-4, warmup=200, end=0.0, share=290))
"""First two stages of the bundled backbone's training, 491 s of one H200: 3,744 steps at 112 px, then 3,877 at 154 px
from the average of the first, with its heads. The shares are seconds."""
CONTINUED = (replace(_FIRST, size=168, source=0, batch=384, rate=7e-4, warmup=300, end=0.0, share=480),)
"""Its third: 480 s of one H100, 8,404 steps at 168 px, begun with `--start` from the first two, heads anew."""
PLANS = {"bundled": BUNDLED, "continued": CONTINUED}
"""Plans that can be asked for by name."""


def shared(plans: tuple[Plan, ...], total: float) -> list[float]:
    """A length for each stage, in the proportion of their shares."""
    whole = sum(p.share for p in plans)
    return [total * p.share / whole for p in plans]


def shared_steps(plans: tuple[Plan, ...], total: int) -> list[int]:
    """The same in whole steps, which add up to `total`."""
    ends, so_far = [0], 0.0
    for length in shared(plans, total):
        so_far += length
        ends.append(round(so_far))
    return [b - a for a, b in itertools.pairwise(ends)]

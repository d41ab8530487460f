"""Targets: the scores that may be explained, each from pooled features and differentiable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..errors import RequestError
from ..reading.heads import Head
from . import Target


def label(head: Head, name: str) -> Target:
    """Calibrated probability of one class or finding.

    Raises:
        ValueError: when the head has no such class.
    """
    _known(head, name)
    return Target(lambda pooled: head.score(pooled, name), lambda pooled: head.log_odds(pooled, name))


def contrast(head: Head, name: str, instead_of: str) -> Target:
    """Why this class rather than that one: the difference of their probabilities, -1 to 1.

    Its log-odds are the difference of the two logits: of exclusive classes log p(name) / p(instead_of).

    Raises:
        ValueError: when the head lacks one of them.
        RequestError: when they are the same.
    """
    _known(head, name)
    _known(head, instead_of)
    if name == instead_of:
        raise RequestError(f"{name!r} cannot be compared with itself; choose another class to compare with")

    def log_odds(pooled: Tensor) -> Tensor:
        logits = head.logits(pooled)
        return logits[:, head.classes.index(name)] - logits[:, head.classes.index(instead_of)]

    return Target(lambda pooled: head.score(pooled, name) - head.score(pooled, instead_of), log_odds)


def similarity(embed: Callable[[Tensor], Tensor], vector: np.ndarray) -> Target:
    """What makes the picture similar to a case: the cosine between their search vectors, -1 to 1.

    Args:
        embed: pooled features [B, P] -> unit search vectors [B, K], differentiable.
        vector: [K] unit vector of the case.
    """

    def cosine(pooled: Tensor) -> Tensor:
        return (embed(pooled) * torch.from_numpy(vector).to(pooled)).sum(dim=1)

    return Target(cosine, cosine)


def unfitted(head: Head, seed: int) -> Head:
    """The head with each row's weights shuffled: what a map may not resemble if it explains the head."""
    return replace(head, weight=np.random.default_rng(seed).permuted(head.weight, axis=1))


def stranger(vector: np.ndarray, seed: int) -> np.ndarray:
    """A unit vector [K] in a random direction, in place of a case's."""
    drawn = np.random.default_rng(seed).normal(size=vector.shape)
    return (drawn / np.linalg.norm(drawn)).astype(np.float32)


def _known(head: Head, name: str) -> None:
    if name not in head.classes:
        raise ValueError(f"this task has no class {name!r}; choose one of {', '.join(head.classes)}")

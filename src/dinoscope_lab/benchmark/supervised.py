"""Supervised: networks trained on labels alone - the backbone's own architecture, and a small residual network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import Dinov2Config, Dinov2Model, ResNetConfig, ResNetForImageClassification

from dinoscope.fitting.statistics import balanced_accuracy
from dinoscope.reading.efficientnet import EfficientNet
from dinoscope.reading.encoder import Encoder, pool

from ..comparison import area
from ..pretrain import export, views
from ..pretrain.objective import tokens_of

SIZE = 112
MILD = replace(views.Recipe(), area=(0.5, 1.0))
"""Views for training: the same augmentation as pre-training, with milder crops."""


class Classifier(nn.Module):
    """A DINOv2 of random weights with a linear layer on the pooled tokens of its last block."""

    def __init__(self, config: Dinov2Config, classes: int, start: Dinov2Model | None = None) -> None:
        super().__init__()
        self.body = Dinov2Model(config)
        # A processor goes back through the fast form 20 times as slowly as forward: two fifths of a step.
        self.body.set_attn_implementation("eager")
        if start is not None:
            self.body.load_state_dict(start.state_dict())
        self.head = nn.Sequential(nn.LayerNorm(3 * config.hidden_size), nn.Linear(3 * config.hidden_size, classes))

    def forward(self, pixels: Tensor) -> Tensor:
        """Normalised pixels [N, 3, h, w] -> logits [N, C]."""
        return self.head(pool([tokens_of(self.body, pixels)]))


class Convolutional(nn.Module):
    """A rival's network with a linear layer on what the heads read of it: the mean of its last map."""

    body: Any

    def __init__(self, start: EfficientNet, classes: int) -> None:
        super().__init__()
        self.body = start.trainable(SIZE).requires_grad_(True)
        self.head = nn.Sequential(nn.LayerNorm(start.dim), nn.Linear(start.dim, classes))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it

    def forward(self, pixels: Tensor) -> Tensor:
        """Normalised pixels [N, 3, SIZE, SIZE] -> logits [N, C]."""
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", enabled=False):  # in half precision its depthwise layers go back a third more slowly
            return self.head(self.body.extract_features(pixels).mean((2, 3)))


def begun_with(start: Encoder | EfficientNet) -> Callable[[int], nn.Module]:
    """Number of classes -> a network of the start's shape and weights, to be trained further."""
    if isinstance(start, EfficientNet):
        return partial(Convolutional, start)
    return partial(Classifier, export.shape(start), start=export.trainable(start))


class Residual(nn.Module):
    """ResNet-18 at half its width, 2.8 million weights: what a few hundred pictures train better than a transformer.

    Source: He et al., "Deep residual learning for image recognition", CVPR 2016.
    """

    def __init__(self, classes: int, width: int = 32) -> None:
        super().__init__()
        config = ResNetConfig(
            embedding_size=width,
            hidden_sizes=[width, 2 * width, 4 * width, 8 * width],
            depths=[2, 2, 2, 2],
            layer_type="basic",
        )
        config.num_labels = classes
        self.body = ResNetForImageClassification(config)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it

    def forward(self, pixels: Tensor) -> Tensor:
        """Normalised pixels [N, 3, h, w] -> logits [N, C]."""
        return self.body(pixels.contiguous(memory_format=torch.channels_last)).logits


Network = TypeVar("Network", bound=nn.Module)


def train(
    build: Callable[[int], Network],
    pictures: np.ndarray,
    truth: np.ndarray,
    held: tuple[np.ndarray, np.ndarray],
    steps: int = 480,
    batch: int = 32,
    rate: float = 3e-4,
    patience: int = 4,
    every: int = 40,
    seed: int = 0,
    say: Callable[[str], None] = print,
) -> Network:
    """Train with augmentation, balanced batches and a cosine decay; the weights that do best on `held` are returned.

    Args:
        build: number of classes -> network, from normalised pixels [N, 3, h, w] to logits [N, C].
        pictures: [N, S, S, 3] uint8; truth: [N] class numbers, or [N, C] bool of findings that may occur together;
            held: the same two for the validation fold.
        patience: stop after so many looks at `held` without a better one; a look comes `every` so many steps.
    """
    torch.manual_seed(seed)
    generator, rng = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    exclusive = truth.ndim == 1
    model = build(int(truth.max()) + 1 if exclusive else truth.shape[1])
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.05, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.1)
    chance = (1 / np.bincount(truth))[truth] if exclusive else np.ones(len(truth))
    best, kept, stale = -1.0, {k: v.clone() for k, v in model.state_dict().items()}, 0
    for step in range(1, steps + 1):
        model.train()
        chosen = rng.choice(len(truth), batch, p=chance / chance.sum())
        x = views.draw(torch.from_numpy(pictures[chosen]), SIZE, MILD, generator)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(views.normalise(x))
        wanted = torch.from_numpy(truth[chosen])
        if exclusive:
            loss = F.cross_entropy(logits.float(), wanted, label_smoothing=0.1)
        else:
            loss = F.binary_cross_entropy_with_logits(logits.float(), wanted.float())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % every == 0:
            reached = score(held[1], logits_of(model, held[0]))
            stale = 0 if reached > best else stale + 1
            if reached > best:
                best, kept = reached, {k: v.clone() for k, v in model.state_dict().items()}
            say(f"step {step} of {steps}: {100 * reached:.1f} on the validation fold")
            if stale >= patience:
                break
    model.load_state_dict(kept)
    return model.eval()


def train_at_best_rate(
    build: Callable[[int], Network],
    pictures: np.ndarray,
    truth: np.ndarray,
    held: tuple[np.ndarray, np.ndarray],
    rates: Sequence[float],
    steps: int,
    every: int,
    seed: int,
) -> tuple[float, Network]:
    """As `train`, at the learning rate that does best on `held`: the rate and the network."""
    found = []
    for rate in rates:
        model = train(build, pictures, truth, held, steps=steps, every=every, rate=rate, seed=seed)
        found.append((score(held[1], logits_of(model, held[0])), rate, model))
    return max(found, key=lambda f: f[0])[1:]


@torch.inference_mode()
def logits_of(model: nn.Module, pictures: np.ndarray, batch: int = 64) -> np.ndarray:
    """Logits [N, C] float32 of pictures [N, S, S, 3] uint8."""
    model.eval()
    found = []
    for start in range(0, len(pictures), batch):
        x = torch.from_numpy(pictures[start : start + batch]).permute(0, 3, 1, 2).float() / 255
        x = F.interpolate(x, size=(SIZE, SIZE), mode="bilinear", antialias=True)
        with torch.autocast("cpu", torch.bfloat16):
            found.append(model(views.normalise(x)).float().numpy())
    return np.concatenate(found)


def guess(model: nn.Module, pictures: np.ndarray) -> np.ndarray:
    """Class numbers [N] of pictures [N, S, S, 3] uint8."""
    return logits_of(model, pictures).argmax(1)


def score(truth: np.ndarray, logits: np.ndarray) -> float:
    """Balanced accuracy of classes; mean ROC-AUC of findings, over those that occur."""
    if truth.ndim == 1:
        return balanced_accuracy(truth, logits.argmax(1))
    columns = [k for k in range(truth.shape[1]) if 0 < truth[:, k].sum() < len(truth)]
    return float(np.mean([area(truth[:, k], logits[:, k]) for k in columns])) if columns else 0.0

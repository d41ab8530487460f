"""Views: random crops and colours of a batch of pictures, drawn on the device that trains."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Recipe:
    """How far a view may stray from its picture.

    Attributes:
        area: smallest and largest share of the picture a crop covers.
        aspect: largest stretch of a crop's sides.
        turn: largest rotation in degrees.
        brightness, contrast, saturation: largest relative change.
        hue: largest turn of the colour circle, as a share of it.
        grey: share of views without colour.
        blur: share of views that are blurred.
    """

    area: tuple[float, float] = (0.35, 1.0)
    aspect: float = 4 / 3
    turn: float = 15.0
    brightness: float = 0.3
    contrast: float = 0.3
    saturation: float = 0.2
    hue: float = 0.02
    grey: float = 0.05
    blur: float = 0.2


def draw(pictures: Tensor, size: int, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """One random view of each picture.

    Args:
        pictures: [B, S, S, 3] uint8.
        size: side of the view in pixels.
    Returns:
        [B, 3, size, size] float32 in 0 to 1.
    """
    x = pictures.permute(0, 3, 1, 2).float().div_(255)
    return _blur(_colour(_crop(x, size, recipe, generator), recipe, generator), recipe.blur, generator)


def normalise(views: Tensor) -> Tensor:
    """[B, 3, h, w] in 0 to 1 -> the encoder's normalised pixels."""
    mean = torch.tensor(MEAN, device=views.device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=views.device).view(1, 3, 1, 1)
    return (views - mean) / std


def _uniform(n: int, low: float, high: float, like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.empty(n, device=like.device).uniform_(low, high, generator=generator)


def _crop(x: Tensor, size: int, recipe: Recipe, generator: torch.Generator) -> Tensor:
    n = len(x)
    area = _uniform(n, *recipe.area, x, generator)
    stretch = _uniform(n, -math.log(recipe.aspect), math.log(recipe.aspect), x, generator).exp().sqrt()
    h, w = (area.sqrt() * stretch).clamp(max=1), (area.sqrt() / stretch).clamp(max=1)
    cy = _uniform(n, -1, 1, x, generator) * (1 - h)
    cx = _uniform(n, -1, 1, x, generator) * (1 - w)
    angle = _uniform(n, -recipe.turn, recipe.turn, x, generator).deg2rad()
    mirror = (_uniform(n, 0, 1, x, generator) < 0.5).float() * -2 + 1
    theta = torch.stack(
        [
            torch.stack([w * angle.cos() * mirror, -h * angle.sin(), cx], 1),
            torch.stack([w * angle.sin() * mirror, h * angle.cos(), cy], 1),
        ],
        1,
    )
    where = F.affine_grid(theta, [n, 3, size, size], align_corners=False)
    return F.grid_sample(x, where, mode="bilinear", padding_mode="border", align_corners=False)


def _colour(x: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    n = len(x)

    def factor(amount: float) -> Tensor:
        return _uniform(n, 1 - amount, 1 + amount, x, generator).view(n, 1, 1, 1)

    luma = torch.tensor([0.299, 0.587, 0.114], device=x.device)
    saturation = factor(recipe.saturation).flatten() * (_uniform(n, 0, 1, x, generator) >= recipe.grey)
    turn = _uniform(n, -recipe.hue, recipe.hue, x, generator) * 2 * math.pi
    # Hue and saturation in one 3 x 3 matrix: a rotation about the grey axis, then a pull towards the luma.
    axis = torch.full((3,), 3**-0.5, device=x.device)
    cross = torch.linalg.cross(axis.expand(3, 3), torch.eye(3, device=x.device)).T
    outer = torch.outer(axis, axis)
    rotation = (
        turn.cos().view(n, 1, 1) * (torch.eye(3, device=x.device) - outer) + outer + turn.sin().view(n, 1, 1) * cross
    )
    s = saturation.view(n, 1, 1)
    matrix = (s * torch.eye(3, device=x.device) + (1 - s) * luma.expand(3, 3)) @ rotation
    x = torch.einsum("nij,njhw->nihw", matrix, x)
    centre = x.mean((1, 2, 3), keepdim=True)
    return ((x - centre) * factor(recipe.contrast) + centre * factor(recipe.brightness)).clamp_(0, 1)


def _blur(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    chosen = _uniform(len(x), 0, 1, x, generator) < share
    if not chosen.any():
        return x
    taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], device=x.device) / 16
    soft = x[chosen]
    for shape, padding in (((3, 1, 5, 1), (2, 0)), ((3, 1, 1, 5), (0, 2))):
        kernel = taps.view(*((1, 1, 5, 1) if padding == (2, 0) else (1, 1, 1, 5))).expand(shape).contiguous()
        soft = F.conv2d(soft, kernel, padding=padding, groups=3)
    x[chosen] = soft
    return x

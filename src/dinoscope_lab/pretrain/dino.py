"""DINOv2 proper: self-distillation of the CLS token over crops and of masked patch tokens, kept spread out."""

from __future__ import annotations

import copy
import dataclasses

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import Dinov2Model

from . import views
from .objective import Objective, tokens_of


class Head(nn.Module):
    """DINO's projection: three layers to a normalised bottleneck, then unit-length prototypes."""

    def __init__(self, dim: int, prototypes: int, hidden: int = 1024, bottleneck: int = 256) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(dim, hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, bottleneck),
        )
        self.prototypes = nn.Parameter(torch.randn(prototypes, bottleneck) * 0.02)

    def forward(self, x: Tensor) -> Tensor:
        """[N, dim] -> [N, prototypes] cosines."""
        return F.linear(F.normalize(self.mlp(x), dim=-1, eps=1e-6), F.normalize(self.prototypes, dim=-1))


class Dino(Objective):
    """Multi-crop DINO on CLS, iBOT on masked patches, KoLeo, Sinkhorn-Knopp centring, an averaged teacher.

    Written out here because the kept library with these losses (lightly) needs torchvision.
    Source: Oquab et al., "DINOv2: learning robust visual features without supervision", TMLR 2024, section 4.
    """

    def __init__(
        self,
        model: Dinov2Model,
        size: int,
        recipe: views.Recipe,
        local_views: int = 6,
        prototypes: int = 4096,
        student_temperature: float = 0.1,
        teacher_temperature: float = 0.05,
        masked: tuple[float, float] = (0.1, 0.5),
        koleo: float = 0.1,
    ) -> None:
        super().__init__(model, size, recipe)
        self.local_size = max(self.patch * 3, size * 3 // 7 // self.patch * self.patch)
        self.local_views = local_views
        self.student_temperature = student_temperature
        self.teacher_temperature = teacher_temperature
        self.masked = masked
        self.koleo = koleo
        dim = model.config.hidden_size
        self.student_cls, self.student_patch = Head(dim, prototypes), Head(dim, prototypes)
        self.teacher_cls = copy.deepcopy(self.student_cls).requires_grad_(False)
        self.teacher_patch = copy.deepcopy(self.student_patch).requires_grad_(False)
        self.near = dataclasses.replace(recipe, area=(0.08, recipe.area[0]))

    def extra_pairs(self) -> list[tuple[nn.Module, nn.Module]]:
        return [(self.teacher_cls, self.student_cls), (self.teacher_patch, self.student_patch)]

    def loss(self, pictures: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        n = len(pictures)
        wide = views.normalise(torch.cat([views.draw(pictures, self.size, self.recipe, generator) for _ in range(2)]))
        narrow = views.normalise(
            torch.cat([views.draw(pictures, self.local_size, self.near, generator) for _ in range(self.local_views)])
        )
        hidden = self._mask(len(wide), (self.size // self.patch) ** 2, generator)
        device = pictures.device.type
        with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16):
            seen = tokens_of(self.teacher, wide)
            cls_targets = sinkhorn(self.teacher_cls(seen[:, 0]).float() / self.teacher_temperature)
            patch_targets = sinkhorn(self.teacher_patch(seen[:, 1:][hidden]).float() / self.teacher_temperature)
        with torch.autocast(device, dtype=torch.bfloat16):
            wide_tokens = tokens_of(self.student, wide, masked=hidden)
            narrow_tokens = tokens_of(self.student, narrow)
            cls = self.student_cls(torch.cat([wide_tokens[:, 0], narrow_tokens[:, 0]])).float()
            patches = self.student_patch(wide_tokens[:, 1:][hidden]).float()
        log_cls = F.log_softmax(cls / self.student_temperature, dim=-1).split(n)
        targets = cls_targets.split(n)
        crossings = [
            -(target * guess).sum(-1).mean()
            for i, target in enumerate(targets)
            for j, guess in enumerate(log_cls)
            if i != j
        ]
        dino = torch.stack(crossings).mean()
        per_patch = -(patch_targets * F.log_softmax(patches / self.student_temperature, dim=-1)).sum(-1)
        # Each view counts the same, however many of its patches were hidden.
        share = (1 / hidden.sum(1).clamp(min=1)).unsqueeze(1).expand_as(hidden)[hidden]
        ibot = (per_patch * share).sum() / (hidden.any(1).sum().clamp(min=1))
        spread = sum((koleo(part) for part in wide_tokens[:, 0].float().split(n)), torch.zeros(()).to(dino.device))
        parts = {"dino": dino.detach(), "ibot": ibot.detach(), "koleo": spread.detach()}
        return dino + ibot + self.koleo * spread, parts

    def _mask(self, n: int, patches: int, generator: torch.Generator) -> Tensor:
        """Half the views hide a random share of their patches: [n, patches] bool."""
        device = generator.device
        share = torch.empty(n, 1, device=device).uniform_(*self.masked, generator=generator)
        chosen = torch.rand(n, 1, device=device, generator=generator) < 0.5
        rank = torch.rand(n, patches, device=device, generator=generator).argsort(1).argsort(1)
        return (rank < share * patches) & chosen


@torch.no_grad()
def sinkhorn(scores: Tensor, rounds: int = 3) -> Tensor:
    """Soft assignment of rows to prototypes, each prototype used equally often.

    Args:
        scores: [N, K] similarities over the temperature.
    Returns:
        [N, K], every row sums to 1.
    Source: Caron et al., "Unsupervised learning of visual features by contrasting cluster assignments", 2020.
    """
    if not len(scores):
        return scores
    q = (scores - scores.max()).exp().T
    q /= q.sum().clamp(min=1e-12)
    for _ in range(rounds):
        q /= q.sum(1, keepdim=True).clamp(min=1e-12) * len(q)
        q /= q.sum(0, keepdim=True).clamp(min=1e-12) * q.shape[1]
    return (q * q.shape[1]).T


def koleo(cls: Tensor) -> Tensor:
    """Minus the mean log distance to the nearest other feature, so that features spread over the sphere.

    Source: Sablayrolles et al., "Spreading vectors for similarity search", ICLR 2019.
    """
    x = F.normalize(cls, dim=-1, eps=1e-8)
    with torch.no_grad():
        nearest = (x @ x.T).fill_diagonal_(-1).argmax(1)
    return -(F.pairwise_distance(x, x[nearest]) + 1e-8).log().mean()

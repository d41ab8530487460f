"""Masked views, the cheap start: two partly hidden views must agree, and tell what was hidden."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import Dinov2Model
from transformers.models.dinov2.modeling_dinov2 import Dinov2Layer

from . import views
from .objective import Objective, mlp, student, tokens_of
from .targets import DIMENSIONS, hog_and_colour


class MaskedViews(Objective):
    """Contrast of two views (InfoNCE) and reconstruction of their hidden patches (HOG and colour, smooth L1).

    The encoder sees only the kept patches, as in a masked autoencoder, so hiding makes it faster.
    Sources: Chen et al., "A simple framework for contrastive learning", ICML 2020; He et al., "Masked
    autoencoders are scalable vision learners", CVPR 2022; Wei et al., CVPR 2022.
    """

    def __init__(
        self,
        model: Dinov2Model,
        size: int,
        recipe: views.Recipe,
        keep: float = 0.7,
        temperature: float = 0.2,
        weight: float = 1.0,
    ) -> None:
        super().__init__(model, size, recipe)
        dim, patch = model.config.hidden_size, self.patch
        self.keep, self.temperature, self.weight = keep, temperature, weight
        self.projector = mlp(2 * dim, 1024, 128)
        narrow = student(192, 1, size, patch).config
        self.to_decoder = nn.Linear(dim, 192)
        self.hidden = nn.Parameter(torch.zeros(192))
        self.place = nn.Parameter(torch.randn((size // patch) ** 2, 192) * 0.02)
        self.decoder = nn.ModuleList(Dinov2Layer(narrow) for _ in range(2))
        self.guess = nn.Sequential(nn.LayerNorm(192), nn.Linear(192, DIMENSIONS))

    def loss(self, pictures: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        pair = torch.cat([views.draw(pictures, self.size, self.recipe, generator) for _ in range(2)])
        targets = hog_and_colour(pair, self.patch)
        n, patches = len(pair), targets.shape[1]
        order = torch.rand(n, patches, generator=generator, device=pair.device).argsort(1)
        count = int(patches * self.keep)
        kept, gone = order[:, :count].sort(1).values, order[:, count:]
        with torch.autocast(pair.device.type, dtype=torch.bfloat16):
            tokens = tokens_of(self.student, views.normalise(pair), kept)
            pooled = torch.cat([tokens[:, 0], tokens[:, 1:].mean(1)], dim=1)
            projected = self.projector(pooled)
            guessed = self._reconstruct(tokens[:, 1:], kept, gone)
        wanted = targets.gather(1, gone.unsqueeze(-1).expand(-1, -1, targets.shape[-1]))
        contrast = info_nce(projected.float(), self.temperature)
        reconstruction = F.smooth_l1_loss(guessed.float(), wanted)
        parts = {"contrast": contrast.detach(), "reconstruction": reconstruction.detach()}
        return contrast + self.weight * reconstruction, parts

    def inherited(self, earlier: Objective) -> dict[str, Tensor]:
        """The decoder's places are stretched onto the finer grid of larger views, as the student's own are."""
        found = super().inherited(earlier)
        coarse, fine = (round(len(place) ** 0.5) for place in (found["place"], self.place))
        grid = found["place"].T.reshape(1, -1, coarse, coarse)
        grid = F.interpolate(grid, size=(fine, fine), mode="bicubic", align_corners=False)
        return found | {"place": grid.flatten(2)[0].T}

    def _reconstruct(self, tokens: Tensor, kept: Tensor, gone: Tensor) -> Tensor:
        """Guess the targets of the hidden patches from the tokens of the kept ones."""
        # Not `self.place[kept]`: its gradient is summed by several threads in any order, so runs would not repeat.
        seen = self.to_decoder(tokens) + F.embedding(kept, self.place)
        x = torch.cat([seen, self.hidden + F.embedding(gone, self.place)], dim=1)
        for block in self.decoder:
            x = block(x)
        return self.guess(x[:, kept.shape[1] :])


def info_nce(projected: Tensor, temperature: float) -> Tensor:
    """Each view must find its twin among all others.

    Args:
        projected: [2B, D], the views of picture i at i and B + i.
    """
    z = F.normalize(projected, dim=1)
    half = len(z) // 2
    similarity = z @ z.T / temperature
    similarity.fill_diagonal_(float("-inf"))
    twin = torch.arange(len(z), device=z.device).roll(half)
    return F.cross_entropy(similarity, twin)

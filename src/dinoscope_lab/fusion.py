"""Fusion: the embeddings of several encoders, each projected, joined by self-attention, then one linear layer.

Source: Truong et al., "How transferable are self-supervised features in medical image classification tasks?" (dynamic
visual meta-embedding, DVME), ML4H 2021, PMLR 158.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dinoscope.fitting.statistics import balanced_accuracy

WIDTH, HEADS = 128, 4
RATES = (1e-3, 3e-4)
"""Candidates for the learning rate, chosen by the held-out cases."""


class Fusion(nn.Module):
    """Embeddings [N, P_i] of E encoders -> logits [N, C].

    Each embedding is projected to `WIDTH` and normalised; the E projections attend to each other as the words of a
    sentence would, without positions, since every encoder has its own projection.
    """

    def __init__(self, widths: Sequence[int], classes: int) -> None:
        super().__init__()
        self.project = nn.ModuleList(nn.Sequential(nn.Linear(w, WIDTH), nn.LayerNorm(WIDTH)) for w in widths)
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, dropout=0.1, batch_first=True)
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(WIDTH * len(widths), classes))

    def forward(self, embeddings: Sequence[Tensor]) -> Tensor:
        """[N, P_i] for each encoder -> logits [N, C]."""
        tokens = torch.stack([p(e) for p, e in zip(self.project, embeddings, strict=True)], dim=1)
        attended, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        return self.head(self.norm(tokens + attended).flatten(1))


def fit(
    known: Sequence[np.ndarray],
    truth: np.ndarray,
    held: tuple[Sequence[np.ndarray], np.ndarray],
    seed: int = 0,
    epochs: int = 60,
    patience: int = 10,
) -> Fusion:
    """Train with balanced classes; the weights that do best on `held` are returned.

    Args:
        known: [n, P_i] float32 standardised embeddings of each encoder; truth: [n] class numbers.
        held: the same two for the cases that choose the learning rate and when to stop.
    """
    classes = int(max(truth.max(), held[1].max())) + 1
    weight = torch.from_numpy(1 / np.maximum(np.bincount(truth, minlength=classes), 1)).float()
    rows, wanted = [torch.from_numpy(e).float() for e in known], torch.from_numpy(truth)
    best, kept = -1.0, None
    for rate in RATES:
        torch.manual_seed(seed)
        model = Fusion([e.shape[1] for e in known], classes)
        optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.05)
        generator, stale, reached = torch.Generator().manual_seed(seed), 0, -1.0
        for _ in range(epochs):
            model.train()
            for part in torch.randperm(len(wanted), generator=generator).split(32):
                loss = F.cross_entropy(model([e[part] for e in rows]), wanted[part], weight, label_smoothing=0.1)
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
            score = balanced_accuracy(held[1], logits(model, held[0]).argmax(1))
            stale = 0 if score > reached else stale + 1
            reached = max(reached, score)
            if score > best:
                best, kept = score, copy.deepcopy(model.state_dict())
            if stale >= patience:
                break
    model = Fusion([e.shape[1] for e in known], classes)
    model.load_state_dict(kept or {})
    return model.eval()


@torch.inference_mode()
def logits(model: Fusion, embeddings: Sequence[np.ndarray]) -> np.ndarray:
    """[N, C] float32 of embeddings [N, P_i]."""
    return model.eval()([torch.from_numpy(e).float() for e in embeddings]).numpy()

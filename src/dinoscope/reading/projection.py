"""Projection: pooled features -> the short unit vectors that case search and scope compare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..errors import OperatorError
from .scope import unit

DIMENSIONS = 512
POWER = 1.0
"""How far the components are whitened: 0 not at all, 1 to equal variance. Both chosen on fold 1."""
SCOPE_POWER = 0.5
"""The same for the scope: of components that hardly vary little is to be learned about pictures of another kind."""


@dataclass(frozen=True)
class Projection:
    """Standardised features on their principal components, whitened.

    Raw features differ mostly in what is common to all pictures of a kind; dividing a component by a root of its
    spread lets the small differences between cases count. Fitted without labels.

    Attributes:
        mean: [P] float32, of the pooled features.
        weight: [P, K] float32.
        fingerprint: of the backbone whose features it takes.
        spread: [K] float32, by which the scope multiplies the components; None to leave them as they are.
    """

    mean: np.ndarray
    weight: np.ndarray
    fingerprint: str
    spread: np.ndarray | None = None

    @classmethod
    def fit(
        cls, pooled: np.ndarray, fingerprint: str, dimensions: int = DIMENSIONS, power: float = POWER
    ) -> Projection:
        """Fit on pooled features [N, P] of pictures of every kind; K is at most `dimensions`, N / 2 and P.

        More components than half the pictures, whitened, would hold every two of them for equally unlike.
        """
        mean, deviation = pooled.mean(0, dtype=np.float64), pooled.std(0, dtype=np.float64)
        scale = 1 / np.maximum(deviation, 1e-6)
        rows = (pooled - mean) * scale
        variance, components = np.linalg.eigh(rows.T @ rows / len(rows))
        kept = np.argsort(-variance)[: min(dimensions, max(1, len(rows) // 2), pooled.shape[1])]
        kept = kept[variance[kept] > 1e-8 * variance.max()]
        weight = scale[:, None] * components[:, kept] / variance[kept] ** (power / 2)
        # Rounded at once to what `save` keeps, so that a fresh projection and a stored one are the same; contiguous,
        # because safetensors writes memory as it lies, whatever the strides say.
        rounded = np.ascontiguousarray(weight, dtype=np.float16).astype(np.float32)
        spread = (variance[kept] / variance.max()) ** ((power - SCOPE_POWER) / 2)
        return cls(mean.astype(np.float32), rounded, fingerprint, spread.astype(np.float32))

    @classmethod
    def plain(cls, width: int, fingerprint: str) -> Projection:
        """The features as they are, P = K = `width`: for a backbone that nothing has been fitted for."""
        return cls(np.zeros(width, np.float32), np.eye(width, dtype=np.float32), fingerprint)

    def __call__(self, pooled: np.ndarray) -> np.ndarray:
        """[N, P] pooled features -> [N, K] unit vectors, float32."""
        return self.of(torch.from_numpy(np.asarray(pooled, dtype=np.float32))).numpy()

    def of(self, pooled: Tensor) -> Tensor:
        """The same on the features' own device, so that a similarity can be explained: [N, P] -> [N, K]."""
        mean, weight = (torch.from_numpy(v).to(pooled) for v in (self.mean, self.weight))
        return torch.nn.functional.normalize((pooled - mean) @ weight, dim=1)

    def for_scope(self, vectors: np.ndarray) -> np.ndarray:
        """Unit vectors [..., K] of this projection -> the unit vectors [..., K] that the scope compares."""
        return vectors if self.spread is None else unit(vectors * self.spread)

    def packed(self) -> bytes:
        """As safetensors, the weight in float16."""
        tensors = {"mean": self.mean, "weight": np.ascontiguousarray(self.weight, dtype=np.float16)}
        tensors |= {} if self.spread is None else {"spread": self.spread}
        return safetensors.numpy.save(tensors, {"fingerprint": self.fingerprint})

    def save(self, path: Path) -> None:
        """Write what `load` reads."""
        path.write_bytes(self.packed())

    @classmethod
    def load(cls, path: Path, fingerprint: str) -> Projection | None:
        """Read the projection of the backbone with this fingerprint; None where the file is another's or missing.

        Raises:
            OperatorError: when the file is damaged.
        """
        if not path.is_file():
            return None
        try:
            with safe_open(path, "numpy") as file:
                if file.metadata()["fingerprint"] != fingerprint:
                    return None
                spread = file.get_tensor("spread") if "spread" in file.keys() else None  # noqa: SIM118
                return cls(file.get_tensor("mean"), file.get_tensor("weight").astype(np.float32), fingerprint, spread)
        except (SafetensorError, KeyError, TypeError) as fault:
            raise OperatorError(f"{path} is damaged ({fault}); restore it, or remove it and fit again") from fault

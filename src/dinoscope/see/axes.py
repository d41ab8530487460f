"""Axes: patch features -> short vectors and colours that mean the same in every picture of a task."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from ..reading.scope import unit

FILE = "axes.safetensors"
SIZE = 32
"""K, the length of a patch's vector: as good as all channels at finding the same place (`dinoscope benchmark see`)."""
RANGE = (1.0, 99.0)
"""Percentiles of the training pictures' patches that are drawn at the two ends of the scale."""
LIGHT, BLUE_YELLOW, GREEN_RED = (0.30, 0.92), (-0.13, 0.13), (-0.09, 0.09)
"""What the components run through in OKLab, the first to the third: lightness and blue to yellow, which everybody
sees, before green to red, which one man in twelve does not."""


@dataclass(frozen=True)
class Axes:
    """Principal axes of a task's standardised patch features, fitted without labels and kept fixed.

    Attributes:
        mean, spread: [D] float32, of the training pictures' patch tokens.
        components: [D, K] float32.
        low, high: [3] float32, the ends of the scales of the first three components.
    """

    mean: np.ndarray
    spread: np.ndarray
    components: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def fit(cls, tokens: np.ndarray, size: int = SIZE) -> Axes:
        """Fit on patch tokens [N, D] of a task's training pictures; K is at most `size` and D."""
        mean, spread = tokens.mean(0, dtype=np.float64), tokens.std(0, dtype=np.float64).clip(min=1e-6)
        rows = (tokens - mean) / spread
        _, components = np.linalg.eigh(rows.T @ rows)
        components = components[:, ::-1][:, :size]
        # An axis may come out either way round: its largest entry is made positive, so that a colour stays a colour.
        components = components * np.sign(components[np.abs(components).argmax(0), np.arange(components.shape[1])])
        low, high = np.percentile(rows @ components[:, :3], RANGE, axis=0)
        # As `save` keeps them, so that fresh axes and stored ones give the same.
        return cls(
            mean.astype(np.float32),
            spread.astype(np.float32),
            np.ascontiguousarray(components, np.float16).astype(np.float32),
            low.astype(np.float32),
            high.astype(np.float32),
        )

    def standardised(self, tokens: np.ndarray) -> np.ndarray:
        """Patch tokens [..., D] -> the same [..., D] float32 on the scales of the training pictures'."""
        return (tokens - self.mean) / self.spread

    def project(self, tokens: np.ndarray) -> np.ndarray:
        """Patch tokens [..., D] -> their components [..., K] float32."""
        return self.standardised(tokens) @ self.components

    def vectors(self, tokens: np.ndarray) -> np.ndarray:
        """Patch tokens [..., D] -> unit vectors [..., K] float32, whose cosine says how alike two places are."""
        return unit(self.project(tokens))

    def colours(self, tokens: np.ndarray) -> np.ndarray:
        """Patch tokens [..., D] -> sRGB [..., 3] uint8: the same colour is the same kind of place."""
        level = ((self.project(tokens)[..., :3] - self.low) / (self.high - self.low).clip(min=1e-6)).clip(0, 1)
        scales = np.array([LIGHT, GREEN_RED, BLUE_YELLOW], np.float32)[:, :, None]
        lab = scales[:, 0, 0] + level[..., [0, 2, 1]] * (scales[:, 1, 0] - scales[:, 0, 0])
        return _srgb(lab)

    def save(self, path: Path, fingerprint: str) -> None:
        """Write as safetensors into the folder of their task, the components in float16."""
        tensors = {name: np.ascontiguousarray(value) for name, value in vars(self).items()}
        told = json.dumps({"fingerprint": fingerprint, "task": path.parent.name})
        save_file(tensors | {"components": tensors["components"].astype(np.float16)}, path, {"axes": told})

    @classmethod
    def load(cls, path: Path, fingerprint: str) -> Axes | None:
        """Read the axes of the backbone with this fingerprint; None where the file is another's or missing."""
        if not path.is_file():
            return None
        with safe_open(path, "numpy") as file:
            told = file.metadata()
            told = json.loads(told["axes"]) if "axes" in told else told  # earlier ones name the backbone alone
            if told["fingerprint"] != fingerprint:
                return None
            return cls(**{f.name: file.get_tensor(f.name).astype(np.float32) for f in fields(cls)})


def _srgb(lab: np.ndarray) -> np.ndarray:
    """OKLab [..., 3] -> sRGB [..., 3] uint8; what the screen cannot show is clipped.

    Source: Ottosson, "A perceptual color space for image processing", 2020.
    """
    roots = lab @ np.array(
        [[1, 1, 1], [0.3963377774, -0.1055613458, -0.0894841775], [0.2158037573, -0.0638541728, -1.2914855480]]
    )
    linear = roots**3 @ np.array(
        [
            [4.0767416621, -1.2684380046, -0.0041960863],
            [-3.3077115913, 2.6097574011, -0.7034186147],
            [0.2309699292, -0.3413193965, 1.7076147010],
        ]
    )
    linear = linear.clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(255 * encoded).astype(np.uint8)

"""Grey: deep values without a view of their own -> 8-bit grey between two percentiles."""

from __future__ import annotations

import numpy as np

LOW_PERCENTILE, HIGH_PERCENTILE = 1.0, 99.5


def percentile_window(values: np.ndarray) -> tuple[float, float]:
    """The 1st and 99.5th percentile of the finite values, or their extremes where those two coincide.

    Uneven on purpose: in medical images the bright few (bone, contrast, vessels) tell more than the dark few.

    Raises:
        ValueError: if no value is finite.
    """
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        raise ValueError("no finite value")
    low, high = np.percentile(finite, (LOW_PERCENTILE, HIGH_PERCENTILE))
    if low == high:
        low, high = finite.min(), finite.max()
    return float(low), float(high)


def between(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Stretch low..high over 0..255: [H, W] -> [H, W] uint8; 0 where low equals high, and wherever a value is NaN."""
    if low == high:
        return np.zeros(values.shape, np.uint8)
    return to_bytes(np.clip((values - low) / (high - low), 0, 1) * 255)


def to_bytes(shades: np.ndarray) -> np.ndarray:
    """[H, W] in 0..255 -> [H, W] uint8, rounded to the nearest; NaN is black."""
    return np.rint(np.nan_to_num(shades, nan=0.0)).astype(np.uint8)


def window_fact(low: float, high: float) -> str:
    """The fact about a percentile window, for the list beside the picture."""
    return f"shown from {low:g} to {high:g} (1st to 99.5th percentile of its values)"


def whole_fact(low: float, high: float) -> str:
    """The fact about a picture that is shown as it is stored."""
    return f"shown from {low:g} to {high:g}, all that it can store"

"""Grey: deep pixel values -> 8-bit grey through a window."""

from __future__ import annotations

import numpy as np

LOW_PERCENTILE, HIGH_PERCENTILE = 1.0, 99.5


def linear(values: np.ndarray, centre: float, width: float) -> np.ndarray:
    """The LINEAR window of DICOM: [H, W] -> [H, W] in 0..1. Needs width >= 1.

    Source: PS3.3 C.11.2.1.2.1, with y_min = 0 and y_max = 1.
    """
    if width == 1:
        return (values > centre - 0.5).astype(np.float64)
    return np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)


def linear_exact(values: np.ndarray, centre: float, width: float) -> np.ndarray:
    """The LINEAR_EXACT window of DICOM: [H, W] -> [H, W] in 0..1. Needs width > 0. PS3.3 C.11.2.1.3.2."""
    return np.clip((values - centre) / width + 0.5, 0, 1)


def sigmoid(values: np.ndarray, centre: float, width: float) -> np.ndarray:
    """The SIGMOID window of DICOM: [H, W] -> [H, W] in 0..1. Needs width > 0. PS3.3 C.11.2.1.3.1."""
    # tanh is the same curve as 1 / (1 + exp(-4 (x - c) / w)) and cannot overflow.
    return 0.5 * (1 + np.tanh(2 * (values - centre) / width))


def look_up(values: np.ndarray, table: np.ndarray, first: int) -> np.ndarray:
    """Map values through a table whose first entry stands for `first`; beyond its ends, the end entries."""
    return table[np.clip(np.rint(values) - first, 0, len(table) - 1).astype(np.intp)]


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
    """Stretch low..high over 0..1; everything is 0 where low equals high, and wherever a value is NaN."""
    if low == high:
        return np.zeros(values.shape)
    return np.nan_to_num(np.clip((values - low) / (high - low), 0, 1), nan=0.0)


def to_bytes(shades: np.ndarray) -> np.ndarray:
    """[H, W] in 0..1 -> [H, W] uint8, rounded to the nearest of 0..255."""
    return np.rint(shades * 255).astype(np.uint8)


def window_fact(low: float, high: float) -> str:
    """The fact about a percentile window, for the list beside the picture."""
    return f"shown from {low:g} to {high:g} (1st to 99.5th percentile of its values)"

"""Features as colours: the same place has the same colour in every picture, and keeps it."""

from __future__ import annotations

import numpy as np
import pytest

from dinoscope.see.axes import Axes


def tokens(seed: int = 0, n: int = 400, d: int = 40) -> np.ndarray:
    """Two kinds of place that differ in one direction, and noise."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(2, size=n)
    return (rng.normal(size=(n, d)) + 6 * kind[:, None] * np.linspace(-1, 1, d)).astype(np.float32)


def test_two_kinds_of_place_get_two_colours_also_in_a_picture_that_was_not_fitted_on():
    axes = Axes.fit(tokens(0))
    colours = axes.colours(tokens(1)).astype(int)
    kind = tokens(1) @ np.linspace(-1, 1, 40) > 40
    first, second = colours[kind].mean(0), colours[~kind].mean(0)
    assert np.abs(first - second).sum() > 120
    assert colours[kind].std(0).max() < np.abs(first - second).max()


def test_the_two_kinds_differ_in_lightness_so_that_everybody_sees_them():
    axes = Axes.fit(tokens(0))
    light = axes.colours(tokens(1)) @ np.array([0.2126, 0.7152, 0.0722])
    kind = tokens(1) @ np.linspace(-1, 1, 40) > 40
    assert abs(light[kind].mean() - light[~kind].mean()) > 60


def test_the_vectors_are_the_components_of_standardised_tokens():
    rows = tokens(0)
    axes = Axes.fit(rows, size=40)
    components = axes.project(rows)
    standard = (rows - rows.mean(0)) / rows.std(0)
    np.testing.assert_allclose((components**2).sum(1), (standard**2).sum(1), rtol=2e-2)
    correlations = np.corrcoef(components.T)
    np.testing.assert_allclose(correlations, np.eye(40), atol=5e-3)
    assert (np.diff(components.var(0)) < 1e-2).all()
    np.testing.assert_allclose(np.linalg.norm(axes.vectors(rows), axis=1), 1, atol=1e-6)


def test_fitting_twice_gives_the_same_axes_the_same_way_round():
    first, again = Axes.fit(tokens(0)), Axes.fit(tokens(0)[::-1])
    np.testing.assert_allclose(first.components, again.components, atol=2e-3)


def test_what_is_saved_is_what_is_loaded_and_another_backbones_is_not(tmp_path):
    axes, path = Axes.fit(tokens(0)), tmp_path / "axes.safetensors"
    axes.save(path, "a" * 64)
    loaded = Axes.load(path, "a" * 64)
    np.testing.assert_array_equal(loaded.colours(tokens(1)), axes.colours(tokens(1)))
    assert Axes.load(path, "b" * 64) is None
    assert Axes.load(tmp_path / "nothing", "a" * 64) is None


@pytest.mark.parametrize("value", [-1e6, 1e6])
def test_what_lies_beyond_the_scale_takes_its_end(value: float):
    axes = Axes.fit(tokens(0))
    assert axes.colours(np.full((1, 40), value, np.float32)).dtype == np.uint8

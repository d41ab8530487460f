"""Projection: unit vectors that keep what tells pictures apart, the same in numpy and in torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dinoscope.reading.projection import Projection


@pytest.fixture
def pooled() -> np.ndarray:
    """Rows whose dimensions have very different scales and a common offset."""
    rng = np.random.default_rng(0)
    return (rng.standard_normal((300, 20)) * np.geomspace(0.01, 50, 20) + 7).astype(np.float32)


@pytest.fixture
def projection(pooled) -> Projection:
    return Projection.fit(pooled, "f", dimensions=8)


def test_vectors_are_short_and_of_unit_length(projection, pooled):
    vectors = projection(pooled)
    assert vectors.shape == (300, 8)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(300), abs=1e-5)


def test_there_are_never_more_dimensions_than_the_pictures_can_tell_apart(pooled):
    assert Projection.fit(pooled[:9], "f")(pooled).shape == (300, 4)
    assert Projection.fit(pooled, "f")(pooled).shape == (300, 20)


def test_whole_whitening_gives_every_component_the_same_spread(pooled):
    whole = Projection.fit(pooled, "f", power=1.0)
    assert ((pooled - whole.mean) @ whole.weight).std(axis=0) == pytest.approx(np.ones(20), abs=1e-2)


def test_the_scale_of_a_feature_does_not_matter(pooled):
    stretched = pooled * np.linspace(1, 100, 20, dtype=np.float32)
    a, b = Projection.fit(pooled, "f")(pooled), Projection.fit(stretched, "f")(stretched)
    assert a @ a.T == pytest.approx(b @ b.T, abs=1e-2)


def test_it_can_be_differentiated(projection, pooled):
    rows = torch.from_numpy(pooled[:3]).requires_grad_()
    projection.of(rows)[:, 0].sum().backward()
    assert torch.isfinite(rows.grad).all()
    assert rows.grad.abs().sum() > 0


def test_a_saved_projection_comes_back_for_its_own_backbone_only(projection, pooled, tmp_path):
    path = tmp_path / "projection.safetensors"
    assert Projection.load(path, "f") is None
    projection.save(path)
    assert Projection.load(path, "another") is None
    again = Projection.load(path, "f")
    assert (again(pooled) * projection(pooled)).sum(axis=1) == pytest.approx(np.ones(300), abs=1e-5)


def test_the_plain_projection_leaves_directions_alone(pooled):
    unit = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
    assert Projection.plain(20, "f")(pooled) == pytest.approx(unit, abs=1e-6)


def test_the_scope_compares_the_same_components_whitened_by_half(pooled, tmp_path):
    whole = Projection.fit(pooled, "f", power=1.0)
    half = Projection.fit(pooled, "f", power=0.5)
    assert (whole.for_scope(whole(pooled)) * half(pooled)).sum(axis=1) == pytest.approx(np.ones(300), abs=1e-4)
    assert half.spread == pytest.approx(np.ones(20))
    whole.save(tmp_path / "projection.safetensors")
    assert np.array_equal(Projection.load(tmp_path / "projection.safetensors", "f").spread, whole.spread)
    assert np.array_equal(Projection.plain(20, "f").for_scope(pooled), pooled)

"""Faithfulness curves: where they begin and end, and that a good order of patches beats a random one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dinoscope.explain.faithfulness import STEPS, Curve, agreement, curves, verdict
from fixtures.tiny import drawn

PATCH, SIDE = 14, 56


@pytest.fixture
def picture(encoder) -> torch.Tensor:
    """[1, 3, 56, 56] noise without symmetry."""
    return torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


def marked(row: int, column: int) -> tuple[torch.Tensor, np.ndarray]:
    """A dark picture with one bright patch, and a map that points at it."""
    pixels, saliency = torch.full((1, 3, SIDE, SIDE), -1.0), np.zeros((SIDE, SIDE), np.float32)
    where = np.s_[row * PATCH : (row + 1) * PATCH, column * PATCH : (column + 1) * PATCH]
    pixels[0, :, where[0], where[1]] = 1
    saliency[where] = 1
    return pixels, saliency


def looks_at(row: int, column: int):
    """A score that jumps from 0 to 1 where one patch is brighter than its blurred self; it sees nothing else."""

    def score(batch: torch.Tensor) -> torch.Tensor:
        where = batch[:, :, row * PATCH : (row + 1) * PATCH, column * PATCH : (column + 1) * PATCH]
        return torch.sigmoid(40 * (where.mean((1, 2, 3)) - 0.8))

    return score


def test_the_curves_run_between_the_picture_and_its_blurred_baseline(encoder, workbench):
    pixels = encoder.pixels([drawn("colours", "red", 0)])
    head = workbench.tasks["colours"].head

    def score(batch: torch.Tensor) -> torch.Tensor:
        return head.score(encoder.tokens(batch).pooled, "red")

    saliency = np.random.default_rng(0).random((SIDE, SIDE)).astype(np.float32)
    deletion, insertion = curves(score, pixels, saliency, PATCH, seed=0)
    whole = float(score(pixels))
    assert deletion.share.tolist() == insertion.share.tolist()
    assert (deletion.share[0], deletion.share[-1]) == (0, 1)
    every = np.concatenate([deletion.score[None], deletion.random])
    shown = np.concatenate([insertion.score[None], insertion.random])
    assert every[:, 0] == pytest.approx(whole, abs=1e-5)
    assert shown[:, -1] == pytest.approx(whole, abs=1e-5)
    # All patches gone, in whatever order, leave the same baseline, which insertion starts from.
    assert every[:, -1] == pytest.approx(shown[0, 0], abs=1e-5)
    assert shown[:, 0] == pytest.approx(shown[0, 0], abs=1e-5)


def removals(picture: torch.Tensor, saliency: np.ndarray, steps: int = STEPS) -> dict[frozenset[int], torch.Tensor]:
    """What was scored: the pixels [3, 56, 56], by the patches of the grid that were not the picture's own."""
    seen = []

    def score(batch: torch.Tensor) -> torch.Tensor:
        seen.append(batch)
        return batch.mean((1, 2, 3))

    curves(score, picture, saliency, PATCH, 0, draws=1, steps=steps)
    found = {}
    for pixels in torch.cat(seen):
        patches = (pixels != picture[0]).any(0).unfold(0, PATCH, PATCH).unfold(1, PATCH, PATCH).flatten(2)
        assert torch.equal(patches.all(2), patches.any(2)), "a patch went in part"
        found[frozenset(patches.all(2).flatten().nonzero().flatten().tolist())] = pixels
    return found


def test_the_baseline_is_the_picture_blurred(picture):
    baseline = removals(picture, np.zeros((SIDE, SIDE), np.float32))[frozenset(range(16))]
    assert baseline.std() < picture.std() / 3
    assert baseline.mean((1, 2)).tolist() == pytest.approx(picture[0].mean((1, 2)).tolist(), abs=0.03)


@pytest.mark.parametrize("cell", [(0, 0), (0, 3), (3, 0), (2, 1)])
def test_a_map_that_points_at_the_one_patch_that_counts_is_faithful(cell):
    pixels, saliency = marked(*cell)
    deletion, insertion = curves(looks_at(*cell), pixels, saliency, PATCH, seed=0, draws=20)
    # The score is lost with the first patch of sixteen, and won with it.
    assert deletion.score[0] > 0.99
    assert (deletion.score[1:] < 0.5).all()
    assert insertion.score[0] < 0.5
    assert (insertion.score[1:] > 0.99).all()
    assert deletion.area < 0.1 < 0.3 < deletion.random_area < 0.7
    assert insertion.area > 0.9 > 0.7 > insertion.random_area > 0.3


def test_a_map_that_points_away_is_worse_than_chance():
    pixels, saliency = marked(1, 2)
    deletion, insertion = curves(looks_at(1, 2), pixels, -saliency, PATCH, seed=0, draws=20)
    assert deletion.area > 0.9 > deletion.random_area
    assert insertion.area < 0.1 < insertion.random_area


def test_whole_patches_go_and_come_in_the_order_of_their_mean_saliency(picture):
    order = np.random.default_rng(5).permutation(16)
    saliency = np.zeros(16, np.float32)
    saliency[order] = np.arange(16, 0, -1)
    scored = removals(picture, saliency.reshape(4, 4).repeat(14, 0).repeat(14, 1), 16)
    for n in range(17):
        assert frozenset(order[:n].tolist()) in scored, f"deletion lacks the first {n}"
        assert frozenset(order[n:].tolist()) in scored, f"insertion lacks the first {n}"


def test_random_orders_depend_on_the_seed_alone(picture):
    saliency = np.random.default_rng(0).random((SIDE, SIDE)).astype(np.float32)
    score = looks_at(1, 1)
    first, again, other = (curves(score, picture, saliency, PATCH, seed) for seed in (3, 3, 4))
    for a, b, c in zip(first, again, other, strict=True):
        assert np.array_equal(a.random, b.random)
        assert not np.array_equal(a.random, c.random)
        assert np.array_equal(a.score, c.score)
        assert a.random.shape[1:] == a.share.shape


def test_the_size_of_the_batches_does_not_matter(picture):
    saliency = np.random.default_rng(0).random((SIDE, SIDE)).astype(np.float32)
    for a, b in zip(
        curves(looks_at(1, 1), picture, saliency, PATCH, 0),
        curves(looks_at(1, 1), picture, saliency, PATCH, 0, batch=7),
        strict=True,
    ):
        assert np.allclose(a.score, b.score, atol=1e-6)
        assert np.allclose(a.random, b.random, atol=1e-6)


@pytest.mark.parametrize(("side", "points"), [(2, 5), (3, 6), (8, STEPS + 1)])
def test_large_grids_are_walked_in_few_steps_and_small_ones_patch_by_patch(side, points):
    size = side * PATCH
    deletion, _ = curves(looks_at(0, 0), torch.ones(1, 3, size, size), np.eye(size, dtype=np.float32), PATCH, 0)
    assert len(deletion.share) == len(deletion.score) == points
    assert (deletion.share[0], deletion.share[-1]) == (0, 1)
    assert (np.diff(deletion.share) > 0).all()


def test_areas_of_known_curves():
    share = np.array([0, 0.5, 1])
    curve = Curve(share, np.array([1, 0.5, 0]), np.array([[1, 1, 1], [0, 0, 0], [0, 1, 0]]))
    assert curve.area == pytest.approx(0.5)
    assert curve.random_area == pytest.approx((1 + 0 + 0.5) / 3)


def test_a_verdict_counts_the_random_orders_that_the_map_beats_on_each_curve():
    share = np.array([0, 0.5, 1])
    random = np.linspace(0.1, 0.9, 10)[:, None] * np.array([1, 1, 1])
    good, bad = Curve(share, np.full(3, 0.05), random), Curve(share, np.full(3, 0.35), random)
    found = verdict(good, bad)
    assert (found.deletion, found.insertion, found.of) == (10, 3, 10)
    assert found.passed == ("deletion",)
    assert verdict(good, Curve(share, np.full(3, 0.85), random)).passed == ("deletion", "insertion")
    assert verdict(bad, bad).passed == ()


def test_agreement_compares_the_order_of_the_patches():
    rng = np.random.default_rng(0)
    a = rng.random((16, 16)).repeat(4, 0).repeat(4, 1)
    assert agreement(a, a**3 + 5, 4) == pytest.approx(1)
    assert agreement(a, -a, 4) == pytest.approx(-1)
    assert abs(agreement(a, rng.random((64, 64)), 4)) < 0.3
    assert agreement(a, np.ones_like(a), 4) == 0


def test_progress_of_the_curves_is_told_to_the_end_and_may_cancel(picture):
    told = []
    curves(looks_at(1, 1), picture, np.ones((SIDE, SIDE)), PATCH, 0, progress=lambda *step: told.append(step))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]

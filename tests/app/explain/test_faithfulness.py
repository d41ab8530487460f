"""Faithfulness curves: where they begin and end, and that a good order of patches beats a random one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from dinoscope import explain
from dinoscope.explain import Subject, Target, targets
from dinoscope.explain.faithfulness import SHARES, Curve, Curves, agreement, by_pixels, by_tokens, verdict
from fixtures.tiny import drawn

PATCH, SIDE = 14, 56
WAYS = (by_tokens, by_pixels)
EACH = tuple(np.linspace(0, 1, 17))


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


def watched(pixels: torch.Tensor, score, chosen=None) -> Subject:
    """A subject of these pixels whose pooled features are already the score."""
    same = Target(lambda pooled: pooled, lambda pooled: pooled)
    grid = (pixels.shape[2] // PATCH, pixels.shape[3] // PATCH)
    untraced = lambda: pytest.fail("needs no gradients")  # noqa: E731
    count = grid[0] * grid[1]

    def swapped(other: torch.Tensor):
        def read(where: torch.Tensor) -> torch.Tensor:
            large = where.reshape(-1, 1, *grid).repeat_interleave(PATCH, 2).repeat_interleave(PATCH, 3)
            return score(torch.where(large, other, pixels))

        return read

    value = float(score(pixels)) if score else float(chosen(torch.arange(count)[None]))
    nothing = np.zeros(count, bool)
    return Subject(pixels, torch.zeros(count, 4), grid, same, value, score, chosen, swapped, untraced, nothing)


def looks_at(row: int, column: int, pixels: torch.Tensor) -> Subject:
    """A score that jumps from 0 to 1 where one patch is there, or brighter than its blurred self, and sees no other."""

    def score(batch: torch.Tensor) -> torch.Tensor:
        where = batch[:, :, row * PATCH : (row + 1) * PATCH, column * PATCH : (column + 1) * PATCH]
        return torch.sigmoid(40 * (where.mean((1, 2, 3)) - 0.8))

    wanted = row * (pixels.shape[3] // PATCH) + column
    return watched(pixels, score, lambda kept: (kept == wanted).any(1).float())


@pytest.mark.parametrize("way", WAYS)
def test_the_curves_run_between_the_whole_picture_and_the_bare_one(encoder, workbench, way):
    pixels = encoder.pixels([drawn("colours", "red", 0)])
    target = targets.label(workbench.tasks["colours"].head, "red")
    subject = Subject.of(encoder, pixels, encoder.tokens(pixels), target)
    saliency = np.random.default_rng(0).random((SIDE, SIDE)).astype(np.float32)
    found = way(subject, saliency, seed=0)
    whole = float(subject.score(pixels))
    share = found.deletion.share
    assert share.tolist() == found.insertion.share.tolist()
    assert (share[0], share[-1]) == (0, 1)
    every = np.concatenate([found.deletion.score[None], found.deletion.random])
    shown = np.concatenate([found.insertion.score[None], found.insertion.random])
    assert every[:, 0] == pytest.approx(whole, abs=5e-3)
    assert shown[:, -1] == pytest.approx(whole, abs=5e-3)
    if way is by_pixels:
        # All patches gone, in whatever order, leave the same baseline, which insertion starts from.
        assert every[:, -1] == pytest.approx(shown[0, 0], abs=1e-5)
        assert shown[:, 0] == pytest.approx(shown[0, 0], abs=1e-5)


def blurs(
    picture: torch.Tensor, saliency: np.ndarray, shares: Sequence[float] = SHARES
) -> dict[frozenset[int], torch.Tensor]:
    """What was scored: the pixels [3, 56, 56], by the patches of the grid that were not the picture's own."""
    seen = []

    def score(batch: torch.Tensor) -> torch.Tensor:
        seen.append(batch)
        return batch.mean((1, 2, 3))

    subject = watched(picture, score)
    seen.clear()  # of the whole picture, whose score is known beforehand
    by_pixels(subject, saliency, 0, draws=1, shares=shares)
    found = {}
    for pixels in torch.cat(seen):
        patches = (pixels != picture[0]).any(0).unfold(0, PATCH, PATCH).unfold(1, PATCH, PATCH).flatten(2)
        assert torch.equal(patches.all(2), patches.any(2)), "a patch went in part"
        found[frozenset(patches.all(2).flatten().nonzero().flatten().tolist())] = pixels
    return found


def drops(picture: torch.Tensor, saliency: np.ndarray, shares: Sequence[float] = SHARES) -> list[frozenset[int]]:
    """What was left out of each reading."""
    seen = []

    def chosen(kept: torch.Tensor) -> torch.Tensor:
        seen.extend(frozenset(range(16)) - frozenset(row) for row in kept.tolist())
        return kept.float().mean(1)

    subject = watched(picture, None, chosen)
    seen.clear()  # of the whole picture, whose score is known beforehand
    by_tokens(subject, saliency, 0, draws=1, shares=shares)
    return seen


def test_the_baseline_is_the_picture_blurred(picture):
    baseline = blurs(picture, np.zeros((SIDE, SIDE), np.float32))[frozenset(range(16))]
    assert baseline.std() < picture.std() / 3
    assert baseline.mean((1, 2)).tolist() == pytest.approx(picture[0].mean((1, 2)).tolist(), abs=0.03)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("cell", [(0, 0), (0, 3), (3, 0), (2, 1)])
def test_a_map_that_points_at_the_one_patch_that_counts_is_faithful(cell, way):
    pixels, saliency = marked(*cell)
    found = way(looks_at(*cell, pixels), saliency, seed=0, draws=20)
    # The score is lost with the first patch of sixteen, and won with it.
    assert found.deletion.score[0] > 0.99
    assert (found.deletion.score[1:] < 0.5).all()
    assert (found.insertion.score[1:] > 0.99).all()
    assert found.deletion.area < 0.15 < 0.3 < found.deletion.random_area < 0.7
    assert found.insertion.area > 0.85 > 0.7 > found.insertion.random_area > 0.3
    assert found.difference > 0.7
    assert min(found.beaten) >= 10  # a random order that has the patch first is as good as the map


@pytest.mark.parametrize("way", WAYS)
def test_a_map_that_points_away_is_worse_than_chance(way):
    pixels, saliency = marked(1, 2)
    found = way(looks_at(1, 2, pixels), -saliency, seed=0, draws=20)
    assert found.deletion.area > 0.8 > found.deletion.random_area
    assert found.insertion.area < 0.2 < found.insertion.random_area


def test_whole_patches_go_and_come_in_the_order_of_their_mean_saliency(picture):
    order = np.random.default_rng(5).permutation(16)
    saliency = np.zeros(16, np.float32)
    saliency[order] = np.arange(16, 0, -1)
    saliency = saliency.reshape(4, 4).repeat(14, 0).repeat(14, 1)
    for scored in (blurs(picture, saliency, EACH), drops(picture, saliency, EACH)):
        for n in range(1, 16):
            assert frozenset(order[:n].tolist()) in scored, f"deletion lacks the first {n}"
            assert frozenset(order[n:].tolist()) in scored, f"insertion lacks the first {n}"


def test_by_tokens_one_patch_always_stays_and_half_of_them_on_the_mean(picture):
    left_out = [len(x) for x in drops(picture, np.eye(SIDE, dtype=np.float32))]
    assert max(left_out) == 15
    # What the whole picture scores is known; each of three orders is read at 4, 12 and 15 patches fewer.
    assert sorted(left_out) == [4] * 3 + [12] * 3 + [15] * 3


@pytest.mark.parametrize("way", WAYS)
def test_empty_background_never_goes_so_that_a_map_of_noise_gains_nothing_by_lying_low_there(picture, way):
    empty = np.zeros(16, bool)
    empty[[0, 1, 2, 3, 4, 7, 8, 11]] = True
    worth = torch.from_numpy(np.where(empty, 0, 1 / 8)).float()
    missing = []

    def score(batch: torch.Tensor) -> torch.Tensor:
        there = (
            (batch == picture[0]).all(1).unfold(1, PATCH, PATCH).unfold(2, PATCH, PATCH).flatten(3).all(3).flatten(1)
        )
        missing.append(~there)
        return there.float() @ worth

    def chosen(kept: torch.Tensor) -> torch.Tensor:
        missing.append(torch.ones(len(kept), 16, dtype=torch.bool).scatter(1, kept, False))
        return worth[kept].sum(1)

    subject = replace(watched(picture, score, chosen), empty=empty)
    noise = np.random.default_rng(0).random(16)
    maps = [v.reshape(4, 4).repeat(PATCH, 0).repeat(PATCH, 1) for v in (noise, np.where(empty, 0, noise))]
    asis, low = (way(subject, saliency, seed=0) for saliency in maps)
    assert not torch.cat(missing)[:, empty].any()
    for a, b in zip(vars(asis).values(), vars(low).values(), strict=True):
        assert np.array_equal(a.score, b.score)
        assert (a.share[0], a.share[-1], len(a.share)) == (0, 1, 4)
    # Each of the other patches is worth the same, so that no order is better than another.
    assert low.deletion.random_areas == pytest.approx(low.deletion.area)
    assert low.deletion.score[:3] == pytest.approx(1 - low.deletion.share[:3])


@pytest.mark.parametrize("way", WAYS)
def test_random_orders_depend_on_the_seed_alone(picture, way):
    saliency = np.random.default_rng(0).random((SIDE, SIDE)).astype(np.float32)
    where = torch.arange(16.0)
    subject = watched(picture, lambda batch: batch[:, :, :14, :14].mean((1, 2, 3)), lambda k: where[k].mean(1))
    first, again, other = (way(subject, saliency, seed) for seed in (3, 3, 4))
    for a, b, c in zip(vars(first).values(), vars(again).values(), vars(other).values(), strict=True):
        assert np.array_equal(a.random, b.random)
        assert not np.array_equal(a.random, c.random)
        assert np.array_equal(a.score, c.score)
        assert a.random.shape[1:] == a.share.shape


@pytest.mark.parametrize("way", WAYS)
def test_the_size_of_the_batches_does_not_matter(picture, way, monkeypatch):
    saliency = np.random.default_rng(0).random((SIDE, SIDE)).astype(np.float32)
    subject = looks_at(1, 1, picture)
    large = way(subject, saliency, 0)
    monkeypatch.setitem(explain.TOKENS, "cpu", 3 * 16)
    for a, b in zip(vars(large).values(), vars(way(subject, saliency, 0)).values(), strict=True):
        assert np.allclose(a.score, b.score, atol=1e-6)
        assert np.allclose(a.random, b.random, atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("side", "shares", "points"), [(1, SHARES, 2), (3, SHARES, 4), (8, SHARES, 4), (2, (0.2,), 4)])
def test_curves_are_read_at_their_shares_and_the_same_backwards(side, shares, points, way):
    size = side * PATCH
    subject = looks_at(0, 0, torch.ones(1, 3, size, size))
    deletion = way(subject, np.eye(size, dtype=np.float32), 0, shares=shares).deletion
    assert len(deletion.share) == len(deletion.score) == points
    assert (deletion.share[0], deletion.share[-1]) == (0, 1)
    assert (np.diff(deletion.share) > 0).all()
    assert deletion.share == pytest.approx(1 - deletion.share[::-1])


def test_areas_of_known_curves():
    share = np.array([0, 0.5, 1])
    curve = Curve(share, np.array([1, 0.5, 0]), np.array([[1, 1, 1], [0, 0, 0], [0, 1, 0]]))
    assert curve.area == pytest.approx(0.5)
    assert curve.random_area == pytest.approx((1 + 0 + 0.5) / 3)


def test_a_verdict_counts_the_random_orders_that_the_map_beats_on_each_curve():
    share = np.array([0, 0.5, 1])
    random = np.linspace(0.1, 0.9, 10)[:, None] * np.array([1, 1, 1])

    def curves(deletion: float, insertion: float) -> Curves:
        return Curves(*(Curve(share, np.full(3, area), random) for area in (deletion, insertion)))

    good, bad = curves(0.05, 0.95), curves(0.85, 0.05)
    mixed = verdict(curves(0.05, 0.35), good)
    assert vars(mixed) == {
        "deletion_tokens": 10,
        "insertion_tokens": 3,
        "deletion_pixels": 10,
        "insertion_pixels": 10,
        "of": 10,
    }
    assert mixed.passed == ("deletion_tokens", "deletion_pixels", "insertion_pixels")
    assert (mixed.faithful, mixed.chance) == (False, False)
    assert (verdict(good, good).faithful, verdict(bad, bad).chance) == (True, True)
    assert verdict(good, bad).passed == ("deletion_tokens", "insertion_tokens")


def test_agreement_compares_the_order_of_the_patches(picture):
    rng, subject = np.random.default_rng(0), looks_at(0, 0, picture)
    a = rng.random((4, 4)).repeat(PATCH, 0).repeat(PATCH, 1)
    assert agreement(subject, a, a**3 + 5) == pytest.approx(1)
    assert agreement(subject, a, -a) == pytest.approx(-1)
    assert abs(agreement(subject, a, rng.random((SIDE, SIDE)))) < 0.5
    assert agreement(subject, a, np.ones_like(a)) == 0


def test_maps_do_not_agree_for_being_low_on_empty_background(picture):
    empty = np.arange(16) < 8
    dark = empty.reshape(4, 4).repeat(PATCH, 0).repeat(PATCH, 1)
    a = np.arange(1, 17).reshape(4, 4).repeat(PATCH, 0).repeat(PATCH, 1)
    subject = replace(looks_at(3, 3, picture), empty=empty)
    assert agreement(subject, np.where(dark, 0, a), np.where(dark, -99, -a)) == pytest.approx(-1)
    assert agreement(subject, np.where(dark, 0, a), np.where(dark, 0, 1)) == 0


@pytest.mark.parametrize("way", WAYS)
def test_progress_of_the_curves_is_told_to_the_end_and_may_cancel(picture, way):
    told = []
    way(looks_at(1, 1, picture), np.ones((SIDE, SIDE)), 0, progress=lambda *step: told.append(step))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]

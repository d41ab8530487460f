"""ViT-CX against the formula written out loop by loop, and what a visitor relies on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fixtures.tiny import drawn
from scipy.ndimage import zoom
from scipy.stats import spearmanr
from sklearn.cluster import AgglomerativeClustering

from src.explain import vitcx


def enlarged(grid: np.ndarray, size: int) -> np.ndarray:
    """Bilinear enlargement of a square grid to `size` pixels, pixel centres aligned, edges repeated."""
    small = len(grid)
    out = np.zeros((size, size))
    for y in range(size):
        for x in range(size):
            v, u = ((np.array([y, x]) + 0.5) * small / size - 0.5).clip(0, small - 1)
            top, left = int(v), int(u)
            low, right = min(top + 1, small - 1), min(left + 1, small - 1)
            a, b = v - top, u - left
            out[y, x] = (1 - a) * ((1 - b) * grid[top, left] + b * grid[top, right]) + a * (
                (1 - b) * grid[low, left] + b * grid[low, right]
            )
    return out


def all_enlarged(tokens: np.ndarray, side: int, size: int) -> list[np.ndarray]:
    """Every channel of [side * side, D] tokens enlarged; which is linear, so each cell is enlarged once."""
    cells = [enlarged(cell.reshape(side, side), size) for cell in np.eye(side * side)]
    return [sum(value * cell for value, cell in zip(channel, cells, strict=True)) for channel in tokens.T]


def plain_masks(tokens: np.ndarray, side: int, size: int) -> list[np.ndarray]:
    """Feature maps to masks: min-max each, cluster by cosine distance with complete linkage, add up, min-max."""
    maps = []
    for big in all_enlarged(tokens, side, size):
        if big.max() > big.min():
            maps.append((big - big.min()) / (big.max() - big.min()))
    distances = np.zeros((len(maps), len(maps)))
    for i, a in enumerate(maps):
        for j, b in enumerate(maps):
            distances[i, j] = 0 if i == j else 1 - (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())
    clustering = AgglomerativeClustering(None, metric="precomputed", linkage="complete", distance_threshold=0.1)
    clusters: dict[int, np.ndarray] = {}
    for number, single in zip(clustering.fit_predict(distances), maps, strict=True):
        clusters[number] = clusters.get(number, 0) + single
    return [(m - m.min()) / (m.max() - m.min()) for m in clusters.values()]


def plain_map(score, pixels: torch.Tensor, masks: list[np.ndarray], seed: int) -> tuple[np.ndarray, list[float]]:
    """The causal scores and the map, one mask at a time."""
    generator = torch.Generator().manual_seed(seed)
    scores = []
    for mask in masks:
        m = torch.from_numpy(mask).float()
        noise = 0.1 * torch.randn(1, *pixels.shape[1:], generator=generator) * (1 - m)
        kept, disturbed = score(pixels * m + noise), score(pixels + noise)
        scores.append(float(kept - disturbed + score(pixels)))
    cover = sum(masks)
    total = sum(s * m for s, m in zip(scores, masks, strict=True))
    return np.where(cover > 0, total / np.where(cover > 0, cover, 1), 0) / len(masks), scores


@pytest.fixture(scope="module")
def case(encoder, workbench):
    """Pixels, tokens and score of one striped picture."""
    pixels = encoder.pixels([drawn("stripes", "down", 3)])
    tokens = encoder.tokens(pixels)
    head = workbench.tasks["stripes"].head

    def score(batch: torch.Tensor) -> torch.Tensor:
        return head.score(encoder.tokens(batch).pooled, "down")

    return score, pixels, tokens.before[0], tokens.grid


def explained(case, seed=0, **options) -> vitcx.Saliency:
    score, pixels, tokens, grid = case
    return vitcx.explain(score, pixels, tokens, grid, seed, **options)


def test_enlargement_in_this_test_is_the_usual_bilinear_one():
    # Guards the reference below: on a linear ramp bilinear enlargement is exact between the outer pixel centres.
    ramp = np.add.outer(np.arange(4.0), 10 * np.arange(4.0))
    inner = enlarged(ramp, 16)[2:14, 2:14]
    assert np.allclose(inner, zoom(ramp, 16 / 4, order=1, grid_mode=True, mode="nearest")[2:14, 2:14])


def test_the_map_is_that_of_the_formula_written_out(case):
    score, pixels, tokens, _ = case
    found = explained(case, seed=7)
    masks = plain_masks(tokens.double().numpy(), 4, 56)
    expected, scores = plain_map(score, pixels, masks, 7)
    assert len(masks) > 5
    assert found.masks.shape == (len(masks), 56, 56)
    assert np.allclose(found.masks, masks, atol=1e-5)
    assert np.allclose(found.scores, scores, atol=1e-4)
    assert np.allclose(found.map, expected, atol=1e-5)
    assert spearmanr(found.map.ravel(), expected.ravel()).statistic >= 0.99


def test_masks_span_zero_to_one_and_are_fewer_than_the_channels(case):
    _, _, tokens, grid = case
    masks = vitcx.masks(tokens, grid, (56, 56))
    assert 1 < len(masks) < tokens.shape[1]
    assert torch.equal(masks.amin((1, 2)), torch.zeros(len(masks)))
    assert masks.amax((1, 2)).numpy() == pytest.approx(1)


def test_maps_that_agree_become_one_mask_and_others_stay_apart():
    ramp = torch.arange(16.0)
    columns = torch.arange(4.0).repeat(4)
    tokens = torch.stack([ramp, 3 * ramp + 5, columns, -ramp, 0.5 * columns - 1], dim=1)
    masks = vitcx.masks(tokens, (4, 4), (8, 8))
    assert len(masks) == 3
    # In the order of each cluster's first channel: down, right, up.
    assert [int(m.flatten().argmax()) // 8 for m in masks] == [7, 0, 0]
    assert masks[1][:, -1].min() == 1
    assert masks[2][0, 0] == 1


def test_a_larger_threshold_merges_more(case):
    _, _, tokens, grid = case
    counts = [len(vitcx.masks(tokens, grid, (56, 56), threshold)) for threshold in (0.0, 0.05, 0.1, 0.3, 2.0)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == tokens.shape[1]
    assert counts[-1] == 1


def test_constant_maps_are_dropped():
    tokens = torch.full((16, 6), 3.0)
    tokens[:, 2] = torch.arange(16.0)
    masks = vitcx.masks(tokens, (4, 4), (8, 8))
    assert masks.shape == (1, 8, 8)
    assert masks[0, 0, 0] == 0
    assert masks[0, -1, -1] == 1


def test_a_picture_in_which_nothing_varies_is_refused_in_words():
    sentence = "nothing varies in this picture, so there is nothing to explain; choose another one"
    with pytest.raises(ValueError, match=sentence):
        vitcx.explain(lambda x: x.mean((1, 2, 3)), torch.zeros(1, 3, 8, 8), torch.ones(16, 5), (4, 4), 0)


@pytest.mark.parametrize("constant", [0.0, 0.25, 1.0])
def test_a_score_that_never_changes_gives_every_mask_that_score(case, constant):
    _, *rest = case
    found = explained((lambda batch: torch.full((len(batch),), constant), *rest))
    assert found.scores.tolist() == pytest.approx([constant] * len(found.scores))
    covered = found.masks.sum(axis=0) > 1e-6
    assert found.map[covered] == pytest.approx(constant / len(found.masks))
    assert (found.map[~covered] == 0).all()


def test_the_same_seed_gives_the_same_map_bit_for_bit_and_another_seed_another(case):
    first, again, other = explained(case, 5), explained(case, 5), explained(case, 6)
    assert np.array_equal(first.map, again.map)
    assert np.array_equal(first.scores, again.scores)
    assert not np.array_equal(first.map, other.map)
    assert np.array_equal(first.masks, other.masks)


def test_the_size_of_the_batches_does_not_matter(case):
    assert np.allclose(explained(case, batch=32).map, explained(case, batch=1).map, atol=1e-6)
    assert np.allclose(explained(case, batch=32).map, explained(case, batch=5).map, atol=1e-6)


def test_progress_is_told_to_the_end(case):
    told = []
    found = explained(case, progress=lambda *step: told.append(step), batch=4)
    total = len(found.masks)
    assert told == [(min(done, total), total) for done in range(4, total + 4, 4)]


def test_an_exception_raised_in_progress_cancels(case):
    score, *rest = case
    passes = []

    def counted(batch: torch.Tensor) -> torch.Tensor:
        passes.append(len(batch))
        return score(batch)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explained((counted, *rest), progress=stop, batch=4)
    # The picture itself once, then two passes over the first batch of masks and none after it.
    assert passes == [1, 4, 4]

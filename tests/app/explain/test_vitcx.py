"""ViT-CX, plain and fast, against the formula written out loop by loop, and what a visitor relies on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.ndimage import zoom
from scipy.stats import spearmanr
from sklearn.cluster import AgglomerativeClustering

from dinoscope.errors import RequestError
from dinoscope.explain import Subject, masks, targets, vitcx, vitcx_plain
from fixtures.tiny import drawn


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


def plain_map(
    subject: Subject, masks: list[np.ndarray], seed: int, first_order: bool
) -> tuple[np.ndarray, list[float]]:
    """The causal scores and the map, one mask at a time, what noise alone does is scored, or taken to be linear."""
    generator = torch.Generator().manual_seed(seed)
    pixels, scores = subject.pixels, []
    for mask in masks:
        m = torch.from_numpy(mask).float()
        noise = 0.1 * torch.randn(1, *pixels.shape[1:], generator=generator) * (1 - m)
        linear = (subject.slope() * noise).sum()
        disturbed = linear if first_order else subject.score(pixels + noise) - subject.score(pixels)
        scores.append(float(subject.score(pixels * m + noise)) - float(disturbed))
    cover = sum(masks)
    total = sum(s * m for s, m in zip(scores, masks, strict=True))
    return np.where(cover > 0, total / np.where(cover > 0, cover, 1), 0) / len(masks), scores


@pytest.fixture(scope="module")
def subject(encoder, workbench) -> Subject:
    """One striped picture and the score of its class, in float32 on any processor."""
    pixels = encoder.pixels([drawn("stripes", "down", 3)])
    target = targets.label(workbench.tasks["stripes"].head, "down")
    made = Subject.of(encoder, pixels, encoder.tokens(pixels), target)
    return replace(made, score=lambda batch: target(encoder.tokens(batch).pooled))


def seen(before: torch.Tensor, score=lambda batch: batch.mean((1, 2, 3)), size: int = 8) -> Subject:
    """A subject with these feature maps [h * w, D] on a grid of 4 x 4."""
    pixels = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(1))
    untraced = lambda: pytest.fail("ViT-CX traces nothing")  # noqa: E731
    return Subject(pixels, before, (4, 4), score, untraced, lambda: torch.full_like(pixels, 1 / pixels.numel()))


PATHS = pytest.mark.parametrize("path", [vitcx_plain, vitcx], ids=["plain", "fast"])


def test_enlargement_in_this_test_is_the_usual_bilinear_one():
    # Guards the reference below: on a linear ramp bilinear enlargement is exact between the outer pixel centres.
    ramp = np.add.outer(np.arange(4.0), 10 * np.arange(4.0))
    inner = enlarged(ramp, 16)[2:14, 2:14]
    assert np.allclose(inner, zoom(ramp, 16 / 4, order=1, grid_mode=True, mode="nearest")[2:14, 2:14])


@PATHS
def test_the_map_is_that_of_the_formula_written_out(subject, path):
    found = path.explain(subject, seed=7)
    expected_masks = plain_masks(subject.before.double().numpy(), 4, 56)
    expected, scores = plain_map(subject, expected_masks, 7, first_order=path is vitcx)
    assert len(expected_masks) > 5
    assert np.allclose(found.scores, scores, atol=1e-4)
    assert np.allclose(found.map, expected, atol=1e-5)
    assert spearmanr(found.map.ravel(), expected.ravel()).statistic >= 0.99


@pytest.mark.parametrize("size", [(8, 8), (9, 9), (31, 50), (56, 56), (4, 4)])
def test_masks_on_the_grid_are_those_of_the_enlarged_maps_at_any_size(size):
    tokens = torch.randn(16, 12, generator=torch.Generator().manual_seed(2))
    maps = F.interpolate(tokens.T.reshape(1, 12, 4, 4).double(), size=size, mode="bilinear", align_corners=False)[0]
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    maps = (maps - low) / (high - low)
    unit = F.normalize(maps.flatten(1), dim=1)
    expected = (1 - unit @ unit.T).clamp(min=0).numpy()
    small = masks.cluster(tokens, (4, 4), size, threshold=0.0)
    assert len(small.grid) == 12
    assert F.interpolate(small.grid[None], size=size, mode="bilinear", align_corners=False)[0].numpy() == pytest.approx(
        maps.numpy(), abs=1e-6
    )
    assert masks._distances(small.grid.double(), size) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("most", [1, 3, 7, 1000])
def test_masks_merge_further_by_the_same_linkage(subject, most):
    found = masks.cluster(subject.before, subject.grid, subject.size, most=most)
    assert len(found.merged) <= max(most, 1)
    assert len(found.merged) == min(most, len(found.grid))
    assert sorted(set(found.parent.tolist())) == list(range(len(found.merged)))
    if most >= len(found.grid):
        assert torch.equal(found.merged, found.grid)


def test_quick_scores_fewer_masks_and_keeps_the_fine_ones_in_the_map(subject, monkeypatch):
    monkeypatch.setattr(vitcx, "MOST", 5)
    full, quick = vitcx.explain(subject, 0), vitcx.explain(subject, 0, quick=True)
    assert len(quick.scores) == len(quick.masks) == 5 < len(full.scores)
    # Nothing of the map's detail is lost: it is made of the fine masks, each with the score of its merged one.
    fine = masks.cluster(subject.before, subject.grid, subject.size, most=5)
    scored = torch.from_numpy(quick.scores)[fine.parent]
    total, cover = torch.einsum("n,nhw->hw", scored, subject.enlarge(fine.grid)), subject.enlarge(fine.grid).sum(0)
    assert quick.map == pytest.approx((total / cover / len(scored)).numpy(), abs=1e-5)


def test_quick_is_the_same_as_full_where_there_are_few_masks(subject, monkeypatch):
    monkeypatch.setattr(vitcx, "MOST", 1000)
    assert np.array_equal(vitcx.explain(subject, 0).map, vitcx.explain(subject, 0, quick=True).map)


@PATHS
def test_masks_span_zero_to_one_and_are_fewer_than_the_channels(subject, path):
    found = path.explain(subject, 0)
    assert 1 < len(found.masks) == len(found.scores) < subject.before.shape[1]
    assert found.masks.min() > -0.5
    assert found.masks.max() < 1.5


def test_maps_that_agree_become_one_mask_and_others_stay_apart():
    ramp = torch.arange(16.0)
    columns = torch.arange(4.0).repeat(4)
    tokens = torch.stack([ramp, 3 * ramp + 5, columns, -ramp, 0.5 * columns - 1], dim=1)
    found = masks.cluster(tokens, (4, 4), (8, 8)).grid
    assert len(found) == 3
    # In the order of each cluster's first channel: down, right, up.
    assert [int(m.flatten().argmax()) for m in found] == [15, 3, 0]


def test_a_larger_threshold_merges_more(subject):
    counts = [
        len(masks.cluster(subject.before, subject.grid, (56, 56), threshold).grid)
        for threshold in (0.0, 0.05, 0.1, 0.3, 2.0)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == subject.before.shape[1]
    assert counts[-1] == 1


@PATHS
def test_constant_maps_are_dropped(path):
    tokens = torch.full((16, 6), 3.0)
    tokens[:, 2] = torch.arange(16.0)
    found = path.explain(seen(tokens), 0)
    assert found.masks.shape == (1, 4, 4)
    assert found.masks[0].argmax() == 15


@PATHS
def test_a_picture_in_which_nothing_varies_is_refused_in_words(path):
    sentence = "nothing varies in this picture, so there is nothing to explain; choose another one"
    with pytest.raises(RequestError, match=sentence):
        path.explain(seen(torch.ones(16, 5)), 0)


@PATHS
@pytest.mark.parametrize("constant", [0.0, 0.25, 1.0])
def test_a_score_that_never_changes_gives_every_mask_that_score(subject, path, constant):
    flat = torch.zeros_like(subject.pixels)
    still = replace(subject, score=lambda batch: torch.full((len(batch),), constant), slope=lambda: flat)
    found = path.explain(still, 0)
    assert found.scores.tolist() == pytest.approx([constant] * len(found.scores))
    # Where no mask reaches, the map is 0; elsewhere it is the same everywhere.
    reached = found.map != 0
    assert found.map[reached] == pytest.approx(constant / len(found.masks))


def test_what_noise_alone_does_to_the_score_is_nearly_linear(subject):
    noise = 0.1 * torch.randn(64, *subject.pixels.shape[1:], generator=torch.Generator().manual_seed(0))
    true = subject.score(subject.pixels + noise) - subject.score(subject.pixels)
    linear = (noise * subject.slope()).sum((1, 2, 3))
    assert np.corrcoef(true.numpy(), linear.numpy())[0, 1] > 0.9


@PATHS
def test_the_same_seed_gives_the_same_map_bit_for_bit_and_another_seed_another(subject, path):
    first, again, other = (path.explain(subject, seed) for seed in (5, 5, 6))
    assert np.array_equal(first.map, again.map)
    assert np.array_equal(first.scores, again.scores)
    assert not np.array_equal(first.map, other.map)
    assert np.array_equal(first.masks, other.masks)


@PATHS
def test_the_size_of_the_batches_does_not_matter(subject, path):
    whole = path.explain(subject, 0, batch=32).map
    assert np.allclose(whole, path.explain(subject, 0, batch=1).map, atol=1e-6)
    assert np.allclose(whole, path.explain(subject, 0, batch=5).map, atol=1e-6)


@PATHS
def test_progress_is_told_to_the_end(subject, path):
    told = []
    found = path.explain(subject, 0, progress=lambda *step: told.append(step), batch=4)
    total = len(found.masks)
    assert told == [(min(done, total), total) for done in range(4, total + 4, 4)]


@pytest.mark.parametrize(("path", "passes"), [(vitcx_plain, [1, 4, 4]), (vitcx, [4])], ids=["plain", "fast"])
def test_an_exception_raised_in_progress_cancels_after_one_batch(subject, path, passes):
    made = []

    def counted(batch: torch.Tensor) -> torch.Tensor:
        made.append(len(batch))
        return subject.score(batch)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        path.explain(replace(subject, score=counted), 0, progress=stop, batch=4)
    assert made == passes

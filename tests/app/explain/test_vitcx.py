"""ViT-CX, as published and on tokens, against the formula written out, and what a visitor relies on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import zoom
from scipy.stats import spearmanr
from sklearn.cluster import AgglomerativeClustering

from dinoscope.errors import RequestError
from dinoscope.explain import Subject, Target, masks, targets, vitcx, vitcx_published
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


def published_map(subject: Subject, masks: list[np.ndarray], seed: int) -> tuple[np.ndarray, list[float]]:
    """The causal scores and the map, one mask at a time."""
    generator = torch.Generator().manual_seed(seed)
    pixels, scores = subject.pixels, []
    for mask in masks:
        m = torch.from_numpy(mask).float()
        noise = 0.1 * torch.randn(1, *pixels.shape[1:], generator=generator) * (1 - m)
        disturbed = subject.score(pixels + noise) - subject.score(pixels)
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
    embedded = encoder.embed(pixels)
    exact = {"pooled": lambda batch: encoder.tokens(batch).pooled}
    return replace(made, chosen=lambda kept: encoder.chosen(embedded, kept).pooled, **exact)


def seen(before: torch.Tensor, size: int = 8) -> Subject:
    """A subject with these feature maps [h * w, D] on a grid of 4 x 4."""
    pixels = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(1))
    same = Target(lambda pooled: pooled, lambda pooled: pooled)
    untraced = lambda: pytest.fail("the masks come first")  # noqa: E731
    pooled, chosen = lambda batch: batch.mean((1, 2, 3)), lambda kept: kept.float().mean(1)
    return Subject(pixels, before, (4, 4), same, 0.0, pooled, chosen, untraced, untraced, np.zeros(16, bool))


def test_enlargement_in_this_test_is_the_usual_bilinear_one():
    # Guards the reference below: on a linear ramp bilinear enlargement is exact between the outer pixel centres.
    ramp = np.add.outer(np.arange(4.0), 10 * np.arange(4.0))
    inner = enlarged(ramp, 16)[2:14, 2:14]
    assert np.allclose(inner, zoom(ramp, 16 / 4, order=1, grid_mode=True, mode="nearest")[2:14, 2:14])


def test_the_published_map_is_that_of_the_formula_written_out(subject):
    found = vitcx_published.explain(subject, seed=7)
    expected_masks = plain_masks(subject.before.double().numpy(), 4, 56)
    expected, scores = published_map(subject, expected_masks, 7)
    assert len(expected_masks) > 5
    assert np.allclose(found.scores, scores, atol=1e-4)
    assert np.allclose(found.map, expected, atol=1e-5)
    assert spearmanr(found.map.ravel(), expected.ravel()).statistic >= 0.99


def test_the_published_noise_depends_on_the_seed_alone(subject):
    first, again, other = (vitcx_published.explain(subject, seed) for seed in (5, 5, 6))
    assert np.array_equal(first.map, again.map)
    assert not np.array_equal(first.map, other.map)
    assert np.allclose(first.map, vitcx_published.explain(subject, 5, batch=3).map, atol=1e-6)


def test_the_map_on_tokens_is_that_of_its_sets_written_out(subject):
    found = vitcx.explain(subject, 0)
    sets = masks.cluster(subject.before, vitcx.FULL).numpy()
    size = round(vitcx.SHARE * 16)
    total, count, scores = np.zeros(16), np.zeros(16), []
    for mask in sets:
        order = np.argsort(-mask, kind="stable")
        pooled = subject.chosen(torch.from_numpy(np.sort(order[:size]))[None])
        scores.append(float(subject.target.log_odds(pooled)))
    scores = np.array(scores) - np.mean(scores)
    for mask, score in zip(sets, scores, strict=True):
        order = np.argsort(-mask, kind="stable")
        total[order[:size]] += score * mask[order[:size]]
        count[order[:size]] += 1
    assert found.scores == pytest.approx(scores, abs=1e-3)
    mean = total / np.maximum(count, 1)
    mean[count == 0] = mean[count > 0].min()
    # Chefer's rule and gradient x token written out on the tokens of one pass with its graph.
    trace = subject.trace()
    score = subject.target.log_odds(trace.tokens.pooled).sum()
    relevance, added = torch.eye(len(trace.normed[0])), []
    for attention in trace.attentions:
        slope = torch.autograd.grad(score, attention, retain_graph=True)[0]
        relevance = relevance + (attention * slope)[0].float().clamp(min=0).mean(0) @ relevance
    for tokens in trace.entering[-2:]:
        slope = torch.autograd.grad(score, tokens, retain_graph=True)[0][0, trace.prefix :].detach().float()
        patches = tokens[0, trace.prefix :].detach().float()
        added.append(np.array([float((p - patches.mean(0)) @ s) for p, s in zip(patches, slope, strict=True)]))
    relevance = (relevance - torch.eye(len(relevance))).detach()
    rows = [relevance[0, trace.prefix :], relevance[trace.prefix :, trace.prefix :].mean(0)]
    attended = sum(row / row.sum() for row in rows).numpy()
    held, first, second, carried = ((m - m.min()) / np.ptp(m) for m in (mean, *added, attended))
    expected = ((held + first + second) * carried**vitcx.POWER).reshape(4, 4)
    assert found.map == pytest.approx(enlarged(expected, 56), abs=1e-3)


@pytest.mark.parametrize("most", [1, 3, 7, 1000])
def test_masks_merge_further_by_the_same_linkage(subject, most):
    fine, found = masks.cluster(subject.before), masks.cluster(subject.before, most)
    assert len(found) == min(most, len(fine))
    assert found.amin(1).tolist() == pytest.approx([0] * len(found))
    assert found.amax(1).tolist() == pytest.approx([1] * len(found))
    if most >= len(fine):
        assert torch.equal(found, fine)


def test_quick_reads_fewer_sets(subject, monkeypatch):
    monkeypatch.setattr(vitcx, "QUICK", 5)
    full, quick = vitcx.explain(subject, 0), vitcx.explain(subject, 0, quick=True)
    assert len(quick.scores) == len(quick.masks) == 5 < len(full.scores) <= vitcx.FULL
    assert {int(m.sum()) for m in full.masks} == {round(vitcx.SHARE * 16)}


def test_maps_that_agree_become_one_mask_and_others_stay_apart():
    ramp = torch.arange(16.0)
    columns = torch.arange(4.0).repeat(4)
    tokens = torch.stack([ramp, 3 * ramp + 5, columns, -ramp, 0.5 * columns - 1], dim=1)
    found = masks.cluster(tokens)
    assert len(found) == 3
    # In the order of each cluster's first channel: down, right, up.
    assert [int(m.argmax()) for m in found] == [15, 3, 0]


def test_constant_maps_are_dropped():
    tokens = torch.full((16, 6), 3.0)
    tokens[:, 2] = torch.arange(16.0)
    found = masks.cluster(tokens)
    assert found.shape == (1, 16)
    assert found[0].argmax() == 15


@pytest.mark.parametrize("path", [vitcx_published, vitcx], ids=["published", "tokens"])
def test_a_picture_in_which_nothing_varies_is_refused_in_words(path):
    sentence = "nothing varies in this picture, so there is nothing to explain; choose another one"
    with pytest.raises(RequestError, match=sentence):
        path.explain(seen(torch.ones(16, 5)), 0)


def test_a_score_that_never_changes_gives_a_flat_map(subject):
    still = replace(subject, target=Target(subject.target.value, lambda pooled: 0 * pooled.sum(1) + 3))
    found = vitcx.explain(still, 0)
    assert found.scores.tolist() == pytest.approx([0] * len(found.scores))
    assert np.ptp(found.map) == 0


def test_where_all_sets_score_alike_the_attention_has_the_word(subject):
    alike = replace(subject, chosen=lambda kept: subject.chosen(torch.arange(16).repeat(len(kept), 1)))
    found = vitcx.explain(alike, 0)
    assert found.scores.tolist() == pytest.approx([0] * len(found.scores), abs=1e-5)
    assert np.ptp(found.map) > 0


def test_every_seed_gives_the_same_map_on_tokens_bit_for_bit(subject):
    first, again, other = (vitcx.explain(subject, seed) for seed in (5, 5, 6))
    assert np.array_equal(first.map, again.map)
    assert np.array_equal(first.map, other.map)


def test_a_patch_counts_as_far_as_the_masks_are_there_and_one_that_no_set_holds_as_the_worst():
    kept = np.array([[1, 1, 0, 0], [0, 1, 1, 0]], bool)
    found = np.array([[1, 0.5, 0.4, 0], [0, 0.2, 1, 0.1]])
    assert vitcx.held(kept, found, np.array([3.0, -1.0])).tolist() == pytest.approx([3, 0.65, -1, -1])


def test_progress_is_told_to_the_end_and_an_exception_in_it_cancels(subject, monkeypatch):
    monkeypatch.setattr("dinoscope.explain.TOKENS", {"cpu": 24})
    told, made = [], []
    vitcx.explain(subject, 0, progress=lambda *step: told.append(step))
    assert told[-1][0] == told[-1][1] == len(vitcx.explain(subject, 0).scores)
    assert [done for done, _ in told] == sorted(done for done, _ in told)

    def counted(kept: torch.Tensor) -> torch.Tensor:
        made.append(len(kept))
        return subject.chosen(kept)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vitcx.explain(replace(subject, chosen=counted), 0, progress=stop)
    assert len(made) == 1


def test_sets_of_different_sizes_are_read_in_any_order(subject):
    rng = np.random.default_rng(0)
    kept = rng.random((9, 16)) < rng.random((9, 1))
    kept[:, 3] = True
    together = subject.through(kept, subject.target.value).numpy()
    alone = [float(subject.through(row[None], subject.target.value)) for row in kept]
    assert together == pytest.approx(alone, abs=1e-5)
    whole = subject.through(np.ones((1, 16), bool), subject.target.value)
    assert float(whole) == pytest.approx(float(subject.score(subject.pixels)), abs=1e-5)

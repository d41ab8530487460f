"""The losses are the papers'."""

import math

import numpy as np
import pytest
import torch

from dinoscope_lab.pretrain.dino import Dino, koleo, sinkhorn
from dinoscope_lab.pretrain.masked_views import info_nce
from dinoscope_lab.pretrain.objective import student
from dinoscope_lab.pretrain.views import Recipe
from fixtures.pretraining import blobs, seeded


def test_a_step_in_which_no_patch_is_hidden_still_counts_the_crops():
    objective = Dino(student(64, 2, 56), 56, Recipe(), local_views=2, prototypes=32, masked=(0.0, 0.0))
    loss, parts = objective.loss(torch.from_numpy(blobs(4)), seeded())
    assert torch.isfinite(loss)
    assert parts["ibot"] == 0
    assert parts["dino"] > 0


def test_sinkhorn_gives_every_picture_one_vote_and_every_prototype_its_share():
    scores = 2 * torch.randn(48, 16, generator=seeded())
    q = sinkhorn(scores, rounds=60)
    assert q.sum(1).numpy() == pytest.approx(np.ones(48), abs=1e-5)
    assert q.sum(0).numpy() == pytest.approx(np.full(16, 3.0), abs=1e-3)
    uneven = scores.softmax(1).sum(0)
    assert sinkhorn(scores).sum(0).std() < 0.2 * uneven.std(), "three rounds must already balance"


def test_sinkhorn_keeps_the_order_of_preference_when_nothing_has_to_give_way():
    scores = 5 * torch.eye(6)
    q = sinkhorn(scores)
    assert torch.equal(q.argmax(1), torch.arange(6))
    assert torch.allclose(q, scores.softmax(1), atol=1e-5)


def test_koleo_is_minus_the_mean_log_distance_to_the_nearest_neighbour():
    x = np.random.default_rng(0).standard_normal((12, 5))
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    distance = np.linalg.norm(unit[:, None] - unit[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    wanted = -np.log(distance.min(1)).mean()
    assert float(koleo(torch.tensor(x, dtype=torch.float32))) == pytest.approx(wanted, abs=1e-4)


def test_koleo_prefers_features_that_are_spread_out():
    spread, crowded = torch.eye(4), torch.eye(4) + 3
    assert koleo(spread) < koleo(crowded)
    assert float(koleo(spread)) == pytest.approx(-math.log(math.sqrt(2)), abs=1e-5)


def test_info_nce_is_the_log_loss_of_finding_the_twin():
    z = np.random.default_rng(1).standard_normal((10, 7))
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    losses = []
    for i in range(10):
        weight = np.exp(unit @ unit[i] / 0.2)
        losses.append(-np.log(weight[(i + 5) % 10] / (weight.sum() - weight[i])))
    found = info_nce(torch.tensor(z, dtype=torch.float32), 0.2)
    assert float(found) == pytest.approx(np.mean(losses), abs=1e-4)


def test_info_nce_vanishes_when_twins_agree_and_strangers_do_not():
    twins = torch.eye(4).repeat(2, 1)
    assert float(info_nce(twins, 0.05)) < 1e-6
    assert float(info_nce(torch.ones(8, 4), 0.05)) == pytest.approx(math.log(7), abs=1e-5)

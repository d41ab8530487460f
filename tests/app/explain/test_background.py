"""Empty background is found at the border alone, and kept where the score hangs on it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dinoscope.explain import Subject, Target, background

SIDE, GRID = 112, (8, 8)


@pytest.fixture
def head_in_air() -> np.ndarray:
    """[112, 112, 3]: noise in the middle, air around it with the faint noise of JPEG, a flat hole in the noise."""
    rng = np.random.default_rng(0)
    levels = rng.normal(0.02, 0.004, (SIDE, SIDE, 3))
    levels[28:84, 28:84] = rng.random((56, 56, 3))
    levels[42:70, 42:70] = 0.5
    return levels.clip(0, 1).astype(np.float32)


def watched(score) -> Subject:
    same = Target(score, score)
    nothing = lambda *_: None  # noqa: E731
    pixels, value = torch.zeros(1, 3, SIDE, SIDE), float(score(torch.arange(64)[None]))
    empty, seen = np.zeros(64, bool), lambda k: k.float()
    return Subject(pixels, torch.zeros(64, 4), GRID, same, value, nothing, seen, nothing, nothing, empty)


def test_the_air_round_a_head_is_empty_and_a_flat_place_inside_it_is_not(head_in_air):
    empty = background.find(head_in_air, GRID).reshape(GRID)
    assert empty[[0, 7]].all()
    assert empty[:, [0, 7]].all()
    assert not empty[2:6, 2:6].any()


def test_two_corners_of_different_colours_are_both_empty():
    levels = np.random.default_rng(0).random((SIDE, SIDE, 3)).astype(np.float32)
    levels[:28, :28], levels[-28:, -28:] = 0, 1
    empty = background.find(levels, GRID).reshape(GRID)
    assert empty[0, 0]
    assert empty[7, 7]
    assert empty.sum() <= 8


def test_a_picture_full_of_texture_and_a_blank_one_have_none():
    texture = np.random.default_rng(0).random((SIDE, SIDE, 3)).astype(np.float32)
    assert not background.find(texture, GRID).any()
    assert not background.find(np.full_like(texture, 0.3), GRID).any()


def test_a_shade_that_runs_across_the_picture_is_not_empty():
    ramp = np.broadcast_to(np.linspace(0, 1, SIDE)[None, :, None], (SIDE, SIDE, 3)).astype(np.float32)
    assert not background.find(ramp, GRID).any()


def test_background_stays_lit_only_where_the_score_hangs_on_it(head_in_air):
    indifferent = watched(lambda kept: torch.full((len(kept),), 0.7))
    settled, lost = background.settle(indifferent, head_in_air)
    assert settled.empty.any()
    assert lost == pytest.approx(0, abs=1e-6)
    # A score that counts the first patch, which is air.
    hanging = watched(lambda kept: (kept == 0).any(1).float())
    settled, lost = background.settle(hanging, head_in_air)
    assert not settled.empty.any()
    assert lost == pytest.approx(1)
    assert not background.settle(hanging, np.full_like(head_in_air, 0.5))[0].empty.any()

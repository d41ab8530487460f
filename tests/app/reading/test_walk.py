"""A pass over chosen tokens: with all of them the plain pass, with fewer one in which the others are not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from dinoscope.reading.encoder import Encoder
from fixtures.published import registers
from fixtures.tiny import drawn


@pytest.fixture(params=["plain", "registers"])
def network(request: pytest.FixtureRequest, tiny_backbone: Path, tmp_path: Path) -> Encoder:
    """A tiny network of each kind."""
    return Encoder(registers(tmp_path / "registers") if request.param == "registers" else tiny_backbone, request.param)


def seen(network: Encoder, *sets: list[int], hurried: bool = False) -> tuple:
    """Plain tokens of a picture, and its tokens through each of the sets."""
    pixels = network.pixels([drawn("colours", "red", 3)])
    return network.tokens(pixels), network.chosen(network.embed(pixels), torch.tensor(sets, dtype=torch.long), hurried)


def test_with_all_patches_kept_it_is_the_plain_pass(network):
    plain, kept = seen(network, list(range(16)))
    assert kept.pooled.numpy() == pytest.approx(plain.pooled.numpy(), abs=1e-5)
    assert kept.patches.numpy() == pytest.approx(plain.patches.numpy(), abs=1e-5)
    assert kept.before.numpy() == pytest.approx(plain.before.numpy(), abs=1e-5)


def test_the_order_in_which_patches_are_kept_changes_their_order_and_nothing_else(network):
    backwards = list(range(15, -1, -1))
    plain, kept = seen(network, backwards)
    assert kept.patches.numpy() == pytest.approx(plain.patches[:, backwards].numpy(), abs=1e-5)
    assert kept.pooled.numpy() == pytest.approx(plain.pooled.numpy(), abs=1e-5)


def test_each_set_is_read_by_itself(network):
    _, both = seen(network, [3, 4, 9], [0, 1, 15])
    assert both.patches.shape == both.before.shape == (2, 3, network.dim)
    assert both.pooled.shape[0] == 2
    assert both.grid == (1, 3)
    for i, alone in enumerate(([3, 4, 9], [0, 1, 15])):
        assert both.pooled[i].numpy() == pytest.approx(seen(network, alone)[1].pooled[0].numpy(), abs=1e-5)
    assert torch.equal(both.pooled, seen(network, [3, 4, 9], [0, 1, 15])[1].pooled)


def test_patches_that_are_not_kept_have_no_say(network):
    pixels = network.pixels([drawn("colours", "red", 3)])
    other = pixels.clone()
    other[:, :, 14:, :] = torch.randn(other[:, :, 14:, :].shape, generator=torch.Generator().manual_seed(0))
    top = torch.arange(4)[None]
    first, second = (network.chosen(network.embed(p), top).pooled for p in (pixels, other))
    assert first.numpy() == pytest.approx(second.numpy(), abs=1e-5)
    assert not np.allclose(first.numpy(), network.tokens(pixels).pooled.numpy(), atol=1e-3)


def test_bfloat16_and_a_hurried_pass_see_nearly_the_same(network, tiny_backbone):
    network.half_pays = True
    _, kept = seen(network, [0, 5, 6, 10])
    _, hurried = seen(network, [0, 5, 6, 10], hurried=True)
    assert hurried.pooled.dtype == torch.float32
    assert 0 < (hurried.pooled - kept.pooled).abs().max() < 0.1
    half = Encoder(tiny_backbone, "half", dtype=torch.bfloat16)
    pooled = seen(half, [0, 5, 6, 10])[1].pooled
    assert pooled.dtype == torch.float32
    assert pooled.isfinite().all()


def test_nothing_kept_is_refused(network):
    with pytest.raises(ValueError, match="at least one of its patches"):
        seen(network, [])

"""Alike places: pairs of patches that are each other's nearest."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dinoscope.reading.scope import unit
from dinoscope.see import places, sight
from dinoscope.see.axes import Axes
from fixtures.tiny import drawn


def test_shuffled_patches_find_their_own_places_again():
    here = unit(np.random.default_rng(0).normal(size=(30, 16)))
    order = np.random.default_rng(1).permutation(30)
    pairs = places.mutual(here, here[order], most=30)
    assert len(pairs) == 30
    assert all(order[p.there] == p.here for p in pairs)
    assert all(p.likeness == pytest.approx(1, abs=1e-6) for p in pairs)


def test_pairs_are_mutual_the_best_first_and_no_more_than_asked_for():
    rng = np.random.default_rng(2)
    here, there = unit(rng.normal(size=(40, 8))), unit(rng.normal(size=(50, 8)))
    likeness = here @ there.T
    pairs = places.mutual(here, there, most=5)
    assert len(pairs) == 5
    assert [p.likeness for p in pairs] == sorted((p.likeness for p in pairs), reverse=True)
    for p in pairs:
        assert likeness[p.here].argmax() == p.there
        assert likeness[:, p.there].argmax() == p.here


def test_a_picture_is_read_at_whole_patches_and_its_vectors_travel_as_bytes(encoder):
    pictures = [drawn("stripes", "across", i) for i in range(4)]
    tokens, empty = sight.read(encoder, pictures, side=100)
    assert tokens.shape == (4, 7 * 7, 64)
    assert not empty.any()
    axes = Axes.fit(sight.read(encoder, pictures)[0].reshape(-1, 64), size=8)
    seen = sight.look(encoder, axes, pictures[0])
    assert seen.grid == (28, 28)
    assert seen.colours.shape == (28, 28, 3)
    assert seen.vectors.shape == (784, 8)
    exact = axes.vectors(sight.read(encoder, pictures[:1])[0][0])
    np.testing.assert_allclose(unit(seen.vectors.astype(np.float32)) @ exact[0], exact @ exact[0], atol=0.02)
    assert seen.picture((64, 50)).size == (64, 50)


def test_the_last_blocks_tokens_are_those_of_the_plain_pass(encoder):
    pixels = encoder.pixels([drawn("colours", "red", 1)])
    np.testing.assert_array_equal(encoder.leaving(pixels, 0).numpy(), encoder.tokens(pixels).patches.numpy())
    assert not np.allclose(encoder.leaving(pixels, 1).numpy(), encoder.leaving(pixels, 0).numpy())


def test_the_empty_border_is_grey_and_has_no_part_in_the_colours(encoder):
    framed = [Image.new("RGB", (128, 128)) for _ in range(2)]
    for i, frame in enumerate(framed):
        frame.paste(drawn("stripes", "down", i), (32, 32))
    tokens, empty = sight.read(encoder, framed)
    assert 0.4 < empty.mean() < 0.8
    seen = sight.look(encoder, Axes.fit(tokens[~empty], size=8), framed[0])
    assert (seen.colours[0] == sight.GREY).all()
    assert (seen.colours[14, 14] != sight.GREY).any()

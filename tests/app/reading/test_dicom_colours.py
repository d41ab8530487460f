"""Colours of DICOM: RGB, YBR and palettes of every depth."""

from __future__ import annotations

import numpy as np
import pytest

from dinoscope.reading.images import read
from fixtures.dicom_files import colours, dataset, refusal, written


def test_rgb_arrives_unchanged():
    stored = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)
    assert np.array_equal(colours(dataset(stored)), stored)
    planar = dataset(stored, PlanarConfiguration=1, PixelData=stored.transpose(2, 0, 1).tobytes())
    assert np.array_equal(colours(planar), stored)
    assert read(written(dataset(stored))).facts == ("DICOM CT, 64 x 48 pixels, 8-bit colours",)


def test_ybr_is_converted():
    stored = np.empty((48, 64, 3), np.uint8)
    stored[:] = 76, 85, 255  # pure red, PS3.3 C.7.6.3.1.2
    assert np.abs(colours(dataset(stored, PhotometricInterpretation="YBR_FULL")) - [254, 0, 0]).max() <= 1


def test_16_bit_colours_keep_their_upper_bits():
    stored = np.random.default_rng(0).integers(0, 65536, (48, 64, 3)).astype(np.uint16)
    assert np.array_equal(colours(dataset(stored)), stored >> 8)


@pytest.mark.parametrize("bits", [8, 16])
def test_palette_colours(bits):
    stored = np.tile(np.arange(64, dtype=np.uint8), (48, 1))
    made = dataset(stored, PhotometricInterpretation="PALETTE COLOR")
    for name, ramp in {"Red": np.arange(64), "Green": np.arange(64)[::-1] * 4, "Blue": np.full(64, 200)}.items():
        setattr(made, f"{name}PaletteColorLookupTableDescriptor", [64, 0, bits])
        entries = (ramp * 257).astype("<u2") if bits == 16 else ramp.astype("u1")
        setattr(made, f"{name}PaletteColorLookupTableData", entries.tobytes())
    assert colours(made)[0, 10].tolist() == [10, 212, 200]


def test_unknown_colours_are_named_and_cannot_carry_markup():
    stored = np.zeros((48, 64, 3), np.uint8)
    assert refusal(dataset(stored, PhotometricInterpretation="HSV")) == (
        "The picture stores its colours as HSV, which cannot be read here. "
        "Export it as RGB or MONOCHROME2 and upload that."
    )
    assert "colours as ?b?X, which" in refusal(dataset(stored, PhotometricInterpretation="<b>X"))

"""Colours of DICOM: RGB, YBR and palettes of every depth."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import Dataset, uid

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


def palette(stored: np.ndarray, entries: np.ndarray, bits: int, syntax: str = uid.ExplicitVRLittleEndian) -> Dataset:
    """A picture whose three channels share one table of entries."""
    made = dataset(stored, syntax, PhotometricInterpretation="PALETTE COLOR")
    for name in ("Red", "Green", "Blue"):
        setattr(made, f"{name}PaletteColorLookupTableDescriptor", [len(entries) % 65536, 0, bits])
        setattr(made, f"{name}PaletteColorLookupTableData", entries.tobytes())
    return made


def test_a_dark_frame_does_not_change_the_depth_of_a_palette():
    """Its 16 bits are those of the whole table, not of the entries that this frame happens to use."""
    stored = np.tile(np.arange(64, dtype=np.uint8), (48, 1))
    entries = np.arange(256).astype("<u2") * 4
    assert np.array_equal(colours(palette(stored, entries, 16))[0, :, 0], np.arange(64) * 4 >> 8)


def test_entries_of_8_bits_stored_in_16():
    stored = np.tile(np.arange(64, dtype=np.uint8), (48, 1))
    for bits in (8, 16):
        assert np.array_equal(colours(palette(stored, np.arange(256).astype("<u2"), bits))[0, :, 0], np.arange(64))


def test_a_palette_of_more_than_256_entries_of_8_bits():
    stored = np.tile(np.arange(64, dtype=np.uint16) * 10, (48, 1))
    entries = (np.arange(1024) // 4).astype("u1")
    assert np.array_equal(colours(palette(stored, entries, 8))[0, :, 0], np.arange(64) * 10 // 4)


def test_a_palette_in_a_big_endian_file():
    stored = np.tile(np.arange(64, dtype=np.uint8), (48, 1))
    made = palette(stored, (np.arange(256) * 257).astype(">u2"), 16, uid.ExplicitVRBigEndian)
    assert np.array_equal(colours(made)[0, :, 0], np.arange(64))


def test_colours_of_few_bits_span_the_whole_range():
    stored = np.random.default_rng(0).integers(0, 32, (48, 64, 3)).astype(np.uint8)
    assert np.abs(colours(dataset(stored, BitsStored=5, HighBit=4)) - stored * (255 / 31)).max() <= 0.51


def test_colours_do_not_take_bits_above_the_stored_ones():
    stored = np.random.default_rng(0).integers(0, 4096, (48, 64, 3)).astype(np.uint16)
    assert np.array_equal(colours(dataset(stored | 0x8000, BitsStored=12, HighBit=11)), stored >> 4)

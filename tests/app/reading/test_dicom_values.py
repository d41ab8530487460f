"""What is not picture enters no grey, and the depth is the one that is declared."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import uid
from pydicom.pixels import compress

from dinoscope.reading.images import read
from fixtures.dicom_files import (
    TWELVE,
    compressed,
    dataset,
    float_pixels,
    grey,
    pillow,
    twelve_bit,
    written,
)


def disk(dtype: type = np.int16, padding: float = -2000, other: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """A disk of values from -100 to 200 in padding, and the greys that it should have."""
    y, x = np.mgrid[:64, :64]
    inside = (y - 32) ** 2 + (x - 32) ** 2 < 28**2
    values = np.full((64, 64), padding, dtype)
    values[inside] = np.linspace(-100, 200, inside.sum()).astype(dtype)
    if other is not None:
        values[~inside & (y < 32)] = other
    low, high = np.percentile(values[inside].astype(float), (1, 99.5))
    return values, np.clip((values.astype(float) - low) / (high - low), 0, 1) * 255


@pytest.mark.parametrize(("first", "limit"), [(-2000, -1500), (-1500, -2000), (65536 - 2000, 65536 - 1500)])
def test_a_range_of_padding_does_not_bend_the_percentiles(first, limit):
    """From either end, and with the pixels' own sign however it is spelled."""
    values, expected = disk(other=-1501)
    made = dataset(values)
    for keyword, value in (("PixelPaddingValue", first), ("PixelPaddingRangeLimit", limit)):
        made.add_new(keyword, "SS" if value < 0 else "US", value)
    assert np.abs(grey(made) - expected).max() <= 0.51


def test_padding_of_floating_point_pixels():
    values, expected = disk(np.float32, -1e6, -1e5)
    made = float_pixels(values, FloatPixelPaddingValue=-1e6, FloatPixelPaddingRangeLimit=-1e5)
    assert np.abs(grey(made) - expected).max() <= 0.51
    values, expected = disk(np.float64, -1e30)
    assert np.abs(grey(float_pixels(values, True, DoubleFloatPixelPaddingValue=-1e30)) - expected).max() <= 0.51


def test_padding_beyond_the_bits_that_are_stored():
    """Cells of 63536 beside 12-bit values: what is left of them in 12 bits is no value either."""
    values, expected = disk(padding=0)
    shifted = (values + 1000).astype(np.uint16)
    shifted[values == 0] = 63536
    inside = values != 0
    made = dataset(shifted, BitsStored=12, HighBit=11, PixelPaddingValue=63536)
    assert np.abs(grey(made)[inside] - expected[inside]).max() <= 1.1


def test_a_picture_of_nothing_but_padding_is_still_shown():
    assert (grey(dataset(np.full((48, 64), -5, np.int16), PixelPaddingValue=-5)) == 0).all()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("compression", ["none", "RLE", "JPEG 2000"])
def test_bits_above_the_stored_ones_are_no_part_of_the_value(compression, signed):
    """An overlay in the highest bits, as older files hold it, after every decoder."""
    values = TWELVE.astype(np.int16) - (2048 if signed else 0)
    stored = (values.view(np.uint16) & 0x0FFF) | (np.arange(64, dtype=np.uint16) % 2 << 15)
    window = {"WindowCenter": 0 if signed else 2048, "WindowWidth": 4096}
    representation = {"PixelRepresentation": int(signed)}
    made = twelve_bit(stored, **window, **representation)
    if compression == "JPEG 2000":
        stream = pillow(stored, "JPEG2000", no_jp2=True)
        made = compressed(stored, uid.JPEG2000Lossless, stream, BitsStored=12, HighBit=11, **window, **representation)
    elif compression == "RLE":
        compress(made, uid.RLELossless, encoding_plugin="pydicom")
    clean = dataset(values if signed else TWELVE, BitsStored=12, HighBit=11, **window)
    assert np.array_equal(grey(made), grey(clean))


def test_values_in_the_upper_bits():
    """High Bit 15 with 12 bits stored: the lower four are no part of the value."""
    stored = (TWELVE << 4) | 7
    made = dataset(stored, BitsStored=12, HighBit=15, WindowCenter=2048, WindowWidth=4096)
    assert np.array_equal(grey(made), grey(twelve_bit(WindowCenter=2048, WindowWidth=4096)))


def test_8_bits_in_16_are_shown_as_8_in_8():
    values = np.tile(np.arange(64, dtype=np.uint16) + 60, (48, 1))
    made = dataset(values, BitsStored=8, HighBit=7)
    assert np.array_equal(grey(made), values)
    assert read(written(made)).facts == (
        "DICOM CT, 64 x 48 pixels, 8-bit grey",
        "shown from 0 to 255, all that it can store",
    )


def test_signed_and_shallow_bits_are_shown_whole():
    signed = np.tile(np.arange(64, dtype=np.int16) - 30, (48, 1))
    assert np.array_equal(grey(dataset(signed, BitsStored=8, HighBit=7)), signed + 128)
    six = np.tile(np.arange(64, dtype=np.uint8) // 2, (48, 1))
    assert np.abs(grey(dataset(six, BitsStored=6, HighBit=5)) - six * (255 / 63)).max() <= 0.51


def test_a_dark_frame_of_8_bits_stays_dark_with_a_rescale():
    values = np.tile(np.arange(64, dtype=np.uint8), (48, 1))
    made = dataset(values, RescaleSlope=0.5, RescaleIntercept=-10)
    assert np.array_equal(grey(made), values)
    assert read(written(made)).facts[1] == "shown from -10 to 117.5, all that it can store"

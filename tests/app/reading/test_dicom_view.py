"""Showing DICOM: rescale, windows, tables, padding and depth, as the file asks for them."""

from __future__ import annotations

import numpy as np
import pytest

from dinoscope.reading.images import read
from fixtures.dicom_files import HU, dataset, grey, lookup, written


def ps3_linear(x: float, centre: float, width: float) -> float:
    """PS3.3 C.11.2.1.2.1, word by word, with y from 0 to 255."""
    if x <= centre - 0.5 - (width - 1) / 2:
        return 0
    if x > centre - 0.5 + (width - 1) / 2:
        return 255
    return ((x - (centre - 0.5)) / (width - 1) + 0.5) * 255


@pytest.mark.parametrize(("centre", "width"), [(40, 400), (-600, 1500), (300, 2), (100, 1), (500.5, 2000.25)])
def test_rescale_and_window_follow_the_standard(centre, width):
    """Stored values are half the Hounsfield units plus 512."""
    stored = ((HU + 1024) // 2).astype(np.uint16)
    made = dataset(stored, RescaleSlope=2, RescaleIntercept=-1024, WindowCenter=centre, WindowWidth=width)
    shades = grey(made)
    for place in [(0, 0), (10, 3), (20, 7), (21, 60), (30, 30), (47, 63)]:
        units = int(stored[place]) * 2 - 1024
        assert abs(shades[place] - ps3_linear(units, centre, width)) <= 0.51, (place, units)
    assert read(written(made)).facts == (
        "DICOM CT, 64 x 48 pixels, 16-bit grey",
        f"window {centre:g}/{width:g} (centre/width), as the file asks",
    )


def test_the_textbook_values_of_the_standard():
    """PS3.3 C.11.2.1.2.1 note 3: centre 2048, width 4096 maps 0 to 0 and 4095 to the maximum; width 1 is a step."""
    twelve = np.zeros((40, 40), np.uint16)
    twelve[0, :3] = 0, 2048, 4095
    assert grey(dataset(twelve, WindowCenter=2048, WindowWidth=4096))[0, :3].tolist() == [0, 128, 255]
    assert grey(dataset(twelve, WindowCenter=2048, WindowWidth=1))[0, :3].tolist() == [0, 255, 255]


def test_linear_exact_and_sigmoid_windows():
    window = {"WindowCenter": 100, "WindowWidth": 400}
    x = HU.astype(float)
    exact = 255 * np.clip((x - 100) / 400 + 0.5, 0, 1)
    sigmoid = 255 / (1 + np.exp(-4 * (x - 100) / 400))
    assert np.abs(grey(dataset(HU, VOILUTFunction="LINEAR_EXACT", **window)) - exact).max() <= 0.51
    assert np.abs(grey(dataset(HU, VOILUTFunction="SIGMOID", **window)) - sigmoid).max() <= 0.51


def test_the_first_of_several_windows_is_used():
    several = dataset(HU, WindowCenter=[40, -600], WindowWidth=[400, 1500])
    assert np.array_equal(grey(several), grey(dataset(HU, WindowCenter=40, WindowWidth=400)))


def test_without_a_window_two_percentiles_bound_the_greys():
    low, high = np.percentile(HU, (1, 99.5))
    expected = 255 * np.clip((HU - low) / (high - low), 0, 1)
    assert np.abs(grey(dataset(HU)) - expected).max() <= 0.51
    assert (
        read(written(dataset(HU))).facts[1]
        == f"shown from {low:g} to {high:g} (1st to 99.5th percentile of its values)"
    )


@pytest.mark.parametrize(("centre", "width"), [(40, 0), (40, -5), (30000, 10)])
def test_a_window_that_shows_nothing_gives_way_to_the_percentiles(centre, width):
    assert np.array_equal(grey(dataset(HU, WindowCenter=centre, WindowWidth=width)), grey(dataset(HU)))


def test_padding_around_a_scan_does_not_bend_the_percentiles():
    padded = HU.copy()
    padded[:, :20] = -30000
    inside = HU[:, 20:]
    low, high = np.percentile(inside, (1, 99.5))
    expected = 255 * np.clip((inside - low) / (high - low), 0, 1)
    assert np.abs(grey(dataset(padded, PixelPaddingValue=-30000))[:, 20:] - expected).max() <= 0.51


def test_8_bit_without_a_window_is_shown_as_stored():
    stored = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64) // 2
    assert np.array_equal(grey(dataset(stored)), stored)
    assert read(written(dataset(stored))).facts[1] == "shown from 0 to 255, all that it can store"


def test_monochrome1_is_the_negative_of_monochrome2():
    for window in ({}, {"WindowCenter": 40, "WindowWidth": 400}):
        plain, inverse = dataset(HU, **window), dataset(HU, PhotometricInterpretation="MONOCHROME1", **window)
        assert np.array_equal(grey(inverse), 255 - grey(plain))
    assert read(written(inverse)).facts[2] == "inverted, as its lowest value stands for white (MONOCHROME1)"


@pytest.mark.parametrize("kind", ["US", "OW"])
def test_a_table_of_values_of_interest_wins_over_the_window(kind):
    stored = np.tile(np.arange(64, dtype=np.uint16), (48, 1))
    table = [(k * k) for k in range(32)]
    made = dataset(stored, VOILUTSequence=[lookup(10, table, 10, kind)], WindowCenter=40, WindowWidth=400)
    expected = np.asarray(table)[np.clip(stored.astype(int) - 10, 0, 31)] * 255 / 1023
    assert np.abs(grey(made) - expected).max() <= 0.51
    assert read(written(made)).facts[1] == "shown through the file's own table"


def test_an_8_bit_table_over_12_bit_values_does_not_wrap():
    """pydicom 3.0 wraps the values at 256 here; a table of our own does not."""
    stored = np.full((48, 64), 300, np.uint16)
    stored[:24] = 5
    made = dataset(stored, VOILUTSequence=[lookup(0, list(range(256)), 8)])
    assert grey(made)[[0, 47], 0].tolist() == [5, 255]


def test_a_modality_table_comes_before_the_window():
    stored = np.tile(np.arange(64, dtype=np.uint16), (48, 1))
    item = lookup(0, [k * 100 for k in range(64)], 16)
    item.ModalityLUTType = "HU"
    made = dataset(stored, ModalityLUTSequence=[item], WindowCenter=3000, WindowWidth=2000)
    assert abs(grey(made)[0, 33] - ps3_linear(3300, 3000, 2000)) <= 0.51

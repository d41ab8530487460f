"""The file's own view: windows and tables of greys, at every place where the standard allows them."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import Dataset, uid

from dinoscope.reading.images import read
from fixtures.dicom_files import (
    CURVE,
    CURVED,
    HU,
    TWELVE,
    dataset,
    float_pixels,
    grey,
    lookup,
    ps3_linear,
    twelve_bit,
    written,
)


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


def group(**elements) -> Dataset:
    """A functional group with one Frame VOI LUT item."""
    item, made = Dataset(), Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    made.FrameVOILUTSequence = [item]
    return made


@pytest.mark.parametrize("place", ["per frame", "shared", "data set"])
def test_a_table_of_greys_is_found_at_every_place_the_standard_allows(place):
    table = lookup(0, CURVE.tolist(), 12, "OW")
    made = twelve_bit(np.stack([TWELVE, TWELVE[::-1]]))
    if place == "per frame":
        made.PerFrameFunctionalGroupsSequence = [group(VOILUTSequence=[table]), group(VOILUTSequence=[table])]
    elif place == "shared":
        made.SharedFunctionalGroupsSequence = [group(VOILUTSequence=[table])]
        made.PerFrameFunctionalGroupsSequence = [Dataset(), Dataset()]
    else:
        made.VOILUTSequence = [table]
    assert np.abs(grey(made, 1) - CURVED).max() <= 0.51
    assert read(written(made), 2).facts[1] == "shown through the file's own table"


def test_a_frames_own_window_comes_before_a_table_for_all():
    made = twelve_bit(np.stack([TWELVE, TWELVE]), VOILUTSequence=[lookup(0, CURVE.tolist(), 12)])
    made.PerFrameFunctionalGroupsSequence = [group(WindowCenter=1000, WindowWidth=500), Dataset()]
    assert abs(grey(made, 1)[20, 7] - ps3_linear(int(TWELVE[20, 7]), 1000, 500)) <= 0.51
    assert np.abs(grey(made, 2) - CURVED).max() <= 0.51


def test_tables_of_big_endian_files():
    """16-bit entries in the file's order; 8-bit entries two in a word, so that each pair is turned round."""
    made = twelve_bit(syntax=uid.ExplicitVRBigEndian)
    made.PixelData = TWELVE.astype(">u2").tobytes()
    item = lookup(0, CURVE.tolist(), 12, "OW")
    item.LUTData = CURVE.astype(">u2").tobytes()
    made.VOILUTSequence = [item]
    assert np.abs(grey(made) - CURVED).max() <= 0.51
    item.LUTDescriptor = [4096, 0, 8]
    item.LUTData = (CURVE >> 4).astype("u1").reshape(-1, 2)[:, ::-1].tobytes()
    assert np.abs(grey(made) - (CURVE >> 4)[TWELVE]).max() <= 0.51


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_a_modality_table_of_any_depth(bits):
    entries = np.linspace(0, 2**bits - 1, 4096).astype(int)
    item = lookup(0, entries.tolist(), bits)
    item.ModalityLUTType = "US"
    made = twelve_bit(ModalityLUTSequence=[item], WindowCenter=2 ** (bits - 1), WindowWidth=2**bits)
    expected = [ps3_linear(x, 2 ** (bits - 1), 2**bits) for x in entries[TWELVE].ravel()]
    assert np.abs(grey(made).ravel() - expected).max() <= 0.51


@pytest.mark.parametrize("spelling", ["SS", "US"])
def test_a_table_that_begins_below_zero_however_its_first_value_is_spelled(spelling):
    """Hounsfield units from -1000: what the rescale makes negative, the descriptor means as negative."""
    entries = np.linspace(0, 4095, 3001).astype(int)
    item = lookup(0, entries.tolist(), 12)
    del item.LUTDescriptor
    item.add_new("LUTDescriptor", spelling, [3001, -1000 if spelling == "SS" else 65536 - 1000, 12])
    made = dataset((HU + 1024).astype(np.uint16), RescaleSlope=1, RescaleIntercept=-1024, VOILUTSequence=[item])
    assert np.abs(grey(made) - entries[HU.astype(int) + 1000] / 4095 * 255).max() <= 0.51


def test_not_a_number_and_infinities_go_through_tables_and_windows():
    values = TWELVE.astype(np.float32)
    values[0, :3] = np.nan, np.inf, -np.inf
    through_table = grey(float_pixels(values, VOILUTSequence=[lookup(0, CURVE.tolist(), 12)]))
    assert through_table[0, :3].tolist() == [0, 255, 0]
    assert np.abs(through_table[1:] - CURVED[1:]).max() <= 0.51
    for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        window = {"WindowCenter": 2048, "WindowWidth": 4096, "VOILUTFunction": function}
        assert grey(float_pixels(values, **window))[0, :3].tolist() == [0, 255, 0]


@pytest.mark.parametrize(("bits", "shift"), [(16, 2), (12, 4), (16, 8)])
def test_a_table_that_uses_less_than_half_of_its_bits_ends_at_its_largest_entry_and_says_so(bits, shift):
    made = twelve_bit(VOILUTSequence=[lookup(0, (CURVE >> shift).tolist(), bits)])
    largest = 4095 >> shift
    assert np.abs(grey(made) - (CURVE >> shift)[TWELVE] / largest * 255).max() <= 0.51
    assert read(written(made)).warnings == (
        f"The file's own table declares {bits} bits, but its entries end at {largest}: that is shown as white.",
    )


@pytest.mark.parametrize(
    ("elements", "told"),
    [
        (
            {"WindowCenter": 30000, "WindowWidth": 10},
            "window cannot be used (window 30000/10 (centre/width), as the file asks, which shows nothing",
        ),
        (
            {"WindowCenter": 40, "WindowWidth": 0},
            "window cannot be used (The (0028,1051) Window Width must be greater than or equal to 1 for a 'LINEAR'",
        ),
        ({"VOILUTSequence": [lookup(0, [7] * 16, 8)]}, "table of greys cannot be used (shown through the file's own"),
        ({"VOILUTSequence": [lookup(0, [], 8)]}, "table of greys cannot be used ("),
        ({"RescaleSlope": 0, "RescaleIntercept": 5}, "scale of measured values cannot be used (its slope is 0)."),
    ],
)
def test_a_view_that_cannot_be_used_is_told(elements, told):
    decoded = read(written(dataset(HU, **elements)))
    assert "percentile" in decoded.facts[1]
    assert decoded.warnings[0].startswith(f"The file's own {told}")

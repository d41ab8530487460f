"""DICOM that is sound but spelled oddly: read, with a word about it, or refused for the right reason."""

from __future__ import annotations

import io
import zlib

import gdcm
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread, uid
from pydicom.encaps import encapsulate
from pydicom.pixels import compress

from dinoscope.reading.images import read
from fixtures.dicom_files import HU, RGB, by_gdcm, colours, compressed, dataset, grey, pillow, refusal, written

WINDOWED = {"WindowCenter": "40", "WindowWidth": "400"}


def respelled(data: bytes, old: bytes, new: bytes) -> bytes:
    """A file with a value of the same length that pydicom would not write."""
    assert data.count(old) == 1
    assert len(old) == len(new)
    return data.replace(old, new)


# Numbers


def test_a_decimal_comma_is_read_and_told():
    data = written(dataset(HU, WindowCenter="2048", WindowWidth="400"))
    decoded = read(respelled(data, b"DS\x04\x002048", b"DS\x04\x0040,8"))
    assert np.array_equal(np.asarray(decoded.picture)[..., 0], grey(dataset(HU, WindowCenter=40.8, WindowWidth=400)))
    assert decoded.warnings == ('The file writes its Window Center as "40,8", with a comma; it was read as 40.8.',)


@pytest.mark.parametrize("junk", [b"wide", b"1e99", b"--40", b"NaN "])
def test_a_window_that_is_no_number_is_ignored_and_told(junk):
    data = written(dataset(HU, WindowCenter="40", WindowWidth="2048"))
    decoded = read(respelled(data, b"DS\x04\x002048", b"DS\x04\0" + junk))
    if junk != b"1e99":  # a number, if a wide one: all is the same grey
        assert "which is no number; it was ignored." in decoded.warnings[0]
    assert "percentile" in decoded.facts[1]


def test_a_rescale_with_a_comma_and_a_broken_second_value():
    data = written(dataset(HU, RescaleSlope="1.25", RescaleIntercept="-100", WindowCenter="10\\77", WindowWidth="400"))
    data = respelled(data, b"1.25", b"1,25")
    decoded = read(respelled(data, b"10\\77", b"10\\xx"))
    expected = grey(dataset(HU, RescaleSlope=1.25, RescaleIntercept=-100, WindowCenter=10, WindowWidth=400))
    assert np.array_equal(np.asarray(decoded.picture)[..., 0], expected)
    assert len(decoded.warnings) == 1


@pytest.mark.parametrize("frames", [b"1.0 ", b"one ", b"-1  ", b"1,0 "])
def test_a_number_of_frames_however_it_is_written(frames):
    data = written(dataset(HU, NumberOfFrames="1111", **WINDOWED))
    decoded = read(respelled(data, b"IS\x04\x001111", b"IS\x04\0" + frames))
    assert decoded.frames == 1
    assert np.array_equal(np.asarray(decoded.picture)[..., 0], grey(dataset(HU, **WINDOWED)))


def test_odd_depths_are_put_right():
    for elements in ({"BitsStored": 0}, {"BitsStored": 200}, {"HighBit": 99}, {"PixelRepresentation": 7}):
        assert read(written(dataset(HU.astype(np.uint16) % 4000, **elements))).picture.size == (64, 48)
    assert read(written(dataset(HU, BitsStored=200))).warnings == (
        "The file says that 200 bits of 16 are used, which cannot be; all are taken.",
    )


def test_an_unknown_kind_of_window_is_shown_as_a_linear_one_and_told():
    decoded = read(written(dataset(HU, VOILUTFunction="linear ", **WINDOWED)))
    assert decoded.warnings == ()
    decoded = read(written(dataset(HU, VOILUTFunction="GAMMA", **WINDOWED)))
    assert np.array_equal(np.asarray(decoded.picture)[..., 0], grey(dataset(HU, **WINDOWED)))
    assert decoded.warnings == ('The file asks for a window of the kind "GAMMA": shown as a linear one.',)


# Colours


@pytest.mark.parametrize("spelling", ["Monochrome2", "monochrome2", "MONOCHROME 2", "MONOCHROME_2", " MONOCHROME2\0"])
def test_photometric_interpretation_in_any_spelling(spelling):
    made = dataset(HU, PhotometricInterpretation=spelling, **WINDOWED)
    assert np.array_equal(grey(made), grey(dataset(HU, **WINDOWED)))
    assert read(written(made)).warnings == ()
    assert np.array_equal(colours(dataset(RGB, PhotometricInterpretation="rgb")), RGB)


@pytest.mark.parametrize("photometric", [None, "", "GREY", "RGB"])
def test_one_value_a_pixel_leaves_nothing_else_to_guess(photometric):
    made = dataset(HU, **WINDOWED)
    if photometric is None:
        del made.PhotometricInterpretation
    else:
        made.PhotometricInterpretation = photometric
    assert np.array_equal(grey(made), grey(dataset(HU, **WINDOWED)))
    says = f'says "{photometric}"' if photometric else "does not say"
    assert read(written(made)).warnings == (f"The file {says} how its 1 value a pixel are meant: read as MONOCHROME2.",)


def test_three_values_without_a_name_are_red_green_and_blue():
    made = dataset(RGB)
    del made.PhotometricInterpretation, made.PlanarConfiguration
    assert np.array_equal(colours(made), RGB)
    assert "read as RGB" in read(written(made)).warnings[0]
    made = dataset(RGB)
    del made.SamplesPerPixel
    assert np.array_equal(colours(made), RGB)


# Compression that the file does not admit to


def scene() -> np.ndarray:
    halves = np.zeros((64, 64, 3), np.uint8)
    halves[:, :32], halves[:, 32:] = (200, 30, 40), (20, 60, 180)
    return halves


def relabelled(data: bytes, syntax: uid.UID) -> bytes:
    """A file under another transfer syntax than its own."""
    own = dcmread(io.BytesIO(data)).file_meta.TransferSyntaxUID
    length = max(len(own) + len(own) % 2, len(syntax) + len(syntax) % 2)
    assert len(own) + len(own) % 2 == length, "choose a name that is not longer"
    return data.replace(own.encode().ljust(length, b"\0"), syntax.encode().ljust(length, b"\0"), 1)


def test_compressed_pixels_in_a_file_that_says_it_is_uncompressed():
    stream = pillow(scene(), "JPEG", quality=95)
    data = written(compressed(scene(), uid.JPEGBaseline8Bit, stream, PhotometricInterpretation="YBR_FULL_422"))
    decoded = read(relabelled(data, uid.ExplicitVRLittleEndian))
    assert np.abs(np.asarray(decoded.picture).astype(int) - np.asarray(Image.open(io.BytesIO(stream)))).max() <= 2
    assert decoded.warnings == (
        "The file says that it is uncompressed, but its pixels are compressed: read as JPEG Baseline (Process 1).",
    )


GDCM = {
    "JPEG Lossless": gdcm.TransferSyntax.JPEGLosslessProcess14_1,
    "JPEG-LS": gdcm.TransferSyntax.JPEGLSLossless,
}


@pytest.mark.parametrize("kind", ["JPEG 2000", "JPEG Lossless", "JPEG-LS"])
@pytest.mark.parametrize("label", [uid.ExplicitVRLittleEndian, uid.JPEGBaseline8Bit])
def test_the_streams_own_marker_decides(kind, label, tmp_path):
    values = scene()[..., 0]
    if kind in GDCM:
        data = by_gdcm(dataset(values), GDCM[kind], tmp_path)
    else:
        data = written(compressed(values, uid.JPEG2000Lossless, pillow(values, "JPEG2000", no_jp2=True)))
    decoded = read(relabelled(data, label))
    assert np.array_equal(np.asarray(decoded.picture)[..., 0], values)
    assert f"read as {kind}" in decoded.warnings[0]


def test_run_lengths_in_a_file_that_says_it_is_uncompressed():
    made = dataset(HU, **WINDOWED)
    compress(made, uid.RLELossless, encoding_plugin="pydicom")
    decoded = read(relabelled(written(made), uid.ExplicitVRLittleEndian))
    assert np.array_equal(np.asarray(decoded.picture)[..., 0], grey(dataset(HU, **WINDOWED)))
    assert "read as RLE Lossless" in decoded.warnings[0]


def test_native_pixels_in_a_file_that_says_it_is_compressed():
    decoded = read(relabelled(written(dataset(HU, **WINDOWED)), uid.RLELossless))
    assert np.array_equal(np.asarray(decoded.picture)[..., 0], grey(dataset(HU, **WINDOWED)))
    assert decoded.warnings == ("The file says that it is compressed (RLE Lossless), but its pixels are not.",)


def test_compressed_items_of_a_known_length_are_compressed_all_the_same():
    made = dataset(scene()[..., 0], uid.JPEG2000Lossless)
    made.PixelData = encapsulate([pillow(scene()[..., 0], "JPEG2000", no_jp2=True)])
    made["PixelData"].is_undefined_length = True
    data = written(made)
    place = data.index(b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff")
    length = len(made.PixelData)
    data = data[: place + 8] + length.to_bytes(4, "little") + data[place + 12 :][:length]
    assert np.array_equal(np.asarray(read(data).picture)[..., 0], scene()[..., 0])


def test_pixels_that_are_really_missing_are_still_cut_short():
    made = dataset(HU)
    made.PixelData = made.PixelData[:100]
    assert refusal(made).startswith("The picture is cut short")


# Unusual but sound


def test_a_transfer_syntax_padded_with_a_space():
    data = written(dataset(HU, **WINDOWED)).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1 ")
    assert np.array_equal(np.asarray(read(data).picture)[..., 0], grey(dataset(HU, **WINDOWED)))


@pytest.mark.parametrize("packing", ["zlib", "none"])
def test_a_deflated_file_with_zlibs_header_or_not_deflated_at_all(packing):
    deflated = written(dataset(HU, uid.DeflatedExplicitVRLittleEndian, **WINDOWED))
    start = 144 + int.from_bytes(deflated[140:144], "little")
    plain = zlib.decompress(deflated[start:], -zlib.MAX_WBITS)
    decoded = read(deflated[:start] + (zlib.compress(plain) if packing == "zlib" else plain))
    assert np.array_equal(np.asarray(decoded.picture)[..., 0], grey(dataset(HU, **WINDOWED)))


def test_what_is_missing_is_named():
    made = dataset(HU)
    del made.Rows
    assert refusal(made) == (
        "The picture cannot be read as DICOM: it does not say how many rows and columns its picture has. "
        "Export it again and upload that."
    )
    made = dataset(HU, SamplesPerPixel=2)
    assert refusal(made).startswith("The picture stores its colours as 2 values a pixel (MONOCHROME2), which cannot")


@pytest.mark.parametrize("keyword", ["PixelSpacing", "ImagerPixelSpacing", "PixelAspectRatio"])
def test_pixels_that_are_not_square_are_told(keyword):
    assert read(written(dataset(HU, **{keyword: ["1", "2"]}))).warnings == (
        "Its pixels are not square (1 high, 2 wide), so shapes look squeezed here.",
    )
    assert read(written(dataset(HU, **{keyword: ["2", "2"]}))).warnings == ()

"""DICOM files as they are written: frames, transfer syntaxes, compression."""

from __future__ import annotations

import io
from pathlib import Path

import gdcm
import numpy as np
import pytest
from PIL import Image, ImageFile
from pydicom import Dataset, dcmwrite, uid
from pydicom.data import get_testdata_file
from pydicom.pixels import compress

from dinoscope.reading.images import ImageError, read
from fixtures.dicom_files import (
    FRAMES,
    HU,
    RGB,
    UNSIGNED,
    WINDOW,
    by_gdcm,
    colours,
    compressed,
    dataset,
    grey,
    pillow,
    ps3_linear,
    refusal,
    written,
)


def test_the_middle_frame_is_shown_first():
    decoded = read(written(dataset(FRAMES)))
    assert (decoded.frames, decoded.frame) == (5, 3)
    assert np.asarray(decoded.picture)[0, 0, 0] == 3
    assert decoded.facts[-1] == "frame 3 of 5"


def test_frames_count_from_1():
    assert [grey(dataset(FRAMES), frame)[0, 0] for frame in (1, 2, 5)] == [1, 2, 5]


def test_a_frame_that_is_not_there_is_refused(tmp_path):
    (tmp_path / "scan.dcm").write_bytes(written(dataset(FRAMES)))
    with pytest.raises(ImageError) as caught:
        read(tmp_path / "scan.dcm", 6)
    assert str(caught.value) == ('"scan.dcm" holds 5 frames; there is no frame 6. Choose 1 to 5 with the frame slider.')


def test_enhanced_objects_keep_rescale_and_window_in_groups():
    """The rescale is shared by all frames; every frame has a window of its own."""
    scale, first, second = Dataset(), Dataset(), Dataset()
    scale.RescaleSlope, scale.RescaleIntercept = 2, -1024
    first.WindowCenter, first.WindowWidth = 40, 400
    second.WindowCenter, second.WindowWidth = -600, 1500
    shared, frames = Dataset(), [Dataset(), Dataset()]
    shared.PixelValueTransformationSequence = [scale]
    for group, window in zip(frames, (first, second), strict=True):
        group.FrameVOILUTSequence = [window]
    stored = ((HU + 1024) // 2).astype(np.uint16)
    made = dataset(
        np.stack([stored, stored]),
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=frames,
    )
    units = int(stored[20, 7]) * 2 - 1024
    assert abs(grey(made, 1)[20, 7] - ps3_linear(units, 40, 400)) <= 0.51
    assert abs(grey(made, 2)[20, 7] - ps3_linear(units, -600, 1500)) <= 0.51


# How a file is written


@pytest.mark.parametrize(
    "syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian]
)
def test_uncompressed_syntaxes_agree(syntax):
    assert np.array_equal(grey(dataset(HU, syntax)), grey(dataset(HU)))


def test_big_endian_agrees():
    made = dataset(HU, uid.ExplicitVRBigEndian)
    made.PixelData = HU.astype(">i2").tobytes()
    assert np.array_equal(grey(made), grey(dataset(HU)))


@pytest.mark.parametrize("syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian])
def test_a_file_without_preamble_or_extension_is_recognised(syntax, tmp_path):
    with_meta = written(dataset(HU, syntax), preamble=False)
    stream = io.BytesIO()
    bare = dataset(HU, syntax)
    dcmwrite(stream, bare, implicit_vr=syntax.is_implicit_VR, little_endian=True, enforce_file_format=False)
    for k, data in enumerate([with_meta, stream.getvalue().split(b"DICM", 1)[-1]]):
        (tmp_path / f"IM{k}").write_bytes(data)
        assert np.array_equal(np.asarray(read(tmp_path / f"IM{k}").picture)[..., 0], grey(dataset(HU)))


def test_a_bare_data_set_is_recognised():
    whole = written(dataset(HU))
    bare = whole[whole.index(b"\x08\0\x16\0UI") :]
    assert np.array_equal(grey(bare), grey(dataset(HU)))


def test_float_pixels():
    made = dataset(HU)
    del made.PixelData, made.BitsStored, made.HighBit, made.PixelRepresentation
    made.BitsAllocated = 32
    made.FloatPixelData = HU.astype("<f4").tobytes()
    assert np.array_equal(grey(made), grey(dataset(HU)))
    made.FloatPixelData = np.full(HU.shape, np.nan, "<f4").tobytes()
    assert refusal(made) == (
        "The picture holds no number: every pixel is NaN or infinite. Export it again with its values."
    )


# Compression


GDCM_SYNTAXES = [
    (uid.JPEGLosslessSV1, gdcm.TransferSyntax.JPEGLosslessProcess14_1),
    (uid.JPEGLossless, gdcm.TransferSyntax.JPEGLosslessProcess14),
    (uid.JPEGLSLossless, gdcm.TransferSyntax.JPEGLSLossless),
]


@pytest.mark.parametrize(("syntax", "encoder"), GDCM_SYNTAXES)
@pytest.mark.parametrize("values", [UNSIGNED, HU, RGB, RGB.astype(np.uint16) * 257], ids=["u16", "i16", "RGB", "RGB16"])
def test_jpeg_lossless_and_jpeg_ls_keep_every_pixel(syntax, encoder, values, tmp_path):
    plain = dataset(values, WindowCenter=40, WindowWidth=400)
    data = by_gdcm(plain, encoder, tmp_path)
    assert syntax.encode() in data
    assert np.array_equal(np.asarray(read(data).picture), colours(plain))


def test_rle_keeps_every_pixel():
    made = dataset(HU, WindowCenter=40, WindowWidth=400)
    compress(made, uid.RLELossless, encoding_plugin="pydicom")
    assert np.array_equal(grey(made), grey(dataset(HU, WindowCenter=40, WindowWidth=400)))
    made = dataset(FRAMES)
    compress(made, uid.RLELossless, encoding_plugin="pydicom")
    assert [grey(made, frame)[0, 0] for frame in (1, 4)] == [1, 4]


def test_jpeg_2000_keeps_every_pixel():
    deep = compressed(UNSIGNED, uid.JPEG2000Lossless, pillow(UNSIGNED, "JPEG2000", no_jp2=True), **WINDOW)
    assert np.array_equal(grey(deep), grey(dataset(UNSIGNED, **WINDOW)))
    stream = pillow(RGB, "JPEG2000", no_jp2=True, mct=1)
    coloured = compressed(RGB, uid.JPEG2000, stream, PhotometricInterpretation="YBR_RCT")
    assert np.array_equal(colours(coloured), RGB)


def test_jpeg_2000_that_pillow_finds_broken_goes_to_gdcm():
    """A file that comes with pydicom; OpenJPEG, called directly, finds the same mean."""
    file = Path(get_testdata_file("GDCMJ2K_TextGBR.dcm", download=False))
    assert np.asarray(read(file).picture).mean() == pytest.approx(124.43588125)


def test_jpeg_baseline_is_what_pillow_makes_of_it():
    stored = np.asarray(Image.fromarray(RGB).resize((64, 48)).reduce(8).resize((64, 48)))
    stream = pillow(stored, "JPEG", quality=95, subsampling=0)
    made = compressed(stored, uid.JPEGBaseline8Bit, stream, PhotometricInterpretation="YBR_FULL_422")
    assert np.abs(colours(made) - np.asarray(Image.open(io.BytesIO(stream)))).max() <= 2
    grey_stream = pillow(stored[..., 0], "JPEG", quality=95)
    made = compressed(stored[..., 0], uid.JPEGBaseline8Bit, grey_stream)
    assert np.array_equal(grey(made), np.asarray(Image.open(io.BytesIO(grey_stream))))


def test_a_syntax_that_nothing_decodes_is_named():
    video = compressed(RGB, uid.MPEG4HP41, b"\0\0\0\1video!")
    assert refusal(video) == (
        "The picture is compressed as MPEG-4 AVC/H.264 High Profile / Level 4.1 (1.2.840.10008.1.2.4.102), "
        "which cannot be decoded here. Export it uncompressed (Explicit VR Little Endian) and upload that."
    )
    high_throughput = compressed(HU, uid.HTJ2KLossless, b"\xff\x4f\xff\x51")
    assert "compressed as High-Throughput JPEG 2000" in refusal(high_throughput)
    unheard_of = written(dataset(HU)).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9<b>\0\0")
    assert "compressed as 1.2.840.10008.9?b?, which" in refusal(unheard_of)


def test_12_bit_jpeg_is_a_syntax_that_nothing_decodes():
    made = compressed(UNSIGNED, uid.JPEGExtended12Bit, b"\xff\xd8\xff\xd9", BitsStored=12, HighBit=11)
    assert refusal(made).startswith("The picture is compressed as JPEG Extended (Process 2 and 4)")


def test_a_compressed_frame_larger_than_it_claims_is_refused_before_decoding(monkeypatch):
    decoded = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: decoded.append(image.size))
    stream = pillow(np.zeros((3000, 3000), np.uint8), "JPEG")
    assert refusal(compressed(np.zeros((64, 64), np.uint8), uid.JPEGBaseline8Bit, stream)) == (
        "The picture cannot be read as DICOM: it says that it has 64 x 64 pixels, but its compressed frame "
        "has 3000 x 3000. Export it again and upload that."
    )
    assert decoded == []

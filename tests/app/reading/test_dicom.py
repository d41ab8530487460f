"""Reading DICOM: rescale, window, photometric interpretation, frames, compression, and every refusal."""

from __future__ import annotations

import contextlib
import io
import random
import subprocess
import sys
import time
import zlib
from pathlib import Path

import gdcm
import numpy as np
import pytest
from PIL import Image, ImageFile
from pydicom import Dataset, dcmread, dcmwrite, uid
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels import compress

from dinoscope.reading.formats import apart, decoding
from dinoscope.reading.formats.decoded import APART, File
from dinoscope.reading.images import Decoded, ImageError, read

SOURCES = Path(decoding.__file__).parents[3]
CT = "1.2.840.10008.5.1.4.1.1.2"
HU = np.linspace(-1000, 2000, 64 * 48).reshape(48, 64).astype(np.int16)


def dataset(array: np.ndarray, syntax: str = uid.ExplicitVRLittleEndian, **elements) -> Dataset:
    """An uncompressed CT image: [H, W] grey, [H, W, 3] colour, or [F, H, W] frames."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = CT
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = "1.2.3.4"
    made.Modality = "CT"
    made.PatientName = "Doe^Jane"
    colour = array.ndim == 3 and array.shape[-1] == 3
    made.Rows, made.Columns = array.shape[:2] if colour or array.ndim == 2 else array.shape[1:]
    made.SamplesPerPixel = 3 if colour else 1
    made.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        made.PlanarConfiguration = 0
    if array.ndim == 3 and not colour:
        made.NumberOfFrames = len(array)
    made.BitsAllocated = made.BitsStored = array.dtype.itemsize * 8
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = int(array.dtype.kind == "i")
    made.PixelData = array.tobytes()
    made["PixelData"].VR = "OB" if array.dtype.itemsize == 1 else "OW"
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def written(made: Dataset, preamble: bool = True) -> bytes:
    """The bytes of a file."""
    stream = io.BytesIO()
    made.preamble = b"\0" * 128
    dcmwrite(stream, made, enforce_file_format=True)
    return stream.getvalue() if preamble else stream.getvalue()[132:]


def grey(source: Dataset | bytes, frame: int | None = None) -> np.ndarray:
    """The shades of a file, [H, W] in 0..255; its three channels must agree."""
    picture = np.asarray(read(source if isinstance(source, bytes) else written(source), frame).picture).astype(int)
    assert (picture[..., 0] == picture[..., 1]).all()
    assert (picture[..., 0] == picture[..., 2]).all()
    return picture[..., 0]


def colours(source: Dataset) -> np.ndarray:
    return np.asarray(read(written(source)).picture).astype(int)


def refusal(source: Dataset | bytes, frame: int | None = None) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(ImageError) as caught:
        read(source if isinstance(source, bytes) else written(source), frame)
    return str(caught.value)


def ps3_linear(x: float, centre: float, width: float) -> float:
    """PS3.3 C.11.2.1.2.1, word by word, with y from 0 to 255."""
    if x <= centre - 0.5 - (width - 1) / 2:
        return 0
    if x > centre - 0.5 + (width - 1) / 2:
        return 255
    return ((x - (centre - 0.5)) / (width - 1) + 0.5) * 255


# Windows


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


def lookup(first: int, table: list[int], bits: int, kind: str = "US") -> Dataset:
    """A lookup table item, its entries as numbers (US) or as 16-bit words (OW); both occur."""
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(table), first, bits])
    item.add_new("LUTData", kind, table if kind == "US" else np.asarray(table, "<u2").tobytes())
    return item


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


# Colours


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


# Frames


FRAMES = np.stack([np.full((40, 40), k, np.uint8) for k in range(1, 6)])


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


def compressed(array: np.ndarray, syntax: str, stream: bytes, **elements) -> Dataset:
    """A data set around one frame that something else has compressed."""
    made = dataset(array, syntax, **elements)
    made.PixelData = encapsulate([stream])
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    return made


def by_gdcm(made: Dataset, syntax: int, folder: Path) -> bytes:
    """A whole file, compressed by GDCM: an encoder that pydicom does not offer."""
    (folder / "plain.dcm").write_bytes(written(made))
    reader, writer, change = gdcm.ImageReader(), gdcm.ImageWriter(), gdcm.ImageChangeTransferSyntax()
    reader.SetFileName(str(folder / "plain.dcm"))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(folder / "compressed.dcm"))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return (folder / "compressed.dcm").read_bytes()


GDCM_SYNTAXES = [
    (uid.JPEGLosslessSV1, gdcm.TransferSyntax.JPEGLosslessProcess14_1),
    (uid.JPEGLossless, gdcm.TransferSyntax.JPEGLosslessProcess14),
    (uid.JPEGLSLossless, gdcm.TransferSyntax.JPEGLSLossless),
]
RGB = np.random.default_rng(3).integers(0, 256, (48, 64, 3)).astype(np.uint8)
UNSIGNED = (HU + 1024).astype(np.uint16)
WINDOW = {"RescaleSlope": 1, "RescaleIntercept": -1024, "WindowCenter": 40, "WindowWidth": 400}


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


def pillow(array: np.ndarray, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, format=kind, **options)
    return stream.getvalue()


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


# Refusals


def test_a_report_holds_no_picture(tmp_path):
    made = dataset(HU)
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(made, keyword)
    for sop_class, name in [
        ("1.2.840.10008.5.1.4.1.1.88.11", "Basic Text SR Storage"),
        ("1.2.840.10008.5.1.4.1.1.481.3", "RT Structure Set Storage"),
    ]:
        made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = sop_class
        (tmp_path / "report.dcm").write_bytes(written(made))
        with pytest.raises(ImageError) as caught:
            read(tmp_path / "report.dcm")
        assert str(caught.value) == (
            f'"report.dcm" is a DICOM file without a picture ({name}). Upload an image such as CT, MR or CR.'
        )


CUT = "The picture is cut short: only part of the picture arrived. Save or upload it again."


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.999])
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian, uid.RLELossless])
def test_a_truncated_file_is_cut_short(syntax, share):
    varied = np.random.default_rng(0).integers(0, 4096, (48, 64)).astype(np.uint16)
    made = dataset(varied, syntax if syntax.is_deflated else uid.ExplicitVRLittleEndian)
    if syntax == uid.RLELossless:
        compress(made, syntax, encoding_plugin="pydicom")
    data = written(made)
    meta = data.index(b"\x08\0\x16\0") if b"\x08\0\x16\0" in data else 340
    assert refusal(data[: meta + int((len(data) - meta) * share)]) == CUT


def test_pixel_data_shorter_than_rows_and_columns_is_cut_short():
    made = dataset(HU)
    made.PixelData = made.PixelData[:-200]
    assert refusal(made) == CUT


def test_sizes_are_refused_before_decoding():
    made = dataset(HU, Rows=20_000, Columns=20_000)
    assert refusal(made) == (
        "The picture has 400 megapixels; the limit is 100. Crop it or scale it down and upload that."
    )
    assert refusal(dataset(HU[:20])).startswith("The picture is 64 x 20 pixels; each side needs at least 32.")


def test_more_than_4096_pixels_a_side_are_scaled_down():
    decoded = read(written(dataset(np.tile(HU, (10, 80)))))
    assert decoded.picture.size == (4096, 384)
    assert decoded.warnings[0] == "Scaled down from 5120 x 480 to 4096 x 384 pixels."


def test_a_deflated_file_that_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr("dinoscope.reading.formats.dicom_dataset.MAX_UNPACKED", 10 << 20)
    data = written(dataset(HU, uid.DeflatedExplicitVRLittleEndian))
    end = 144 + int.from_bytes(data[140:144], "little")  # where the file meta information says it ends
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = deflater.compress(bytes(50 << 20)) + deflater.flush()
    assert len(bomb) < 100_000
    with pytest.raises(ImageError) as caught:
        decoding.decode(File(data[:end] + bomb, "DICOM"), APART)
    assert str(caught.value) == ("The picture unpacks to more than 10 MB. Export a single frame of it and upload that.")


def test_a_damaged_file():
    made = dataset(HU, BitsAllocated=13)
    assert refusal(made) == (
        "The picture cannot be read as DICOM: it stores 13 bits a pixel; 1, 8, 16, 32 and 64 are read. "
        "Export it again with 16."
    )


# Privacy


def test_nothing_about_the_patient_is_told():
    decoded = read(written(dataset(HU, PatientID="4711", Modality="Doe, Jane")))
    assert "Doe" not in repr(decoded)
    assert "4711" not in repr(decoded)
    assert decoded.picture.info == {}


def test_odd_values_are_not_quoted_in_the_log(capfd, caplog, recwarn):
    data = written(dataset(HU)).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.Doe^J\0")
    recwarn.clear()
    refusal(data)
    said = "".join(capfd.readouterr()) + caplog.text + "".join(str(each.message) for each in recwarn)
    assert "Doe" not in said


def test_burnt_in_text_is_warned_about():
    assert read(written(dataset(HU, BurnedInAnnotation="YES"))).warnings == (
        "The file says that text is burnt into its pixels; it may identify the patient.",
    )


# Whatever arrives


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["explicit", "implicit", "RLE", "JPEG 2000", "JPEG", "palette", "frames"])
def test_damage_anywhere_gives_a_picture_or_an_image_error(kind):
    made = {
        "explicit": lambda: dataset(HU, **WINDOW),
        "implicit": lambda: dataset(HU, uid.ImplicitVRLittleEndian, VOILUTSequence=[lookup(0, [1, 2, 3], 8, "OW")]),
        "RLE": lambda: dataset(HU),
        "JPEG 2000": lambda: compressed(UNSIGNED, uid.JPEG2000Lossless, pillow(UNSIGNED, "JPEG2000", no_jp2=True)),
        "JPEG": lambda: compressed(RGB, uid.JPEGBaseline8Bit, pillow(RGB, "JPEG")),
        "palette": lambda: dataset(RGB[..., 0], PhotometricInterpretation="PALETTE COLOR"),
        "frames": lambda: dataset(FRAMES),
    }[kind]()
    if kind == "RLE":
        compress(made, uid.RLELossless, encoding_plugin="pydicom")
    whole, dice = written(made), random.Random(kind)
    for _ in range(50):
        data = bytearray(whole)
        if dice.random() < 0.3:
            del data[dice.randrange(1, len(data)) :]
        else:
            end = len(data) if dice.random() < 0.4 else 900
            for _ in range(dice.choice([1, 2, 5, 30])):
                data[dice.randrange(end)] = dice.choice([0, 255, dice.randrange(256)])
        started = time.perf_counter()
        with contextlib.suppress(ImageError):
            assert isinstance(read(bytes(data)), Decoded)
        assert time.perf_counter() - started < 10


def damaged_jpeg_ls(folder: Path) -> Dataset:
    """A JPEG-LS frame with one wrong byte, at which GDCM ends the process that decodes it."""
    made = dcmread(io.BytesIO(by_gdcm(dataset(UNSIGNED), gdcm.TransferSyntax.JPEGLSLossless, folder)))
    stream = bytearray(get_frame(made.PixelData, 0, number_of_frames=1))
    stream[10] = 0  # a component without samples
    made.PixelData = encapsulate([bytes(stream)])
    return made


def test_a_frame_that_kills_its_decoder_is_only_a_refusal(tmp_path):
    data = written(damaged_jpeg_ls(tmp_path))
    script = f"import sys; sys.path.insert(0, {str(SOURCES)!r})\n"
    script += "from dinoscope.reading.formats import child, decoded, decoding\n"
    script += "child._limit(); decoding.decode(decoded.File(sys.stdin.buffer.read(), 'DICOM'), decoded.APART)"
    done = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr, "GDCM survives this frame: choose one that it dies of"
    assert done.returncode != 0
    assert refusal(data).startswith("The picture cannot be read as DICOM: it is damaged")


def test_a_decoder_that_hangs_is_stopped(monkeypatch, tmp_path):
    monkeypatch.setattr(apart, "SECONDS", 0.005)
    data = by_gdcm(dataset(UNSIGNED), gdcm.TransferSyntax.JPEGLSLossless, tmp_path)
    assert refusal(data) == (
        "The picture takes more than 0.01 seconds to read, which is the limit. "
        "Export a single frame of it, or save it as PNG, and upload that."
    )

"""DICOM that cannot be read: every refusal in its words, privacy, and damage of all kinds."""

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
from pydicom import Dataset, dcmread, uid
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels import compress

from dinoscope.reading.formats import decoding, isolated
from dinoscope.reading.formats.decoded import APART, File
from dinoscope.reading.images import Decoded, ImageError, read
from fixtures.dicom_files import (
    FRAMES,
    HU,
    RGB,
    UNSIGNED,
    WINDOW,
    by_gdcm,
    compressed,
    dataset,
    lookup,
    pillow,
    refusal,
    written,
)


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


def test_a_description_without_pixels_is_not_called_a_cut():
    made = dataset(HU)
    del made.PixelData
    assert refusal(made) == (
        "The picture describes a picture but holds no pixels: they were left out, or the file is cut short. "
        "Export it again with its pixels and upload that."
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
    script = "import sys; from dinoscope.reading.formats import child, decoded, decoding\n"
    script += "child.limit(20, 4 << 30); decoding.decode(decoded.File(sys.stdin.buffer.read(), 'DICOM'), decoded.APART)"
    done = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr, "GDCM survives this frame: choose one that it dies of"
    assert done.returncode != 0
    assert refusal(data).startswith("The picture cannot be read as DICOM: it is damaged")


def test_a_decoder_that_hangs_is_stopped(monkeypatch, tmp_path):
    monkeypatch.setattr(isolated, "SECONDS", 0.005)
    data = by_gdcm(dataset(UNSIGNED), gdcm.TransferSyntax.JPEGLSLossless, tmp_path)
    assert refusal(data) == (
        "The picture takes more than 0.01 seconds to read, which is the limit. "
        "Export a single frame of it, or save it as PNG, and upload that."
    )

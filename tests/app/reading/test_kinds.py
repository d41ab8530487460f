"""Files of other kinds: each is refused by its name, and a text is not taken for a picture."""

from __future__ import annotations

import gzip
import io
import struct

import pytest
from PIL import Image

from dinoscope.reading.images import read
from fixtures.dicom_files import HU, dataset, written
from fixtures.picture_files import ALL, encoded, refusal, scene


def box(*brands: bytes, length: int = 0) -> bytes:
    """The first box of an ISO base media file."""
    content = b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])
    return struct.pack(">I", 4 + len(content)) + content + bytes(100)


def tga(kind: int = 2) -> bytes:
    stream = io.BytesIO()
    scene().save(stream, "TGA", compression="tga_rle" if kind == 10 else None)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"ObjectType = Image\nNDims = 3\n" + bytes(100), "a MetaImage volume"),
        (b"NDims = 3\nDimSize = 4 4 4\n", "a MetaImage volume"),
        (b"Comment = none\nNDims = 3\nElementDataFile = LOCAL\n", "a MetaImage volume"),
        (b"\0\0\x10\0moov" + bytes(50), "a video"),
        (b"NRRD0004\ntype: short\n", "an NRRD volume"),
        (b"\xff\x0a" + b"\x7f" * 200, "a JPEG XL file"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100), "a JPEG XL file"),
        *((box(brand), "a HEIC file") for brand in (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm")),
        *((box(brand), "a HEIC file") for brand in (b"hevs", b"msf1", b"mif1")),
        (box(b"mif1", b"miaf", b"heic"), "a HEIC file"),
        (box(b"mif1", b"mif1", b"avif"), "an AVIF file"),
        (box(b"avif")[:14], "an AVIF file"),
        (box(b"avis"), "an AVIF file"),
        (box(b"isom"), "a video"),
        (box(b"qt  "), "a video"),
        (box(b"avif")[:9], "the beginning of an AVIF, a HEIC or a video file"),
        (b"\x1aE\xdf\xa3" + bytes(50), "a video"),
        (b"RIFF\x10\0\0\0AVI LIST", "a video"),
        (b"\xff\xd8\xff\xf7\0\x0b\x08\0\x40\0\x40\x01\x01\x11\0" + bytes(100) + b"\xff\xd9", "a JPEG-LS file"),
        (tga(), "a TGA file"),
        (tga()[:-26], "a TGA file"),
        (tga(10), "a TGA file"),
        (b"DDS |\0\0\0" + bytes(120), "a DDS texture"),
        (b"II\xbc\x01" + bytes(50), "a JPEG XR file"),
        (gzip.compress(b"NRRD0004\n" + bytes(50), mtime=0), "a gzip archive of an NRRD volume"),
        (struct.pack("<i", 348) + bytes(344), "the header of an Analyze volume"),
        (b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
        (b"\xef\xbb\xbf<html>", "a web page"),
        (b"\x76\x2f\x31\x01\x02\0\0\0", "an OpenEXR file"),
        (b"SIMPLE  =                    T", "a FITS file"),
    ],
)
def test_a_kind_that_is_not_read_is_named(content, kind):
    assert refusal(content) == f"The picture is {kind}, which cannot be read here. Save one picture as {ALL}."


@pytest.mark.parametrize("text", ["BM and other initials", "BMI;age\n21.4;63\n", "GIF89 is a format", "P1 has a cough"])
def test_a_text_that_begins_like_a_picture_is_still_a_text(text):
    assert refusal(text.encode() * 20) == f"The picture is not a picture. Upload {ALL}."


def test_a_jpeg_of_another_process_is_named():
    data = encoded(scene(), "JPEG")
    place = data.index(b"\xff\xc0")
    lossless = data[: place + 1] + b"\xc3" + data[place + 2 :]
    assert "cannot be read as JPEG: it is a lossless JPEG, which is not read here. Save it as PNG" in refusal(lossless)
    deep = data[: place + 4] + b"\x0c" + data[place + 5 :]
    assert "it is a 12-bit JPEG; 8 bits are read here. Save it as a 16-bit PNG." in refusal(deep)


def test_zeros_after_a_good_beginning_are_a_copy_that_was_broken_off():
    for kind, data in (("DICOM", written(dataset(HU))), ("PNG", encoded(scene())), ("JPEG", encoded(scene(), "JPEG"))):
        start = 132 if kind == "DICOM" else 60
        begun = len(data[:start].rstrip(b"\0"))
        assert refusal(data[:start] + bytes(4000)) == (
            f"The picture begins like {kind}, but from byte {begun} on it holds nothing but zeros, as after a copy "
            "that was broken off. Copy or save it again and upload that."
        )


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_just_above_the_limit_is_told_with_the_digits_that_show_it():
    head = struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 10_000, 10_001, 1, 24, 0, 0, 0, 0, 0, 0)
    assert refusal(b"BM" + head).startswith("The picture has 100.01 megapixels; the limit is 100.")
    made = dataset(HU, Rows=10_001, Columns=10_000)
    assert refusal(written(made)).startswith("The picture has 100.01 megapixels; the limit is 100.")


def test_bmp_headers_of_every_age_are_pictures():
    picture = scene()
    assert read(encoded(picture, "BMP")).facts[0].startswith("BMP")
    raw = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes("raw", "BGR")
    core = struct.pack("<IHHHH", 12, 64, 48, 1, 24)
    old = b"BM" + struct.pack("<IHHI", 26 + len(raw), 0, 0, 26) + core + raw
    assert read(old).picture.size == (64, 48)

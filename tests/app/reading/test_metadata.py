"""What stands beside a picture in its file is thrown away, so that its damage must not stop the picture."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from dinoscope.reading.images import read
from fixtures.picture_files import encoded, noise, pixels, refusal

BAD_SHUTTER = struct.pack("<HHII", 0x9201, 10, 1, 38)
"""A shutter speed of -1/0, at which Pillow fails when it writes EXIF anew."""


def exif(*entries: bytes, orientation: int = 6) -> bytes:
    turned = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    body = struct.pack("<IH", 8, 1 + len(entries)) + turned + b"".join(entries) + bytes(4) + struct.pack("<ii", -1, 0)
    return b"Exif\0\0II*\0" + body


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_exif_with_a_broken_number_still_turns_the_picture(kind):
    options = {"PNG": {}, "WEBP": {"lossless": True}, "JPEG": {"quality": 95}}[kind]
    data = exif(BAD_SHUTTER)
    decoded = read(encoded(noise(), kind, exif=data[6:] if kind == "PNG" else data, **options))
    assert decoded.picture.size == (48, 64)
    assert decoded.facts[-1] == "turned upright as its EXIF says"
    if kind != "JPEG":
        assert np.array_equal(pixels(decoded), np.asarray(noise().transpose(Image.Transpose.ROTATE_270)))


@pytest.mark.parametrize(
    "entry",
    [
        struct.pack("<HHII", 0x9286, 7, 0xFFFFFFF0, 20),  # a comment of 4 GB
        struct.pack("<HHII", 0x8769, 4, 1, 0xFFFFFF00),  # EXIF's own directory beyond the end
        struct.pack("<HHII", 0x8825, 99, 1, 3),  # positions of a type that does not exist
        struct.pack("<HHII", 0x927C, 7, 12, 8),  # a camera's note that is the directory itself
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_exif_with_damage_of_other_kinds_still_turns_the_picture(entry):
    assert read(encoded(noise(), "PNG", exif=exif(entry)[6:])).picture.size == (48, 64)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (b"zTXt", b"notes\0\0" + zlib.compress(bytes(3 << 20))),  # more text than Pillow unpacks
        (b"iTXt", b"k\0\1\0\0\0" + zlib.compress(bytes(3 << 20))),
        (b"pHYs", b"\0"),
        (b"gAMA", b"\0"),
        (b"cHRM", b"\1\2"),
        (b"sRGB", b""),
        (b"tIME", b"\0\0"),
    ],
)
def test_a_broken_note_in_a_png_is_passed_over(name, content):
    data = encoded(noise())
    for whole in (data[:33] + chunk(name, content) + data[33:], data[:-12] + chunk(name, content) + data[-12:]):
        assert np.array_equal(pixels(read(whole)), np.asarray(noise()))


def test_a_wrong_check_sum_counts_only_where_there_are_pixels():
    data = encoded(noise())
    note = bytearray(chunk(b"tEXt", b"k\0words"))
    note[-1] ^= 1
    assert np.array_equal(pixels(read(data[:33] + bytes(note) + data[33:])), np.asarray(noise()))
    header = bytearray(data)
    header[30] ^= 1
    assert refusal(bytes(header)).startswith("The picture cannot be read as PNG")


@pytest.mark.parametrize(
    ("marker", "content"),
    [
        (0xE0, b"JFIF\0\1"),
        (0xE2, b"MPF\0MM\0*\0\0\0\x08\0\3"),
        (0xED, b"Photoshop 3.0\x008BIM\4\4\0\0\xff\xff\xff\xff"),
        (0xEE, b"Adobe\0"),
        (0xE1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff"),
        (0xFE, b""),
    ],
)
def test_a_broken_segment_in_a_jpeg_is_passed_over(marker, content):
    data = encoded(noise(), "JPEG", quality=95)
    assert np.array_equal(pixels(read(data[:2] + segment(marker, content) + data[2:])), pixels(read(data)))


def test_a_hundred_thousand_bytes_of_notes_cost_no_picture():
    data = encoded(noise(), "JPEG", quality=95)
    notes = segment(0xE1, b"http://example.org/\0" + bytes(60_000)) * 30
    assert np.array_equal(pixels(read(data[:2] + notes + data[2:])), pixels(read(data)))

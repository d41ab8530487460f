"""Files: pictures of every kind, damaged in every way that a seed can think of."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

ODD_NAMES = (
    "scan.png", "..%2f..%2fetc%2fpasswd", "a" * 300 + ".png", "‮gnp.exe", "<img src=x onerror=alert(1)>.png",
    "con", ".htaccess", "name\nwith\nlines.jpg", "=cmd|' /C calc'!A0.csv", "ﾟ･✿ヾ╲｡◕‿◕｡╱✿･ﾟ.dcm", "",
)  # fmt: skip


def malformed(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """So many files, (name, content); the same for the same seed."""
    random = np.random.default_rng(seed)
    whole = list(_whole(random))
    made = list(_made(random))
    for i in range(count):
        name = ODD_NAMES[int(random.integers(len(ODD_NAMES)))]
        if i < len(made):
            yield name, made[i]
        else:
            yield name, _damaged(whole[int(random.integers(len(whole)))], random)


def _whole(random: np.random.Generator) -> Iterator[bytes]:
    """One sound file of every kind, 48 to 96 pixels a side."""
    side = int(random.integers(48, 97))
    noise = random.integers(0, 256, (side, side, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    kinds: list[tuple[str, dict]] = [
        ("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("WEBP", {"lossless": True}), ("BMP", {}),
        ("GIF", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
    ]  # fmt: skip
    for kind, options in kinds:
        file = io.BytesIO()
        picture.save(file, kind, **options)
        yield file.getvalue()
    deep = io.BytesIO()
    Image.fromarray(random.integers(0, 65536, (side, side), dtype=np.uint16)).save(deep, "PNG")
    yield deep.getvalue()
    yield _dicom(random.integers(0, 4096, (side, side), dtype=np.uint16), None)
    yield _dicom(random.integers(0, 4096, (side, side), dtype=np.uint16), zlib.compressobj(9, zlib.DEFLATED, -15))


def _made(random: np.random.Generator) -> Iterator[bytes]:
    """Files that lie about themselves, or are something else."""
    yield b""
    yield b"\0" * 1000
    yield b"BM" + b"a text that begins like a bitmap. " * 20
    yield b"\x89PNG\r\n\x1a\n"
    yield b"<svg xmlns='http://www.w3.org/2000/svg'><image href='http://example.invalid/x.png'/></svg>"
    yield b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>"
    yield b"%PDF-1.7 " + random.bytes(500)
    yield b"PK\x03\x04" + random.bytes(500)
    yield b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }" + b"\x80\x04."
    yield b"cos\nsystem\n(S'true'\ntR."
    yield bytes(128) + b"DICM" + bytes(4000)
    yield bytes(128) + b"DICM" + random.bytes(4000)
    for width, height in ((10_000, 10_001), (1, 1), (65_535, 33), (2**31 - 1, 2**31 - 1), (0, 0), (9_999, 9_999)):
        yield _png(width, height)
    for compression in (1, 5, 7, 32773, 50000):
        yield _tiff(compression, 2**31, random)


def _damaged(data: bytes, random: np.random.Generator) -> bytes:
    """One way of breaking a sound file."""
    broken = bytearray(data)
    way = int(random.integers(6))
    if way == 0:  # cut short
        return bytes(broken[: int(random.integers(1, len(broken)))])
    if way == 1:  # a few bits turned
        for _ in range(int(random.integers(1, 40))):
            broken[int(random.integers(len(broken)))] ^= 1 << int(random.integers(8))
    elif way == 2:  # a few bytes of the header turned
        for _ in range(int(random.integers(1, 6))):
            broken[int(random.integers(min(len(broken), 200)))] = int(random.integers(256))
    elif way == 3:  # a piece zeroed or filled
        start = int(random.integers(len(broken)))
        broken[start : start + 64] = bytes([int(random.choice([0, 255]))]) * 64
    elif way == 4:  # a piece repeated
        start = int(random.integers(len(broken)))
        broken[start:start] = broken[start : start + 256] * int(random.integers(1, 50))
    else:  # a length turned into a huge one
        start = int(random.integers(8, len(broken) - 4))
        broken[start : start + 4] = struct.pack(
            ">I" if random.integers(2) else "<I", int(random.integers(2**31, 2**32))
        )
    return bytes(broken)


def _png(width: int, height: int) -> bytes:
    """A PNG that says it is so large, with two bytes of pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 16, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def _tiff(compression: int, length: int, random: np.random.Generator) -> bytes:
    """A TIFF whose one strip claims to have so many bytes."""
    tags = [
        (256, 4, 4000), (257, 4, 4000), (258, 3, 8), (259, 3, compression), (262, 3, 1), (273, 4, 200), (277, 3, 1),
        (278, 4, 4000), (279, 4, length),
    ]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return head.ljust(200, b"\0") + random.bytes(400)


def _dicom(pixels: np.ndarray, deflate: zlib._Compress | None) -> bytes:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.filewriter import dcmwrite
    from pydicom.uid import CTImageStorage, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, generate_uid

    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian if deflate else ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid(entropy_srcs=["dinoscope"])
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.PixelData = pixels.tobytes()
    file = io.BytesIO()
    dcmwrite(file, data, enforce_file_format=True)
    return file.getvalue()


def sound(seed: int) -> bytes:
    """A sound picture."""
    return next(_whole(np.random.default_rng(seed)))

"""Kinds: what a file is, told from its bytes and never from its name."""

from __future__ import annotations

import struct

# First bytes -> the format's name, as Pillow spells it.
_RASTER = {
    b"\x89PNG": "PNG",
    b"\xff\xd8": "JPEG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}
RASTER_KINDS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")

# Files people do try, so that the refusal can name them.
_FOREIGN = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"8BPS": "a Photoshop file",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 file",
    b"\xff\x4f\xff\x51": "a JPEG 2000 file",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "an HDF5 file",
    b"NRRD": "an NRRD volume",
    b"\0\0\1\0": "an icon",
    b"P2\n": "a PGM file",
    b"P3\n": "a PPM file",
    b"P5\n": "a PGM file",
    b"P6\n": "a PPM file",
}
# Bytes a value of each TIFF type: BYTE, ASCII, SHORT, LONG, RATIONAL and their signed and floating kin.
_TIFF_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_BRANDS = {b"avif": "an AVIF file", b"heic": "a HEIC file", b"heix": "a HEIC file", b"mif1": "a HEIC file"}


def raster_kind(data: bytes) -> str | None:
    """The Pillow format these bytes begin like, or None."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((kind for start, kind in _RASTER.items() if data.startswith(start)), None)


def is_dicom(data: bytes) -> bool:
    """Whether these bytes have DICOM's marker after a preamble, or begin like the data set itself."""
    return data[128:132] == b"DICM" or _begins_with_an_element(data)


def _begins_with_an_element(data: bytes) -> bool:
    """A plausible first element of group 0002 or 0008: a file without the preamble."""
    if data[:2] in (b"\x02\0", b"\x08\0"):
        order = "little"
    elif data[:2] in (b"\0\x02", b"\0\x08"):
        order = "big"
    else:
        return False
    explicit = data[4:6].isalpha() and data[4:6].isupper()
    return len(data) > 8 and (explicit or int.from_bytes(data[4:8], order) <= 64)  # type: ignore[arg-type]


def foreign_kind(data: bytes) -> str | None:
    """The name of a kind that is known but not supported, or None for anything else."""
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "a video")
    if data[344:348] in (b"n+1\0", b"ni1\0"):
        return "a NIfTI volume"
    if b"<svg" in data[:1024]:
        return "an SVG drawing"
    return next((kind for start, kind in _FOREIGN.items() if data.startswith(start)), None)


def is_cut_short(kind: str, data: bytes) -> bool:
    """Whether a file that failed to decode lacks its end; by its own trailer or its own table of lengths."""
    if kind == "PNG":
        return b"IEND" not in data
    if kind == "JPEG":
        return not data.rstrip(b"\0").endswith(b"\xff\xd9")
    if kind == "GIF":
        return not data.rstrip(b"\0").endswith(b";")
    if kind == "WEBP":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    if kind == "BMP":
        return len(data) < int.from_bytes(data[2:6], "little")
    if kind == "TIFF":
        return len(data) < _tiff_extent(data)
    return False


def _tiff_extent(data: bytes) -> int:
    """How far the first directory of a classic TIFF reaches, with the values it points to; its pixels apart."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        (entries,) = struct.unpack_from(f"{order}H", data, start)
        extent = start + 2 + 12 * entries + 4
        for entry in range(start + 2, extent - 4, 12):
            _, kind, count, place = struct.unpack_from(f"{order}HHII", data, entry)
            length = count * _TIFF_BYTES.get(kind, 0)
            extent = max(extent, place + length if length > 4 else 0)
    except struct.error:  # the directory itself lies beyond the end
        return len(data) + 1
    return extent

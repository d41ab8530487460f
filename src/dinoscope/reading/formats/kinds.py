"""Kinds: what a file is, told from its bytes and never from its name; foreign kinds are in `foreign.py`."""

from __future__ import annotations

import zlib

# First bytes -> the kind. Two letters are not enough for a BMP: a text may begin with them.
_STARTS = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
SUFFIXES = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg", ".jfif"),
    "WebP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "DICOM": (".dcm",),
    "NIfTI": (".nii", ".nii.gz"),
}
"""Kind -> how the names of its files usually end; only a folder is looked through by them."""
NAMES = tuple(SUFFIXES)


def kind(data: bytes) -> str | None:
    """One of `NAMES`, by how the bytes begin; None for anything else."""
    if is_dicom(data):
        return "DICOM"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if is_nifti(gunzipped_start(data)):
        return "NIfTI"
    if data.startswith(b"\xff\xd8\xff\xf7"):  # JPEG-LS, which shares JPEG's first letters only
        return None
    return next((name for start, name in _STARTS.items() if data.startswith(start)), None)


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


def is_nifti(start: bytes) -> bool:
    """Whether a file begins like a NIfTI volume of version 1 or 2 with its pixels in the same file."""
    return start[344:348] == b"n+1\0" or (start[4:8] == b"n+2\0" and b"\x1c\x02" in (start[:2], start[3:1:-1]))


def gunzipped_start(data: bytes, most: int = 1024) -> bytes:
    """The first bytes of what a gzip file holds; of any other file, its own."""
    if data[:3] != b"\x1f\x8b\x08":
        return data[:most]
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, most)
    except zlib.error:
        return b""


def is_cut_short(file_kind: str, data: bytes) -> bool:
    """Whether a file that failed to decode lacks its end, by its own trailer or length; for TIFF see `tiff.py`."""
    if file_kind == "PNG":
        return b"IEND" not in data
    if file_kind == "JPEG":
        return not data.rstrip(b"\0").endswith(b"\xff\xd9")
    if file_kind == "GIF":
        return not data.rstrip(b"\0").endswith(b";")
    if file_kind == "WebP":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    if file_kind == "BMP":
        return len(data) < int.from_bytes(data[2:6], "little")
    return False


def zeros_from(data: bytes) -> int | None:
    """Where the zeros begin that fill more than half of a file, as a broken copy leaves them; None elsewhere."""
    end = len(data.rstrip(b"\0"))
    return end if len(data) - end > max(len(data) // 2, 256) else None

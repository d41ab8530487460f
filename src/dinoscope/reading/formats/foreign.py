"""Foreign kinds: files people do try and that are not read here, by name, so that the refusal can say so."""

from __future__ import annotations

import re

from .kinds import gunzipped_start

_STARTS = {
    b"%PDF": "a PDF",
    b"%!PS": "a PostScript file",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ\0": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"PK\x03\x04": "a ZIP archive",
    b"8BPS": "a Photoshop file",
    b"gimp xcf": "a GIMP file",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 file",
    b"\xff\x4f\xff\x51": "a JPEG 2000 file",
    b"\xff\xd8\xff\xf7": "a JPEG-LS file",
    b"\0\0\0\x0cJXL ": "a JPEG XL file",
    b"\xff\x0a": "a JPEG XL file",
    b"II\xbc\x01": "a JPEG XR file",
    b"\x76\x2f\x31\x01": "an OpenEXR file",
    b"#?RADIANCE": "a Radiance HDR file",
    b"DDS ": "a DDS texture",
    b"SIMPLE  =": "a FITS file",
    b"AT&TFORM": "a DjVu document",
    b"\xd0\xcf\x11\xe0": "an Office or microscope file (OLE)",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "an HDF5 file",
    b"CDF\x01": "a NetCDF file",
    b"CDF\x02": "a NetCDF file",
    b"MATLAB 5": "a MATLAB file",
    b"NRRD": "an NRRD volume",
    b"# vtk DataFile": "a VTK file",
    b"MATRIX7": "an ECAT volume",
    b"\0\0\0\1\0\0": "an MGH volume",
    b"ZISRAWFILE": "a Zeiss CZI file",
    b"\xda\xce\xbe\x0a": "a Nikon ND2 file",
    b"\x70\0\0\0": "a Leica LIF file",
    b"FUJIFILMCCD-RAW": "a camera's raw file",
    b"IIRO": "a camera's raw file",
    b"IIRS": "a camera's raw file",
    b"MMOR": "a camera's raw file",
    b"IIU\0": "a camera's raw file",
    b"FOVb": "a camera's raw file",
    b"\x1aE\xdf\xa3": "a video",
    b"FLV\1": "a video",
    b"OggS": "a video",
    b"\0\0\1\xba": "a video",
    b"\0\0\1\xb3": "a video",
    b"\x30\x26\xb2\x75": "a video",
    b"icns": "an icon",
}
# A letter, a digit and a size: two letters alone may begin a text.
_NETPBM = re.compile(rb"P([1-7Ff])\s+(#|WIDTH|[0-9])")
_NETPBM_NAMES = {b"1": "PBM", b"4": "PBM", b"2": "PGM", b"5": "PGM", b"3": "PPM", b"6": "PPM", b"7": "PAM"}
_BRANDS = {
    "an AVIF file": (b"avif", b"avis"),
    "a HEIC file": (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"),
    "a JPEG XL file": (b"jxl ",),
    "a JPEG 2000 file": (b"jp2 ", b"jpx ", b"jph "),
    "a camera's raw file": (b"crx ",),
}
# TrueVision's format has no magic number: these are what its header may hold (image type, bits a pixel).
_TGA_TYPES, _TGA_BITS = (1, 2, 3, 9, 10, 11), (8, 15, 16, 24, 32)


def name(data: bytes) -> str | None:
    """What a file is that is not read here, with its article; None where that cannot be told."""
    if data[4:8] == b"ftyp":
        return _branded(data)
    if data[344:348] == b"ni1\0" or data[4:8] == b"ni2\0":
        return "the header of a NIfTI pair (.hdr and .img)"
    if (data[:4] == b"RIFF" and data[8:12] == b"AVI ") or data[4:8] in (b"moov", b"mdat", b"wide", b"pnot"):
        return "a video"
    if data[257:262] == b"ustar":
        return "a tar archive"
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start:
        return "an SVG drawing"
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if b"elementdatafile" in start or (start.startswith((b"objecttype", b"ndims")) and b"=" in start[:40]):
        return "a MetaImage volume"
    if data[:4] in (b"\0\0\1\0", b"\0\0\2\0") and 0 < int.from_bytes(data[4:6], "little") < 256:
        return "an icon"
    for begins, kind in _STARTS.items():
        if data.startswith(begins):
            return _packed(data) if kind == "a gzip archive" else kind
    if netpbm := _NETPBM.match(data):
        return f"a {_NETPBM_NAMES.get(netpbm[1], 'PFM')} file"
    if _is_tga(data):
        return "a TGA file"
    if int.from_bytes(data[:4], "little") == 348 or int.from_bytes(data[:4], "big") == 348:
        return "the header of an Analyze volume"
    return None


def _branded(data: bytes) -> str:
    """By the brands in an ISO base media file's first box, the major one and those it is compatible with."""
    end = min(int.from_bytes(data[:4], "big") or len(data), 256)
    brands = {data[8:12], *(data[i : i + 4] for i in range(16, end, 4))}
    if len(data) < 12:
        return "the beginning of an AVIF, a HEIC or a video file"
    return next((kind for kind, known in _BRANDS.items() if brands.intersection(known)), "a video")


def _packed(data: bytes) -> str:
    """A gzip archive, with what it holds where that has a name."""
    inner = gunzipped_start(data)
    held = None if inner[:2] == b"\x1f\x8b" else name(inner)
    return f"a gzip archive of {held}" if held else "a gzip archive"


def _is_tga(data: bytes) -> bool:
    if data[-18:-2] == b"TRUEVISION-XFILE":
        return True
    if len(data) < 19 or data[1] > 1 or data[2] not in _TGA_TYPES or data[16] not in _TGA_BITS or data[17] & 0xC0:
        return False
    width, height = int.from_bytes(data[12:14], "little"), int.from_bytes(data[14:16], "little")
    return width > 0 and height > 0 and (data[1] == 1) == (data[2] in (1, 9)) and (data[1] == 1 or not any(data[3:8]))

"""Headers of raster files: what they say about depth, which parts no picture needs, and why one may not be read."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from PIL import Image

from . import tiff
from .decoded import APART, Effort, File

AT_8 = "read at 8 bits"
# What a PNG's pixels need, EXIF for its orientation, and the name under which XMP may hold one.
_PNG_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"fdAT", b"eXIf", b"IEND")
_XMP, _XMP_MOST = b"XML:com.adobe.xmp\0\0", 1 << 20
_PROFILE_MOST = 4 << 20
_SRGB_PRIMARIES, _GAMMA_SAME = b"\1", 0.25
_GIF_BYTES_A_PART = 400
# Segments of a JPEG that change its picture: marker -> how their content begins, and how long they are at least.
_JPEG_NEEDED = {
    0xE0: ((b"JFIF\0",), 16),
    0xE1: ((b"Exif\0\0", b"http://ns.adobe.com/xap/"), 8),
    0xE2: ((b"ICC_PROFILE\0",), 16),
    0xEE: ((b"Adobe",), 14),
}
_JPEG_FRAMES = {
    0xC3: "it is a lossless JPEG, which is not read here. Save it as PNG and upload that.",
    0xC7: "it is a lossless JPEG, which is not read here. Save it as PNG and upload that.",
}


@dataclass(frozen=True)
class Needed:
    """What of a file its picture needs.

    Attributes:
        data: the file without comments, thumbnails and the like: Pillow refuses a picture for a damaged one.
        profile: an ICC profile that was found outside of `data`; empty where it is damaged, None where there is none.
    """

    data: bytes
    profile: bytes | None = None


def needed(file: File, effort: Effort) -> Needed:
    """What of a PNG or JPEG its picture needs; other files as they are.

    Raises:
        Heavy: if there are more parts than this process may walk through.
    """
    if file.kind == "PNG":
        return _png(file.data, effort)
    if file.kind == "JPEG":
        return Needed(_jpeg(file.data, effort))
    if file.kind == "GIF":
        effort.check(parts=len(file.data) // _GIF_BYTES_A_PART)
    return Needed(file.data)


def _png(data: bytes, effort: Effort) -> Needed:
    kept, place, from_here, parts = [], 8, 0, 0
    colours: dict[bytes, bytes] = {}
    while place + 12 <= len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        name = data[place + 4 : place + 8]
        if end > len(data) or name == b"IEND":
            break
        parts += 1
        effort.check(parts=parts)
        if name in (b"iCCP", b"cICP", b"sRGB", b"gAMA"):
            colours.setdefault(name, data[place + 8 : end - 4])
        xmp = name == b"iTXt" and data.startswith(_XMP, place + 8) and end - place < _XMP_MOST
        if name not in _PNG_NEEDED and not xmp:
            kept.append(data[from_here:place])
            from_here = end
        place = end
    return Needed(b"".join([*kept, data[from_here:]]) if kept else data, _png_colours(colours))


def _png_colours(chunks: dict[bytes, bytes]) -> bytes | None:
    """The profile; empty where it is damaged, or the colours are told in another way that is not sRGB's."""
    if b"cICP" in chunks and chunks[b"cICP"][:1] != _SRGB_PRIMARIES:
        return b""
    if b"iCCP" in chunks:
        return _png_profile(chunks[b"iCCP"])
    gamma = int.from_bytes(chunks.get(b"gAMA", b""), "big") / 100_000
    return b"" if b"sRGB" not in chunks and gamma and abs(1 / gamma - 2.2) > _GAMMA_SAME else None


def _png_profile(chunk: bytes) -> bytes:
    """The profile in a chunk after its name and a zero for the method; empty where it is damaged or too long."""
    try:
        inflater = zlib.decompressobj()
        profile = inflater.decompress(chunk[chunk.index(b"\0") + 2 :], _PROFILE_MOST)
    except (ValueError, zlib.error):
        return b""
    return profile if inflater.eof else b""


def segments(data: bytes, effort: Effort = APART) -> list[tuple[int, int, int]]:
    """The marker, start and end of each segment before a JPEG's first scan."""
    found, place = [], 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # padding
            place += 1
            continue
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == 0xDA or end > len(data) or end < place + 4:
            break
        found.append((marker, place, end))
        effort.check(parts=len(found))
        place = end
    return found


def passes(jpeg: bytes) -> float:
    """How often the pixels of a JPEG are gone through: a progressive one takes as long as another for ten scans."""
    return max(1.0, jpeg.count(b"\xff\xda") / 10)


def _jpeg(data: bytes, effort: Effort) -> bytes:
    """Without comments and without the applications' segments that no picture needs."""
    kept, place = [], 0
    for marker, start, end in segments(data, effort):
        begins, least = _JPEG_NEEDED.get(marker, ((), 0))
        if marker == 0xFE or (
            0xE0 <= marker <= 0xEF and not (data.startswith(begins, start + 4) and end - start - 2 >= least)
        ):
            kept.append(data[place:start])
            place = end
    return b"".join([*kept, data[place:]])


def depth(image: Image.Image, file: File, page: tiff.Directory | None) -> str | None:
    """The depth that the file declares, where Pillow's mode does not tell it."""
    grey = image.mode in ("1", "L", "LA", "La", "I", "F") or image.mode.startswith("I;16")
    if file.kind == "PNG" and file.data[25:26] != b"\3":
        bits, grey = file.data[24], file.data[25:26] in (b"\0", b"\4")
    elif page and image.mode not in ("P", "PA", "F"):
        bits = page.bits
    else:
        return None
    if bits == 1:
        return "1-bit"
    what = f"{bits}-bit {'grey' if grey else 'CMYK colours' if image.mode == 'CMYK' else 'colours'}"
    deep = image.mode == "I" or image.mode.startswith("I;16")
    if bits == 8 and image.mode == "CMYK":
        return None
    return f"{what}, {AT_8}" if bits > 8 and not deep else what


def rare(file: File, pages: tiff.Tiff | None) -> str:
    """Why a file that is not damaged may not be read, with the remedy; empty where its header does not tell."""
    if file.kind == "JPEG":
        for marker, start, _ in segments(file.data):
            if marker in _JPEG_FRAMES:
                return _JPEG_FRAMES[marker]
            if marker in (0xC0, 0xC1, 0xC2) and file.data[start + 4] != 8:
                return f"it is a {file.data[start + 4]}-bit JPEG; 8 bits are read here. Save it as a 16-bit PNG."
    if pages and pages.pages:
        page = pages.pages[0]
        samples = page.first(tiff.SAMPLES, 1)
        if page.first(tiff.FORMAT, 1) == 3 and (page.bits != 32 or samples > 1):
            return (
                f"it holds {samples} floating-point value{'s' * (samples > 1)} of {page.bits} bits a pixel. "
                "Save it as a TIFF of one 32-bit floating-point value a pixel, which keeps seven digits of each."
            )
        if page.first(tiff.FORMAT, 1) > 4:
            return "its pixels are complex numbers. Save their magnitude as a 32-bit floating-point TIFF."
        if samples > 4:
            return f"it has {samples} channels. Save one channel, or three as RGB, and upload that."
        if page.bits not in (1, 2, 4, 8, 12, 16, 32):
            return f"it stores {page.bits} bits a value. Save it as a TIFF of 8 or 16 bits and upload that."
    return ""

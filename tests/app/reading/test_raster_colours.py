"""The picture that its sender sees: colour profiles, depth, camera raw files, files of several pictures."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from dinoscope.reading.images import read
from fixtures.dicom_files import dataset, written
from fixtures.picture_files import encoded, pixels, refusal, scene

CONVERTED = "colours converted from the file's own profile to sRGB"
UNUSABLE = "The file's colour profile cannot be used, so its colours are shown as stored and may be off."
DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))


def profile(primaries: tuple = DISPLAY_P3, gamma: float = 2.2) -> bytes:
    """A small ICC profile of three primaries and a power law, as a phone writes one. ICC.1:2004-10."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(values: tuple) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(map(fixed, values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, int(gamma * 256)) + b"\0\0"
    tags = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", 3) + b"P3\0" + bytes(78), b"cprt": b"text\0\0\0\0none\0"}
    tags |= {b"wtpt": xyz((0.9642, 1, 0.8249)), b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    tags |= {name: xyz(values) for name, values in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(content))
        body += content
    head = b"none" + struct.pack(">I4s4s4s", 0x02400000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp"
    head += bytes(28) + fixed(0.9642) + fixed(1) + fixed(0.8249) + bytes(48)
    return struct.pack(">I", 4 + len(head) + len(table) + len(body)) + head + table + body


def halves(mode: str = "RGB") -> Image.Image:
    made = Image.new("RGB", (96, 64), (200, 80, 40))
    made.paste((20, 60, 180), (48, 0, 96, 64))
    return made.convert(mode)


# Profiles


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_a_phones_colours_are_converted_as_its_screen_shows_them(kind):
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    decoded = read(encoded(halves(), kind, icc_profile=profile(), **options))
    assert np.abs(pixels(decoded)[30, 10].astype(int) - (218, 67, 3)).max() <= 3
    assert np.abs(pixels(decoded)[30, 90].astype(int) - (0, 59, 189)).max() <= 3
    assert CONVERTED in decoded.facts


def test_alpha_and_palettes_are_converted_too():
    clear = halves("RGBA")
    clear.putalpha(Image.new("L", clear.size, 255))
    for picture in (clear, halves().quantize(4)):
        decoded = read(encoded(picture, icc_profile=profile()))
        assert np.abs(pixels(decoded)[30, 10].astype(int) - (218, 67, 3)).max() <= 3


def test_srgbs_own_profile_changes_no_pixel():
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    decoded = read(encoded(scene(), icc_profile=own))
    assert np.array_equal(pixels(decoded), np.asarray(scene()))
    assert (decoded.facts[1:], decoded.warnings) == ((), ())


def test_grey_under_a_profile_for_colours_stays_grey():
    decoded = read(encoded(scene().convert("L"), icc_profile=profile(gamma=1.0)))
    assert (pixels(decoded)[..., 0] == pixels(decoded)[..., 2]).all()
    assert CONVERTED in decoded.facts
    assert pixels(decoded)[20, 20, 0] > scene().convert("L").getpixel((20, 20))


@pytest.mark.parametrize("broken", [b"junk", profile()[:200], profile().replace(b"RGB ", b"CMYK")])
def test_a_damaged_profile_is_told_and_the_picture_shown(broken):
    decoded = read(encoded(halves(), icc_profile=broken))
    assert np.array_equal(pixels(decoded), np.asarray(halves()))
    assert UNUSABLE in decoded.warnings


def test_a_profile_that_unpacks_to_much_does_not_stop_a_png():
    data = encoded(halves())
    name = b"iCCP" + b"p\0\0" + zlib.compress(bytes(20 << 20))
    chunk = struct.pack(">I", len(name) - 4) + name + struct.pack(">I", zlib.crc32(name))
    decoded = read(data[:33] + chunk + data[33:])
    assert np.array_equal(pixels(decoded), np.asarray(halves()))
    assert decoded.warnings == (UNUSABLE,)


def test_colours_by_number_are_told():
    """cICP, by which newer phones say Display P3 (12) in a PNG; 1 is sRGB's own primaries."""
    data = encoded(halves())
    for primaries, warnings in ((12, (UNUSABLE,)), (1, ())):
        name = b"cICP" + bytes([primaries, 13, 0, 1])
        chunk = struct.pack(">I", 4) + name + struct.pack(">I", zlib.crc32(name))
        assert read(data[:33] + chunk + data[33:]).warnings == warnings


def test_adobes_colours_without_a_profile_are_told():
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA001] = 2
    assert read(encoded(halves(), "JPEG", exif=exif)).warnings == (UNUSABLE,)


def test_a_curve_of_another_kind_is_told():
    """gAMA, which some programs show by and others do not; 1 / 2.2 is sRGB's own, near enough."""
    data = encoded(halves())
    for gamma, warnings in ((100_000, (UNUSABLE,)), (45_455, ()), (0, ())):
        name = b"gAMA" + struct.pack(">I", gamma)
        chunk = struct.pack(">I", 4) + name + struct.pack(">I", zlib.crc32(name))
        assert read(data[:33] + chunk + data[33:]).warnings == warnings


def test_a_profile_of_which_a_part_is_missing_is_told():
    data = encoded(halves(), "JPEG", icc_profile=profile())
    place = data.index(b"ICC_PROFILE\0") + 12
    assert read(data[:place] + b"\1\2" + data[place + 2 :]).warnings == (UNUSABLE,)


def test_dark_colours_of_16_bits_in_dicom_are_told():
    deep = np.asarray(halves()).astype(np.uint16) * 16
    assert DARK in read(written(dataset(deep))).warnings
    assert read(written(dataset(deep, BitsStored=12, HighBit=11))).warnings == ()


def test_dicom_colours_are_converted_by_their_profile():
    made = dataset(np.asarray(halves()), ICCProfile=profile())
    decoded = read(written(made))
    assert np.abs(pixels(decoded)[30, 10].astype(int) - (218, 67, 3)).max() <= 3
    assert CONVERTED in decoded.facts


# Depth


def tiff(array: np.ndarray, photometric: int = 2, extra: tuple = (), order: str = "<") -> bytes:
    """An uncompressed TIFF of one strip, with what Pillow does not write."""
    height, width = array.shape[:2]
    samples = array.shape[2] if array.ndim == 3 else 1
    bits, form = array.dtype.itemsize * 8, {"u": 1, "i": 2, "f": 3, "c": 6}[array.dtype.kind]
    raw = array.astype(array.dtype.newbyteorder(order)).tobytes()
    tags = {256: (4, [width]), 257: (4, [height]), 258: (3, [bits] * samples), 259: (3, [1]), 262: (3, [photometric])}
    tags |= {273: (4, [0]), 277: (3, [samples]), 278: (4, [height]), 279: (4, [len(raw)]), 339: (3, [form] * samples)}
    tags |= {tag: (kind, list(values)) for tag, kind, values in extra}
    start = 8 + 2 + 12 * len(tags) + 4
    extents = {t: len(v) * {1: 1, 3: 2, 4: 4}[k] for t, (k, v) in tags.items()}
    tags[273] = (4, [start + sum(n for n in extents.values() if n > 4)])
    directory, outside = struct.pack(f"{order}H", len(tags)), b""
    for tag, (kind, values) in sorted(tags.items()):
        content = struct.pack(f"{order}{len(values)}{ {1: 'B', 3: 'H', 4: 'I'}[kind] }", *values)
        if len(content) > 4:
            directory += struct.pack(f"{order}HHII", tag, kind, len(values), start + len(outside))
            outside += content
        else:
            directory += struct.pack(f"{order}HHI", tag, kind, len(values)) + content.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    return head + directory + bytes(4) + outside + raw


DARK = (
    "The values reach only a small part of their 16 bits, as a 12-bit camera's do, so the picture is dark. "
    "Stretch them to the full range when saving."
)


def png(bits: int, colour_type: int, row: bytes) -> bytes:
    """A PNG of 64 x 64 pixels whose rows are the same."""
    body = [(b"IHDR", struct.pack(">IIBBBBB", 64, 64, bits, colour_type, 0, 0, 0))]
    body += [(b"IDAT", zlib.compress(row * 64)), (b"IEND", b"")]
    chunks = (struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in body)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bit_colours_of_a_tiff_are_told(order):
    deep = np.zeros((64, 96, 3), np.uint16)
    deep[:] = 40000, 16000, 8000
    decoded = read(tiff(deep, order=order))
    assert decoded.facts == ("TIFF, 96 x 64 pixels, 16-bit colours, read at 8 bits",)
    assert pixels(decoded)[5, 5].tolist() == [40000 >> 8, 16000 >> 8, 8000 >> 8]
    decoded = read(tiff(deep // 10, order=order))
    assert DARK in decoded.warnings


def test_grey_of_any_depth_is_told_as_it_is():
    values = np.arange(64 * 64).reshape(64, 64)
    assert read(tiff(values.astype(np.int16), 1)).facts[0] == "TIFF, 64 x 64 pixels, 16-bit grey"
    assert read(tiff(values.astype(np.uint32), 1)).facts[0] == "TIFF, 64 x 64 pixels, 32-bit grey"
    assert read(png(2, 0, b"\0" + bytes(range(16)))).facts == ("PNG, 64 x 64 pixels, 2-bit grey",)
    with_alpha = read(png(16, 4, b"\0" + b"\x12\x34\xff\xff" * 64))
    assert with_alpha.facts == ("PNG, 64 x 64 pixels, 16-bit grey, read at 8 bits",)
    assert DARK in with_alpha.warnings


def test_unsigned_32_bits_do_not_turn_negative():
    values = np.full((64, 64), 3_000_000_000, np.uint32)
    values[:, :32] = 1_000_000_000
    assert pixels(read(tiff(values, 1)))[0, [0, 63], 0].tolist() == [0, 255]


def test_what_a_tiff_holds_beyond_that_is_named_with_a_remedy_that_keeps_the_values():
    values = np.linspace(0, 1, 64 * 64).reshape(64, 64)
    assert refusal(tiff(values, 1)) == (
        "The picture cannot be read as TIFF: it holds 1 floating-point value of 64 bits a pixel. "
        "Save it as a TIFF of one 32-bit floating-point value a pixel, which keeps seven digits of each."
    )
    assert "it holds 3 floating-point values of 32 bits" in refusal(tiff(np.ones((64, 64, 3), np.float32)))
    assert "its pixels are complex numbers" in refusal(tiff(values.astype(np.complex64), 1))
    assert "it has 7 channels. Save one channel, or three as RGB" in refusal(tiff(np.zeros((64, 64, 7), np.uint8)))
    assert "it stores 64 bits a value" in refusal(tiff(np.zeros((64, 64), np.uint64), 1))


# Another picture than the large one


def test_a_cameras_raw_file_is_not_shown_as_its_thumbnail():
    thumbnail = np.zeros((48, 64, 3), np.uint8)
    raw = "The picture is a camera's raw file, which cannot be read here."
    assert refusal(tiff(thumbnail, extra=((254, 4, (1,)), (50706, 1, (1, 4, 0, 0))))).startswith(raw)  # DNGVersion
    sensor = tiff(np.zeros((192, 256), np.uint16), 32803)
    assert refusal(sensor).startswith(raw)
    assert refusal(b"II*\0\x10\0\0\0CR\2\0" + bytes(200)).startswith(raw)
    for start in (b"FUJIFILMCCD-RAW ", b"IIRO\x08\0\0\0", b"IIU\0\x18\0\0\0", b"\0\0\0\x18ftypcrx "):
        assert refusal(start + bytes(100)).startswith(raw)
    # A sensor's values in a directory below a thumbnail, as Nikon, Sony and Adobe write them.
    shallow = tiff(thumbnail, extra=((254, 4, (1,)), (330, 4, (0,))))
    below = struct.pack("<H", 1) + struct.pack("<HHII", 262, 3, 1, 32803) + bytes(4)
    entry = struct.pack("<HHII", 330, 4, 1, 0)
    data = shallow.replace(entry, struct.pack("<HHII", 330, 4, 1, len(shallow))) + below
    assert refusal(data).startswith(raw)


def test_a_smaller_version_beside_a_page_is_no_page():
    small, large = scene(40, 40), scene(64, 96)
    stream = io.BytesIO()
    small.save(stream, "TIFF", save_all=True, append_images=[large], tiffinfo={254: 1})
    data = bytearray(stream.getvalue())
    second = data.rindex(struct.pack("<HHII", 254, 4, 1, 1))
    data[second : second + 12] = struct.pack("<HHII", 254, 4, 1, 0)
    decoded = read(bytes(data))
    assert decoded.frames == 1
    assert np.array_equal(pixels(decoded), np.asarray(large))


def test_a_file_of_nothing_but_a_smaller_version_says_so():
    data = tiff(np.asarray(scene()), extra=((254, 4, (1,)),))
    assert read(data).warnings[0] == (
        "The file says that this is a smaller version of another picture; the large one cannot be read here."
    )

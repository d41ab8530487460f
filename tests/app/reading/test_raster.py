"""Reading pictures that Pillow decodes: depth, kinds of pixels, EXIF and frames."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from dinoscope.reading.images import read
from fixtures.picture_files import animation, encoded, pixels, refusal, scene


@pytest.mark.parametrize(
    ("kind", "options", "name"),
    [
        ("PNG", {}, "PNG"),
        ("PNG", {"interlace": 1}, "PNG"),
        ("BMP", {}, "BMP"),
        ("WEBP", {"lossless": True}, "WebP"),
        ("TIFF", {}, "TIFF"),
        ("TIFF", {"compression": "tiff_lzw"}, "TIFF"),
        ("TIFF", {"compression": "tiff_adobe_deflate"}, "TIFF"),
    ],
)
def test_lossless_files_arrive_unchanged(kind, options, name):
    decoded = read(encoded(scene(), kind, **options))
    assert np.array_equal(pixels(decoded), np.asarray(scene()))
    assert decoded.picture.mode == "RGB"
    assert decoded.facts == (f"{name}, 64 x 48 pixels, 8-bit colours",)
    assert (decoded.frames, decoded.frame, decoded.warnings) == (1, 1, ())


@pytest.mark.parametrize(("kind", "options"), [("JPEG", {"quality": 95, "subsampling": 0}), ("WEBP", {"quality": 95})])
def test_lossy_files_arrive_nearly_unchanged(kind, options):
    difference = pixels(read(encoded(scene(), kind, **options))).astype(int) - np.asarray(scene())
    assert np.abs(difference).mean() < 3


# Deep grey


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_16_bit_ramp_keeps_its_order_and_spans_all_of_8_bits(kind):
    ramp = np.linspace(1000, 5000, 64 * 64).astype(np.uint16).reshape(64, 64)
    decoded = read(encoded(Image.fromarray(ramp), kind))
    shades = pixels(decoded)[..., 0].ravel().astype(int)
    assert (np.diff(shades) >= 0).all()
    assert (shades[0], shades[-1]) == (0, 255)
    assert len(np.unique(shades)) == 256
    low, high = np.percentile(ramp, (1, 99.5))
    assert decoded.facts == (
        f"{kind}, 64 x 64 pixels, 16-bit grey",
        f"shown from {low:g} to {high:g} (1st to 99.5th percentile of its values)",
    )


def test_the_percentile_window_is_the_formula():
    values = np.random.default_rng(0).integers(0, 65535, (64, 64)).astype(np.uint16)
    low, high = np.percentile(values, (1, 99.5))
    expected = np.rint(255 * np.clip((values - low) / (high - low), 0, 1))
    assert np.abs(pixels(read(encoded(Image.fromarray(values))))[..., 0] - expected).max() <= 1


def test_a_small_bright_spot_on_16_bit_black_still_shows():
    values = np.zeros((100, 100), np.uint16)
    values[50, 50:60] = 900
    assert pixels(read(encoded(Image.fromarray(values))))[50, 55, 0] == 255


def test_big_endian_16_bit_tiff_equals_little_endian():
    ramp = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    little = encoded(Image.fromarray(ramp), "TIFF")
    big = encoded(Image.frombytes("I;16B", (64, 64), ramp.astype(">u2").tobytes()), "TIFF")
    assert np.array_equal(pixels(read(little)), pixels(read(big)))


def test_16_bit_white_is_zero_tiff_is_the_negative():
    ramp = Image.fromarray(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64))
    negative = encoded(ramp, "TIFF", tiffinfo={262: 0})
    assert np.array_equal(pixels(read(negative)), 255 - pixels(read(encoded(ramp, "TIFF"))))


def test_float_tiff_is_windowed_and_nan_is_black():
    values = np.linspace(-1, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    values[10:12, 10:40] = np.nan
    decoded = read(encoded(Image.fromarray(values), "TIFF"))
    assert (pixels(decoded)[10:12, 10:40] == 0).all()
    assert pixels(decoded)[-1, -1].tolist() == [255, 255, 255]
    assert "floating-point grey" in decoded.facts[0]


def test_float_tiff_of_nothing_but_nan_is_refused():
    values = np.full((64, 64), np.nan, np.float32)
    assert refusal(encoded(Image.fromarray(values), "TIFF")) == (
        "The picture holds no number: every pixel is NaN or infinite. Export it again with its values."
    )


def test_16_bit_colours_are_read_at_8_and_said_so():
    row = b"\0" + struct.pack(">3H", 0x1234, 0x8000, 0xFFFF) * 40
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 40, 40, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(row * 40)),
        (b"IEND", b""),
    ]
    body = b"".join(struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks)
    decoded = read(b"\x89PNG\r\n\x1a\n" + body)
    assert pixels(decoded)[0, 0].tolist() == [0x12, 0x80, 0xFF]
    assert decoded.facts == ("PNG, 40 x 40 pixels, 16-bit colours, read at 8 bits",)


# Other kinds of pixels


def test_8_bit_grey_is_repeated_over_the_channels():
    grey = scene().convert("L")
    decoded = read(encoded(grey))
    assert np.array_equal(pixels(decoded), np.repeat(np.asarray(grey)[..., None], 3, axis=-1))
    assert decoded.facts == ("PNG, 64 x 48 pixels, 8-bit grey",)


def test_1_bit_becomes_black_and_white():
    bits = scene().convert("1")
    decoded = read(encoded(bits))
    assert np.array_equal(pixels(decoded)[..., 0] == 255, np.asarray(bits))
    assert set(np.unique(pixels(decoded))) == {0, 255}


def test_palette_gives_its_colours():
    palette = scene().quantize(32)
    assert np.array_equal(pixels(read(encoded(palette))), np.asarray(palette.convert("RGB")))


def test_transparent_palette_entry_is_painted_black():
    palette = Image.new("P", (40, 40), 1)
    palette.putpalette([255, 255, 255, 10, 20, 30])
    palette.paste(0, (0, 0, 20, 40))
    decoded = read(encoded(palette, transparency=0))
    assert pixels(decoded)[0, 0].tolist() == [0, 0, 0]
    assert pixels(decoded)[0, 39].tolist() == [10, 20, 30]
    assert decoded.warnings[0] == "Transparent parts were painted black."


def test_alpha_is_composited_on_black():
    picture = scene().convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    alpha = np.asarray(picture)[..., 3:] / 255
    decoded = read(encoded(picture))
    assert np.abs(pixels(decoded) - np.asarray(scene()) * alpha).max() <= 1
    assert decoded.warnings == ("Transparent parts were painted black.",)


def test_an_opaque_alpha_channel_changes_nothing_and_is_not_mentioned():
    decoded = read(encoded(scene().convert("RGBA")))
    assert np.array_equal(pixels(decoded), np.asarray(scene()))
    assert decoded.warnings == ()


@pytest.mark.parametrize("colour", [(200, 30, 60), (20, 160, 90), (255, 255, 255)])
def test_cmyk_jpeg_of_a_known_colour(colour):
    """Pillow writes CMYK as Adobe does, inverted; read the wrong way round, white would be black."""
    picture = Image.new("RGB", (64, 48), colour)
    data = encoded(picture.convert("CMYK"), "JPEG", quality=95)
    assert b"Adobe" in data
    decoded = read(data)
    assert np.abs(pixels(decoded).astype(int) - colour).max() <= 4
    assert decoded.warnings[0] == "The colours were converted from CMYK and may be slightly off."


# EXIF and other metadata


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_puts_every_corner_in_its_place(kind, orientation):
    stored = Image.new("RGB", (64, 48), "black")
    corners = {"white": (0, 0), "red": (56, 0), "lime": (56, 40), "blue": (0, 40)}
    for colour, position in corners.items():
        stored.paste(colour, (*position, position[0] + 8, position[1] + 8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    upright = read(encoded(stored, kind, exif=exif, **options)).picture
    # The stored top left, top right, bottom right and bottom left, read clockwise from the upright top left.
    clockwise = {
        1: ["white", "red", "lime", "blue"],
        2: ["red", "white", "blue", "lime"],
        3: ["lime", "blue", "white", "red"],
        4: ["blue", "lime", "red", "white"],
        5: ["white", "blue", "lime", "red"],
        6: ["blue", "white", "red", "lime"],
        7: ["lime", "red", "white", "blue"],
        8: ["red", "lime", "blue", "white"],
    }[orientation]
    assert upright.size == ((64, 48) if orientation < 5 else (48, 64))
    right, bottom = upright.width - 4, upright.height - 4
    for colour, position in zip(clockwise, [(3, 3), (right, 3), (right, bottom), (3, bottom)], strict=True):
        expected = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
        assert np.abs(np.subtract(upright.getpixel(position), expected)).max() <= 6


def test_a_turned_picture_is_said_to_be_turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read(encoded(scene(), "JPEG", exif=exif)).facts == (
        "JPEG, 48 x 64 pixels, 8-bit colours",
        "turned upright as its EXIF says",
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_metadata_is_gone(kind):
    exif = Image.Exif()
    exif[0x010E] = "Jane Doe, born 1970"
    picture = read(encoded(scene(), kind, exif=exif, dpi=(72, 72))).picture
    assert picture.info == {}
    assert len(picture.getexif()) == 0
    assert b"Jane" not in encoded(picture, "JPEG")


def test_a_pillow_image_is_not_changed_by_reading_it():
    picture = scene().convert("RGBA")
    picture.info["comment"] = "Jane Doe"
    read(picture)
    assert picture.mode == "RGBA"
    assert picture.info == {"comment": "Jane Doe"}


# Frames


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_shows_its_first_frame_and_says_so(kind):
    decoded = read(animation(kind))
    assert pixels(decoded)[20, 20].tolist() == [255, 0, 0]
    assert (decoded.frames, decoded.frame) == (3, 1)
    assert decoded.warnings[0] == "Animated: frame 1 of 3 is shown."


def test_pages_of_a_tiff_are_pages():
    decoded = read(animation("TIFF"))
    assert decoded.warnings[0] == "Page 1 of 3 is shown."


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_frames_count_from_1(kind):
    assert pixels(read(animation(kind), frame=1))[20, 20].tolist() == [255, 0, 0]
    decoded = read(animation(kind), frame=3)
    assert pixels(decoded)[20, 20].tolist() == [0, 0, 255]
    assert decoded.frame == 3


@pytest.mark.parametrize("frame", [0, 4, -1])
def test_a_frame_that_is_not_there_is_refused(frame):
    assert refusal(animation("GIF"), frame) == (
        f"The picture holds 3 frames; there is no frame {frame}. Choose 1 to 3 with the frame slider."
    )


def test_a_still_picture_has_one_frame():
    sentence = "The picture holds a single frame; there is no frame 2. Choose frame 1."
    assert refusal(encoded(scene()), 2) == sentence
    assert refusal(scene(), 2) == sentence

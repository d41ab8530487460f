"""Reading pictures that Pillow decodes: what arrives, what is said about it, and what is refused in which words."""

from __future__ import annotations

import contextlib
import io
import os
import random
import struct
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from dinoscope.reading.images import Decoded, ImageError, pixel_hash, read

ALL = "PNG, JPEG, WebP, TIFF, BMP, GIF, DICOM or NIfTI"


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    """The bytes of a file holding a picture."""
    stream = io.BytesIO()
    picture.save(stream, format=kind, **options)
    return stream.getvalue()


def scene(height: int = 48, width: int = 64) -> Image.Image:
    """A colourful picture without symmetry, so that any turn or swap of channels shows."""
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([x * 3, y * 4, (x + 2 * y) % 256], axis=-1).astype(np.uint8))


def noise() -> Image.Image:
    """A picture that no format can make small, so that most of a file is pixels."""
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (48, 64, 3)).astype(np.uint8))


def pixels(decoded: Decoded) -> np.ndarray:
    return np.asarray(decoded.picture)


def refusal(source, frame: int | None = None) -> str:
    """The sentence with which a source is refused."""
    with pytest.raises(ImageError) as caught:
        read(source, frame)
    return str(caught.value)


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


def test_path_bytes_and_pillow_image_agree(tmp_path):
    file = tmp_path / "scan.png"
    file.write_bytes(encoded(scene()))
    hashes = {pixel_hash(read(source).picture) for source in (file, file.read_bytes(), scene())}
    assert len(hashes) == 1


def test_a_text_is_never_the_name_of_a_file(tmp_path):
    file = tmp_path / "scan.png"
    file.write_bytes(encoded(scene()))
    with pytest.raises(TypeError, match="bytes, a Path or a Pillow image, not str"):
        read(str(file))


def test_a_pipe_is_refused_at_once_and_a_device_unread(tmp_path):
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    for source in (pipe, Path("/dev/zero")):
        assert "is a device or a pipe" in refusal(source)


def test_a_file_is_measured_before_it_is_read(tmp_path):
    huge = tmp_path / "huge.png"
    with huge.open("wb") as file:
        file.truncate(300 << 20)
    assert "has 300 MB; the limit is 256 MB" in refusal(huge)


def test_the_content_decides_and_not_the_name(tmp_path):
    file = tmp_path / "scan.dcm"
    file.write_bytes(encoded(scene(), "JPEG"))
    assert read(file).facts[0].startswith("JPEG")


def test_pixel_hash_is_blind_to_the_format_and_sees_one_pixel():
    first, again = read(encoded(scene(), "PNG")).picture, read(encoded(scene(), "BMP")).picture
    assert pixel_hash(first) == pixel_hash(again)
    again.putpixel((3, 5), (1, 2, 3))
    assert pixel_hash(first) != pixel_hash(again)


def test_pixel_hash_sees_the_shape():
    flat = Image.new("RGB", (40, 60))
    assert pixel_hash(flat) != pixel_hash(flat.rotate(90, expand=True))


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


def animation(kind: str) -> bytes:
    colours = [Image.new("RGB", (40, 40), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    return encoded(colours[0], kind, save_all=True, append_images=colours[1:], **options)


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


# Sizes


def test_more_than_4096_pixels_a_side_are_scaled_down_and_said_so():
    decoded = read(encoded(scene(1000, 5000)))
    assert decoded.picture.size == (4096, 819)
    assert decoded.facts == ("PNG, 5000 x 1000 pixels, 8-bit colours",)
    assert decoded.warnings[0] == "Scaled down from 5000 x 1000 to 4096 x 819 pixels."


def bitmap_header(width: int, height: int) -> bytes:
    """A BMP that promises a size and holds no pixels."""
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("width", "height", "megapixels"), [(10_100, 10_000, 101), (30_000, 30_000, 900)])
def test_more_than_100_megapixels_are_refused_before_decoding(width, height, megapixels):
    started = time.perf_counter()
    assert refusal(bitmap_header(width, height)) == (
        f"The picture has {megapixels} megapixels; the limit is 100. Crop it or scale it down and upload that."
    )
    assert time.perf_counter() - started < 0.5


def test_less_than_32_pixels_a_side_are_refused():
    assert refusal(encoded(scene(31, 40))) == (
        "The picture is 40 x 31 pixels; each side needs at least 32. Upload it at its original size."
    )
    assert read(encoded(scene(32, 32))).picture.size == (32, 32)


def test_a_long_picture_is_warned_about_and_a_very_long_one_refused():
    assert read(encoded(scene(40, 160))).warnings == ()
    assert read(encoded(scene(200, 40))).warnings == (
        "The picture is 5.0 times as long as wide; the heads know pictures closer to a square.",
    )
    assert refusal(encoded(scene(40, 641))) == (
        "The picture is 641 x 40 pixels, more than 16 times as long as wide. "
        "Crop it to the part that matters and upload that."
    )


@pytest.mark.parametrize("mode", ["RGB", "L", "I;16"])
def test_one_flat_colour_is_read_and_warned_about(mode):
    picture = Image.fromarray(np.full((40, 40), 7, np.uint16)) if mode == "I;16" else Image.new(mode, (40, 40), "gray")
    assert read(encoded(picture)).warnings == ("The picture is one flat colour, so an answer about it means nothing.",)


def test_a_nearly_blank_picture_is_warned_about():
    noise = np.random.default_rng(0).integers(100, 104, (40, 40)).astype(np.uint8)
    assert read(encoded(Image.fromarray(noise))).warnings == (
        "The picture is nearly blank, so an answer about it means little.",
    )


# Refusals


def test_missing_file(tmp_path):
    assert refusal(tmp_path / "gone.png") == '"gone.png" was not found. Choose the file again.'


def test_folder(tmp_path):
    assert refusal(tmp_path) == f'"{tmp_path.name}" is a folder. Choose one picture inside it.'


def test_unreadable_file(tmp_path):
    name = "x" * 300
    assert refusal(tmp_path / name) == (
        f'"{"x" * 40}...{"x" * 37}" could not be opened (File name too long). Choose the file again.'
    )
    assert refusal(Path("a\0b")) == '"ab" could not be opened (not a file name). Choose the file again.'


def test_empty_file(tmp_path):
    (tmp_path / "scan.png").write_bytes(b"")
    assert refusal(tmp_path / "scan.png") == '"scan.png" is empty: it holds 0 bytes. Save or upload it again.'


DEEP = Image.fromarray(np.random.default_rng(2).integers(0, 65536, (64, 64)).astype(np.uint16))
FILES = {
    "PNG": encoded(noise()),
    "JPEG": encoded(noise(), "JPEG"),
    "progressive JPEG": encoded(noise(), "JPEG", progressive=True),
    "WEBP": encoded(noise(), "WEBP"),
    "GIF": encoded(noise(), "GIF"),
    "BMP": encoded(noise(), "BMP"),
    "TIFF": encoded(noise(), "TIFF"),
    "LZW TIFF": encoded(noise(), "TIFF", compression="tiff_lzw"),
    "JPEG TIFF": encoded(noise(), "TIFF", compression="jpeg"),
    "16-bit TIFF": encoded(DEEP, "TIFF"),
    "16-bit PNG": encoded(DEEP),
    "palette PNG": encoded(noise().quantize(), transparency=3),
    "animated PNG": animation("PNG"),
    "animated WEBP": animation("WEBP"),
    "animated GIF": animation("GIF"),
    "pages of TIFF": animation("TIFF"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("kind", [kind for kind in FILES if not kind.startswith(("animated", "pages"))])
def test_a_truncated_file_is_cut_short_and_never_filled_with_grey(kind, share, tmp_path):
    data = FILES[kind]
    (tmp_path / "scan.png").write_bytes(data[: int(len(data) * share)])
    assert refusal(tmp_path / "scan.png") == (
        '"scan.png" is cut short: only part of the picture arrived. Save or upload it again.'
    )


def test_every_cut_gives_the_whole_picture_or_a_refusal():
    for kind in ("PNG", "JPEG", "GIF", "WEBP", "16-bit TIFF"):
        data, whole = FILES[kind], pixels(read(FILES[kind]))
        for length in range(1, len(data), max(1, len(data) // 60)):
            try:
                decoded = read(data[:length])
            except ImageError:
                continue
            assert np.array_equal(pixels(decoded), whole), f"{kind} cut to {length} bytes"


def test_damaged_file(tmp_path):
    data = bytearray(FILES["PNG"])
    data[60:90] = bytes(30)
    (tmp_path / "scan.png").write_bytes(data)
    assert refusal(tmp_path / "scan.png") == (
        '"scan.png" cannot be read as PNG: it is damaged or of a rare kind. '
        "Save it again as PNG or JPEG and upload that."
    )


@pytest.mark.parametrize("content", [b"hello, this is a text file\n" * 20, b"x", bytes(5000), b"patient;age\n1;2\n"])
def test_not_a_picture(content, tmp_path):
    (tmp_path / "notes.png").write_bytes(content)
    assert refusal(tmp_path / "notes.png") == f'"notes.png" is not a picture. Upload {ALL}.'


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7 ...", "a PDF"),
        (b"PK\x03\x04....", "a ZIP archive"),
        (b"\x1f\x8b\x08....", "a gzip archive"),
        (b"\0\0\0\x18ftypheic....", "a HEIC file"),
        (b"\0\0\0\x18ftypavif....", "an AVIF file"),
        (b"\0\0\0\x18ftypisom....", "a video"),
        (b'<?xml version="1.0"?><svg>', "an SVG drawing"),
        (encoded(scene(), "ICO"), "an icon"),
        (encoded(scene(), "JPEG2000"), "a JPEG 2000 file"),
        (encoded(scene(), "PPM"), "a PPM file"),
    ],
)
def test_a_kind_that_is_known_but_not_supported_is_named(content, kind):
    assert refusal(content) == f"The picture is {kind}, which cannot be read here. Save one picture as {ALL}."


def test_a_truncated_pillow_image_is_refused_too():
    lazy = Image.open(io.BytesIO(FILES["PNG"][:800]))
    assert refusal(lazy) == (
        "The picture cannot be read as PNG: it is damaged or of a rare kind. "
        "Save it again as PNG or JPEG and upload that."
    )


# Whatever arrives


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", list(FILES))
def test_damage_anywhere_gives_a_picture_or_an_image_error(kind):
    dice = random.Random(kind)
    for _ in range(60):
        data = bytearray(FILES[kind])
        if dice.random() < 0.3:
            del data[dice.randrange(1, len(data)) :]
        else:
            end = len(data) if dice.random() < 0.5 else min(len(data), 300)
            for _ in range(dice.choice([1, 2, 5, 30])):
                data[dice.randrange(end)] = dice.choice([0, 255, dice.randrange(256)])
        started = time.perf_counter()
        with contextlib.suppress(ImageError):
            assert read(bytes(data)).picture.mode == "RGB"
        assert time.perf_counter() - started < 5


@pytest.mark.filterwarnings("ignore")
def test_reading_leaves_pillows_switches_alone():
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    for data in (FILES["PNG"], FILES["JPEG"][:300], bitmap_header(30_000, 30_000)):
        with contextlib.suppress(ImageError):
            read(data)
    after = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    assert after == before


def test_several_threads_read_what_one_thread_reads():
    expected = {kind: pixel_hash(read(data).picture) for kind, data in FILES.items()}
    wrong: list[str] = []

    def work(seed: int) -> None:
        for kind in random.Random(seed).choices(list(FILES), k=40):
            if pixel_hash(read(FILES[kind]).picture) != expected[kind]:
                wrong.append(kind)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_512_pixel_png_reads_fast():
    data = encoded(scene(512, 512))
    times = []
    for _ in range(9):
        started = time.perf_counter()
        read(data)
        times.append(time.perf_counter() - started)
    assert min(times) < 0.015


def test_a_hostile_name_stays_on_one_line(tmp_path):
    file = Path(tmp_path) / "a\nb\x07.png"
    file.write_bytes(b"")
    assert refusal(file) == '"ab.png" is empty: it holds 0 bytes. Save or upload it again.'

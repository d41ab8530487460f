"""Reading a picture: where it comes from, how large it may be, what is refused in which words, and any damage."""

from __future__ import annotations

import contextlib
import io
import os
import random
import struct
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from dinoscope.reading.images import ImageError, pixel_hash, read
from fixtures.picture_files import ALL, animation, encoded, noise, pixels, refusal, scene


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

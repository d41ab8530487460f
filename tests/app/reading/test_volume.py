"""Reading NIfTI volumes: how a slice is laid out, which one is shown, through which window, and every refusal."""

from __future__ import annotations

import gzip
import io

import nibabel
import numpy as np
import pytest
from PIL import Image

from dinoscope.reading.formats import decoding
from dinoscope.reading.formats.decoded import APART, HERE, File, Heavy
from dinoscope.reading.images import Decoded, ImageError, read

SHAPE = (40, 50, 6)  # left-right, back-front, feet-head


def volume(
    values: np.ndarray, axes: str = "RAS", kind: type = nibabel.Nifti1Image, zipped: bool = False, **header
) -> bytes:
    """The bytes of a file whose values, given as right-front-head, are stored along other axes."""
    canonical = nibabel.Nifti1Image(values, np.eye(4))
    wanted = nibabel.orientations.axcodes2ornt(axes)
    turned = canonical.as_reoriented(nibabel.orientations.ornt_transform(nibabel.io_orientation(np.eye(4)), wanted))
    made = kind(np.asarray(turned.dataobj), turned.affine)
    for name, value in header.items():
        made.header[name] = value
    return gzip.compress(made.to_bytes()) if zipped else made.to_bytes()


def head() -> np.ndarray:
    """int16 values that tell right from left, front from back, and every slice from the next."""
    x, y, z = np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij")
    return (x * 10 + y * 100 + z * 10000).astype(np.int16)


def pixels(decoded: Decoded) -> np.ndarray:
    return np.asarray(decoded.picture)[..., 0].astype(int)


def refusal(data: bytes, frame: int | None = None) -> str:
    with pytest.raises(ImageError) as caught:
        read(data, frame)
    return str(caught.value)


def expected(values: np.ndarray) -> np.ndarray:
    """[x, y] of one slice, right-front, as a radiologist sees it: the front at the top, the patient's right at left."""
    laid = values[::-1, ::-1].T.astype(float)
    low, high = np.percentile(laid, (1, 99.5))
    return np.rint(np.clip((laid - low) / (high - low), 0, 1) * 255)


@pytest.mark.parametrize("axes", ["RAS", "LPS", "LAS", "PIR", "SAR", "ASL"])
@pytest.mark.parametrize("frame", [1, 4, 6])
def test_slices_count_from_the_feet_however_they_are_stored(axes, frame):
    decoded = read(volume(head() // 4, axes), frame)
    assert decoded.picture.size == (40, 50)
    assert np.abs(pixels(decoded) - expected(head()[..., frame - 1] // 4)).max() <= 1
    assert (decoded.frames, decoded.frame) == (6, frame)
    assert decoded.facts[0] == "NIfTI, 40 x 50 pixels, 16-bit grey"
    assert decoded.facts[2] == f"slice {frame} of 6"


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("zipped", [False, True])
def test_both_versions_plain_and_zipped_open_with_the_middle_slice(kind, zipped):
    decoded = read(volume(head(), kind=kind, zipped=zipped))
    assert np.abs(pixels(decoded) - expected(head()[..., 2])).max() <= 1
    assert decoded.frame == 3


def test_an_archive_of_several_parts_in_a_row():
    whole = volume(head())
    parts = b"".join(gzip.compress(whole[i : i + 5000]) for i in range(0, len(whole), 5000))
    assert np.array_equal(pixels(read(parts)), pixels(read(whole)))
    with pytest.raises(Heavy):
        decoding.decode(File(gzip.compress(whole) + gzip.compress(b"") * 100, "NIfTI"), HERE)


def test_pixels_that_are_not_square_are_told():
    made = nibabel.Nifti1Image(head(), np.diag([1, 3, 1, 1]))
    assert read(made.to_bytes()).warnings == (
        "Its pixels are not square (3 high, 1 wide), so shapes look squeezed here.",
    )


def test_volumes_follow_one_another():
    series = np.stack([head() // 8, head() // 8 + 7], axis=-1)
    decoded = read(volume(head()), 3)
    made = nibabel.Nifti1Image(series, np.eye(4)).to_bytes()
    second = read(made, 6 + 2)
    assert second.frames == 12
    assert second.facts[-1] == "slice 2 of 6, volume 2 of 2"
    assert np.array_equal(pixels(second), pixels(read(made, 2)))
    assert decoded.frames == 6


def test_the_headers_window_is_the_files_own_view():
    decoded = read(volume(head(), cal_min=1000, cal_max=4000), 1)
    laid = head()[::-1, ::-1, 0].T
    assert np.abs(pixels(decoded) - np.clip((laid - 1000) / 3000, 0, 1) * 255).max() <= 0.51
    assert decoded.facts[1] == "shown from 1000 to 4000, as the file asks"


def test_8_bits_are_shown_whole():
    values = (head() % 90 + 60).astype(np.uint8)
    assert np.array_equal(pixels(read(volume(values), 1)), values[::-1, ::-1, 0].T)
    scaled = nibabel.Nifti1Image(values, np.eye(4))
    scaled.header.set_slope_inter(0.5, -20)
    assert np.array_equal(pixels(read(scaled.to_bytes(), 1)), values[::-1, ::-1, 0].T)


def test_values_are_scaled_before_they_are_windowed():
    made = nibabel.Nifti1Image(head(), np.eye(4))
    made.header.set_slope_inter(0.5, -1000)
    made.header["cal_min"], made.header["cal_max"] = -1000, 1000
    laid = head()[::-1, ::-1, 0].T * 0.5 - 1000
    assert np.abs(pixels(read(made.to_bytes(), 1)) - np.clip((laid + 1000) / 2000, 0, 1) * 255).max() <= 0.51


def test_not_a_number_is_black_and_nothing_else_is_refused():
    values = head().astype(np.float32)
    values[:10] = np.nan
    values[10, 0] = np.inf
    decoded = read(volume(values), 1)
    assert (pixels(decoded)[:, -10:] == 0).all()
    assert "floating-point grey" in decoded.facts[0]
    assert refusal(volume(np.full(SHAPE, np.nan, np.float32))).startswith("The picture holds no number")


def test_colours():
    colours = np.zeros(SHAPE, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    colours["R"], colours["G"] = 200, 30
    assert np.asarray(read(volume(colours)).picture)[3, 3].tolist() == [200, 30, 0]


def test_a_flat_file_is_a_picture_of_one_slice():
    made = nibabel.Nifti1Image(head()[..., 0], np.eye(4))
    decoded = read(made.to_bytes())
    assert decoded.frames == 1
    assert np.abs(pixels(decoded) - expected(head()[..., 0])).max() <= 1


def test_a_file_without_directions_is_laid_out_as_stored():
    made = nibabel.Nifti1Image(head(), np.eye(4))
    data = bytearray(made.to_bytes())
    data[252:256] = bytes(4)  # neither a quaternion nor an affine counts
    data[76:108] = bytes(32)  # and no voxel has a size
    assert read(bytes(data), 1).picture.size == (40, 50)


def test_refusals():
    assert refusal(volume(head()), 7) == (
        "The picture holds 6 frames; there is no frame 7. Choose 1 to 6 with the frame slider."
    )
    assert refusal(volume(head())[:-100]).startswith("The picture is cut short")
    assert refusal(volume(head(), zipped=True)[:-100]).startswith("The picture is cut short")
    assert "complex numbers. Save their magnitude" in refusal(volume(head().astype(np.complex64)))
    assert refusal(volume(head()[:20])).startswith("The picture is 20 x 50 pixels; each side needs at least 32.")
    pair = bytearray(volume(head()))
    pair[344:348] = b"ni1\0"
    assert "is the header of a NIfTI pair (.hdr and .img), which" in refusal(bytes(pair))
    stream = io.BytesIO()
    Image.new("L", (40, 40)).save(stream, "PNG")
    assert "is a gzip archive, which" in refusal(gzip.compress(stream.getvalue()))


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr("dinoscope.reading.formats.volume.MAX_UNPACKED", 10 << 20)
    bomb = gzip.compress(volume(head()) + bytes(20 << 20))
    with pytest.raises(ImageError) as caught:
        decoding.decode(File(bomb, "NIfTI"), APART)
    assert str(caught.value).startswith("The picture unpacks to more than 10 MB.")


def test_odd_values_are_not_quoted_in_the_log(capfd, caplog):
    data = bytearray(volume(head()))
    data[252:256] = b"\x47\x11\0\0"  # codes that say what the directions mean
    read(bytes(data))
    assert "".join(capfd.readouterr()) + caplog.text == ""


@pytest.mark.filterwarnings("ignore")
def test_damage_anywhere_in_the_header_gives_a_picture_or_an_image_error():
    rng = np.random.default_rng(0)
    whole = volume(head())
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.integers(1, 12)):
            data[rng.integers(0, 348)] = rng.choice([0, 255, rng.integers(256)])
        try:
            assert isinstance(read(bytes(data)), Decoded)
        except ImageError:
            continue

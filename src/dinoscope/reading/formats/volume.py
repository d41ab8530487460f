"""Volume: one slice of a NIfTI file -> a grey picture, laid out as viewers for radiologists do."""

from __future__ import annotations

import io
import zlib

import numpy as np
from PIL import Image

from . import grey, refusals
from .decoded import Decoded, Effort, File, Heavy, ImageError

MAX_UNPACKED = 1 << 30
_COLOURS = ("R", "G", "B")


def decode(file: File, effort: Effort) -> Decoded:
    """Decode one slice across the body's axis, counted from the feet; the middle one where none is asked for.

    The patient's right is at the left and the front is at the top, as in a radiologist's viewer. A window in the
    header is used; else deep values are shown between two percentiles. Several volumes follow one another.

    Raises:
        ImageError: with a sentence, whatever is wrong with the file.
        Heavy: if that takes more than this process may spend.
    """
    try:
        return _decode(_unpacked(file, effort), file, effort)
    except (ImageError, Heavy, MemoryError):
        raise
    # nibabel meets a damaged header with nearly any exception. This is the border.
    except Exception as error:
        raise refusals.damaged(file.subject, "NIfTI") from error


def _unpacked(file: File, effort: Effort) -> bytes:
    """The file, out of its gzip archive, within bounds."""
    if file.data[:2] != b"\x1f\x8b":
        effort.check(unpacked=len(file.data))
        return file.data
    limit = MAX_UNPACKED if effort.apart else effort.unpacked
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    data = unpacker.decompress(file.data, limit)
    if unpacker.unconsumed_tail:
        effort.check(unpacked=effort.unpacked + 1)
        raise refusals.unpacks_too_large(file.subject, MAX_UNPACKED)
    if not unpacker.eof:
        raise refusals.cut_short(file.subject)
    return data


def _decode(data: bytes, file: File, effort: Effort) -> Decoded:
    import nibabel  # takes half a second, which few visits need
    from nibabel.orientations import apply_orientation

    second = data[4:7] == b"n+2"
    # Extensions may be many, and nothing here needs them: the flag that announces them is put out.
    size = 540 if second else 348
    data = data[:size] + bytes(4) + data[size + 4 :]
    image = (nibabel.Nifti2Image if second else nibabel.Nifti1Image).from_stream(io.BytesIO(data))
    header, dtype = image.header, image.get_data_dtype()
    shape = (*image.shape, 1, 1, 1)[: max(3, len(image.shape))]
    if int(image.dataobj.offset) + int(np.prod(image.shape, dtype=object)) * dtype.itemsize > len(data):
        raise refusals.cut_short(file.subject)
    if dtype.kind == "c":
        reason = "its values are complex numbers. Save their magnitude and upload that."
        raise refusals.odd(file.subject, "NIfTI", reason)

    # Which of the file's axes runs to the patient's right, to the front and to the head, and in which direction.
    axes = nibabel.io_orientation(image.affine)
    axes[np.isnan(axes)] = [0, 1]  # an affine without a direction says nothing
    if sorted(axes[:, 0]) != [0, 1, 2]:
        axes = np.array([[0, 1], [1, 1], [2, 1]], float)
    across = int(np.flatnonzero(axes[:, 0] == 2)[0])
    depth, rest = shape[across], shape[3:]
    frames = depth * int(np.prod(rest))
    shown = (depth + 1) // 2 if file.frame is None else file.frame
    refusals.check_frame(file.subject, frames, shown)
    volume, slice_ = divmod(shown - 1, depth)
    at = slice_ if axes[across, 1] == 1 else depth - 1 - slice_
    place: list[slice | int] = [slice(None)] * 3
    place[across] = slice(at, at + 1)
    inside = [shape[axis] for axis in range(3) if axis != across]
    refusals.check_size(
        file.subject, *(inside if axes[[a for a in range(3) if a != across][0], 0] == 0 else inside[::-1])
    )
    effort.check(pixels=inside[0] * inside[1])
    index = tuple([*place, *np.unravel_index(volume, rest, order="F")][: len(image.shape)] if rest else place)
    taken = np.asarray(image.dataobj[index[: len(image.shape)]])
    taken = apply_orientation(taken.reshape([1 if a == across else shape[a] for a in range(3)]), axes)[:, :, 0]
    laid = taken[::-1, ::-1].T  # rows from front to back, columns from the patient's right to the left

    warnings = []
    if laid.dtype.fields:
        picture, depth_said = np.stack([laid[c] for c in _COLOURS], axis=-1), "8-bit colours"
        notes = []
    else:
        picture, note, depth_said = *_shades(laid, header, dtype, file.subject), _depth(dtype)
        notes = [note]
    if frames > 1:
        notes.append(f"slice {slice_ + 1} of {depth}" + (f", volume {volume + 1} of {frames // depth}" if rest else ""))
    facts = (f"NIfTI, {picture.shape[1]} x {picture.shape[0]} pixels, {depth_said}", *notes)
    return Decoded(Image.fromarray(np.ascontiguousarray(picture)).convert("RGB"), frames, shown, facts, tuple(warnings))


def _shades(values: np.ndarray, header: object, dtype: np.dtype, subject: str) -> tuple[np.ndarray, str]:
    """Values -> uint8 through the header's window, the whole of 8 bits, or two percentiles; with the fact about it."""
    if not np.isfinite(values).any():
        raise refusals.no_finite_value(subject)
    low, high = (float(header[name]) for name in ("cal_min", "cal_max"))  # type: ignore[index]
    if np.isfinite([low, high]).all() and high > low:
        return grey.between(values.astype(np.float64), low, high), f"shown from {low:g} to {high:g}, as the file asks"
    if dtype in (np.uint8, np.int8) and values.dtype == dtype:
        info = np.iinfo(dtype)
        return grey.between(values.astype(np.float32), info.min, info.max), grey.whole_fact(info.min, info.max)
    low, high = grey.percentile_window(values)
    return grey.between(values.astype(np.float64), low, high), grey.window_fact(low, high)


def _depth(dtype: np.dtype) -> str:
    return "floating-point grey" if dtype.kind == "f" else f"{8 * dtype.itemsize}-bit grey"

"""Volume: one slice of a NIfTI file -> a grey picture, laid out as viewers for radiologists do."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from PIL import Image

from . import grey, refusals
from .decoded import Decoded, Effort, File, Heavy, ImageError

MAX_UNPACKED = 1 << 29


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
    packed, unpacked, members = file.data, b"", 0
    while packed[:2] == b"\x1f\x8b":  # an archive may be several in a row, and each passes on all that follow it
        members += 1
        effort.check(parts=1000 * members)
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        unpacked += unpacker.decompress(packed, limit + 1 - len(unpacked))
        if len(unpacked) > limit:
            effort.check(unpacked=effort.unpacked + 1)
            raise refusals.unpacks_too_large(file.subject, MAX_UNPACKED)
        if not unpacker.eof:
            raise refusals.cut_short(file.subject)
        packed = unpacker.unused_data
    return unpacked


def _decode(data: bytes, file: File, effort: Effort) -> Decoded:
    import nibabel  # takes half a second, which few visits need

    image = _opened(data)
    shape, volumes = image.shape[:3], image.shape[3:]
    across = int(np.flatnonzero(nibabel.io_orientation(image.affine)[:, 0] == 2)[0])
    slices, frames = shape[across], shape[across] * int(np.prod(volumes))
    shown = (slices + 1) // 2 if file.frame is None else file.frame
    refusals.check_frame(file.subject, frames, shown)
    refusals.check_size(file.subject, *(size for axis, size in enumerate(shape) if axis != across))
    effort.check(pixels=np.prod(shape) / slices)
    dtype = image.get_data_dtype()
    if dtype.kind == "c":
        reason = "its values are complex numbers. Save their magnitude and upload that."
        raise refusals.odd(file.subject, "NIfTI", reason)
    if int(image.dataobj.offset) + int(np.prod(image.shape, dtype=object)) * dtype.itemsize > len(data):
        raise refusals.cut_short(file.subject)

    volume, number = divmod(shown - 1, slices)
    upwards = nibabel.io_orientation(image.affine)[across, 1] > 0
    place = number if upwards else slices - 1 - number
    cut: list[slice | int] = [slice(None)] * 3
    cut[across] = slice(place, place + 1)
    cut += [int(i) for i in np.unravel_index(volume, volumes, order="F")]
    thin = nibabel.as_closest_canonical(image.slicer[tuple(cut)])
    values = np.asarray(thin.dataobj)[
        ::-1, ::-1, 0
    ].T  # from the front to the back, from the patient's right to the left

    if values.dtype.fields:
        picture, notes, depth = np.stack([values[colour] for colour in "RGB"], axis=-1), [], "8-bit colours"
    else:
        shades, note = _shades(values, image, file.subject)
        picture, notes, depth = shades, [note], _depth(dtype)
    if frames > 1:
        notes.append(
            f"slice {number + 1} of {slices}" + (f", volume {volume + 1} of {frames // slices}" * bool(volumes))
        )
    facts = (f"NIfTI, {picture.shape[1]} x {picture.shape[0]} pixels, {depth}", *notes)
    warnings = refusals.squeezed(*(float(z) for z in thin.header.get_zooms()[1::-1]))
    return Decoded(Image.fromarray(np.ascontiguousarray(picture)).convert("RGB"), frames, shown, facts, warnings)


def _opened(data: bytes) -> Any:
    """The image, with three axes at least and a direction for each; none of its values is read yet."""
    import nibabel

    nibabel.imageglobals.logger.disabled = True  # it would quote a visitor's file in the server's log
    second = data[4:7] == b"n+2"
    kind = nibabel.Nifti2Image if second else nibabel.Nifti1Image
    # Extensions may be many, and nothing here needs them: the flag that announces them is put out.
    size = 540 if second else 348
    image: Any = kind.from_bytes(data[:size] + bytes(4) + data[size + 4 :])
    shape = image.shape
    if min(shape, default=0) < 1:
        raise ValueError(f"the shape is {shape}")
    directions = image.affine[:3, :3]
    lost = not np.isfinite(directions).all() or np.isnan(nibabel.io_orientation(image.affine)).any()
    if len(shape) < 3:
        image = kind(image.dataobj.reshape((*shape, 1, 1)[:3]), image.affine, image.header)
    return kind(image.dataobj, np.eye(4), image.header) if lost else image


def _shades(values: np.ndarray, image: Any, subject: str) -> tuple[np.ndarray, str]:
    """Values -> uint8 through the header's window, the whole of 8 bits, or two percentiles; with the fact about it."""
    if not np.isfinite(values).any():
        raise refusals.no_finite_value(subject)
    values = values.astype(np.float64)
    low, high = (float(image.header[name]) for name in ("cal_min", "cal_max"))
    if np.isfinite([low, high]).all() and high > low:
        return grey.between(values, low, high), f"shown from {low:g} to {high:g}, as the file asks"
    dtype = image.get_data_dtype()
    if dtype.kind in "iu" and dtype.itemsize == 1:
        slope, intercept = getattr(image.dataobj, "slope", 1.0), getattr(image.dataobj, "inter", 0.0)
        low, high = sorted(float(end) * slope + intercept for end in (np.iinfo(dtype).min, np.iinfo(dtype).max))
        return grey.between(values, low, high), grey.whole_fact(low, high)
    low, high = grey.percentile_window(values)
    return grey.between(values, low, high), grey.window_fact(low, high)


def _depth(dtype: np.dtype) -> str:
    return "floating-point grey" if dtype.kind == "f" else f"{8 * dtype.itemsize}-bit grey"

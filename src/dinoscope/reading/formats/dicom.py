"""DICOM: the bytes of a file -> one frame as an RGB picture, windowed as the file asks."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image
from pydicom import Dataset, config, dcmread, uid
from pydicom.filereader import read_dataset
from pydicom.pixels import apply_color_lut

from . import grey, refusals
from .decoded import Decoded, ImageError
from .dicom_pixels import stored_values

# A warning about an odd value would quote it in the server's log, where nothing of a visitor's file belongs.
config.settings.reading_validation_mode = config.IGNORE

MAX_INFLATED = 1 << 30
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_GREYS = ("MONOCHROME1", "MONOCHROME2")
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_WINDOWS: dict[str, Callable[[np.ndarray, float, float], np.ndarray]] = {
    "LINEAR": grey.linear,
    "LINEAR_EXACT": grey.linear_exact,
    "SIGMOID": grey.sigmoid,
}
# Enhanced (multi-frame) objects keep these in functional groups: keyword -> the sequence it sits in.
_GROUPS = {
    "RescaleSlope": "PixelValueTransformationSequence",
    "RescaleIntercept": "PixelValueTransformationSequence",
    "WindowCenter": "FrameVOILUTSequence",
    "WindowWidth": "FrameVOILUTSequence",
    "VOILUTFunction": "FrameVOILUTSequence",
}


def decode(data: bytes, subject: str, frame: int | None) -> Decoded:
    """Decode one frame of a DICOM file.

    Args:
        data: the whole file, with or without its preamble.
        subject: how to call it in an error.
        frame: counted from 1; None for the middle one, as a volume's first slice is mostly air.
    Raises:
        ImageError: with a sentence, whatever is wrong with the file.
    """
    try:
        return _decode(data, subject, frame)
    except ImageError:
        raise
    # pydicom and the decoders behind it meet a damaged file with nearly any exception. This is the border.
    except Exception as error:
        raise refusals.damaged(subject, "DICOM") from error


def _decode(data: bytes, subject: str, frame: int | None) -> Decoded:
    _check_inflated_size(data, subject)
    dataset = dcmread(io.BytesIO(data), force=True)
    _check_content(dataset, subject)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    refusals.check_size(subject, columns, rows)
    photometric = str(dataset.get("PhotometricInterpretation", "")).strip()
    if photometric not in (*_GREYS, "PALETTE COLOR", *_COLOURS):
        raise refusals.unknown_colours(subject, photometric or "nothing it names")
    frames = max(1, int(dataset.get("NumberOfFrames") or 1))
    shown = (frames + 1) // 2 if frame is None else frame
    refusals.check_frame(subject, frames, shown)

    stored = stored_values(dataset, shown - 1, frames, subject)
    notes: list[str] = []
    if photometric in _GREYS:
        picture, note = _shades(stored, dataset, shown - 1, subject)
        notes.append(note)
        if photometric == "MONOCHROME1":
            picture = 255 - picture
            notes.append("inverted, as its lowest value stands for white (MONOCHROME1)")
    elif photometric == "PALETTE COLOR":
        coloured = apply_color_lut(stored, dataset)[..., :3]
        picture = _colours(coloured, 16 if coloured.max() > 255 else 8)
    else:
        picture = _colours(stored, int(dataset.BitsStored))

    facts = [f"{_kind(dataset)}, {columns} x {rows} pixels, {_depth(dataset, stored)}", *notes]
    if frames > 1:
        facts.append(f"frame {shown} of {frames}")
    warnings = []
    if str(dataset.get("BurnedInAnnotation", "")).upper() == "YES":
        warnings.append("The file says that text is burnt into its pixels; it may identify the patient.")
    return Decoded(Image.fromarray(picture).convert("RGB"), frames, shown, tuple(facts), tuple(warnings))


def _check_inflated_size(data: bytes, subject: str) -> None:
    """Refuse a deflated file that would fill the memory: pydicom inflates without a limit."""
    stream = io.BytesIO(data)
    stream.seek(132 if data[128:132] == b"DICM" else 0)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2)
    if meta.get("TransferSyntaxUID") != uid.DeflatedExplicitVRLittleEndian:
        return
    inflater, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    rest = stream.read()
    while rest and not inflater.eof:
        total += len(inflater.decompress(rest, 1 << 20))
        rest = inflater.unconsumed_tail
        if total > MAX_INFLATED:
            raise refusals.unpacks_too_large(subject, MAX_INFLATED)
    if not inflater.eof:
        raise refusals.cut_short(subject)


def _check_content(dataset: Dataset, subject: str) -> None:
    """Refuse a data set that is no DICOM at all, holds no picture, or ends before its pixels do."""
    sop_class = uid.UID(str(dataset.get("SOPClassUID", "")))
    if not any(keyword in dataset for keyword in _PIXELS):
        if "Rows" in dataset or "Image Storage" in sop_class.name:
            raise refusals.cut_short(subject)
        if not sop_class and "DirectoryRecordSequence" not in dataset:
            if getattr(dataset, "preamble", None):
                raise refusals.cut_short(subject)
            raise refusals.not_a_picture(subject)
        raise refusals.no_pixels(subject, sop_class.name or "a DICOMDIR")


def _shades(stored: np.ndarray, dataset: Dataset, index: int, subject: str) -> tuple[np.ndarray, str]:
    """Stored values -> modality values -> window -> uint8 [H, W], with a fact about the window."""
    values = _modality_values(stored, dataset, index)
    if not np.isfinite(values).any():
        raise refusals.no_finite_value(subject)
    shades, fact = _as_the_file_asks(values, dataset, index)
    if shades is not None and (shades.min() < shades.max() or values.min() == values.max()):
        return grey.to_bytes(shades), fact
    if stored.dtype == np.uint8 and np.array_equal(values, stored):
        top = 2 ** int(dataset.BitsStored) - 1
        return grey.to_bytes(grey.between(values, 0, top)), f"shown from 0 to {top}, all that it can store"
    padding = dataset.get("PixelPaddingValue")
    inside = values if padding is None or (stored == padding).all() else values[stored != padding]
    low, high = grey.percentile_window(inside)
    return grey.to_bytes(grey.between(values, low, high)), grey.window_fact(low, high)


def _modality_values(stored: np.ndarray, dataset: Dataset, index: int) -> np.ndarray:
    """Stored values -> what they measure, such as Hounsfield units. Source: PS3.3 C.11.1."""
    if dataset.get("ModalityLUTSequence"):
        table, first, _ = _table(dataset.ModalityLUTSequence[0])
        return grey.look_up(stored, table, first)
    values: np.ndarray = stored.astype(np.float32 if stored.dtype.itemsize <= 2 else np.float64)
    slope = _numbers(_attribute(dataset, index, "RescaleSlope")) or [1.0]
    intercept = _numbers(_attribute(dataset, index, "RescaleIntercept")) or [0.0]
    return values * slope[0] + intercept[0]


def _as_the_file_asks(values: np.ndarray, dataset: Dataset, index: int) -> tuple[np.ndarray | None, str]:
    """The first view that the file itself proposes, in 0..1; None where there is none. PS3.3 C.11.2."""
    if dataset.get("VOILUTSequence"):
        table, first, bits = _table(dataset.VOILUTSequence[0])
        return grey.look_up(values, table, first) / max(2**bits - 1, table.max()), "shown through the file's own table"
    centres = _numbers(_attribute(dataset, index, "WindowCenter"))
    widths = _numbers(_attribute(dataset, index, "WindowWidth"))
    if not centres or not widths:
        return None, ""
    name = str(_attribute(dataset, index, "VOILUTFunction") or "LINEAR").upper()
    if widths[0] <= 0 or (name not in ("LINEAR_EXACT", "SIGMOID") and widths[0] < 1):
        return None, ""
    window = _WINDOWS.get(name, grey.linear)
    return window(
        values, centres[0], widths[0]
    ), f"window {centres[0]:g}/{widths[0]:g} (centre/width), as the file asks"


def _table(item: Dataset) -> tuple[np.ndarray, int, int]:
    """A lookup table: its entries, the value its first entry stands for, and its bits. PS3.3 C.11.1.1.1."""
    entries, first, bits = (int(value) for value in item.LUTDescriptor)
    entries = entries or 65536
    if isinstance(item.LUTData, bytes):
        table = np.frombuffer(item.LUTData, "<u2" if len(item.LUTData) >= 2 * entries else "u1")
    else:
        table = np.atleast_1d(np.asarray(item.LUTData))
    return table[:entries].astype(np.float64), first, bits


def _attribute(dataset: Dataset, index: int, keyword: str) -> Any:
    """An attribute of one frame: from the frame's own group, the shared group, or the data set."""
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    for group in [*per_frame[index : index + 1], *shared[:1]]:
        for item in group.get(_GROUPS[keyword]) or []:
            if keyword in item:
                return item[keyword].value
    return dataset.get(keyword)


def _numbers(value: Any) -> list[float]:
    """One or several decimal values as floats; none at all where the element is absent or empty."""
    if value is None or value == "":
        return []
    return [float(each) for each in (value if hasattr(value, "__iter__") else [value])]


def _colours(samples: np.ndarray, bits: int) -> np.ndarray:
    """Colour samples of `bits` bits -> uint8."""
    return (samples >> max(0, bits - 8)).astype(np.uint8)


def _kind(dataset: Dataset) -> str:
    """ "DICOM" with the modality, which is a short code such as CT; anything longer is left out."""
    modality = str(dataset.get("Modality", ""))
    return f"DICOM {modality}" if modality.isascii() and modality.isalnum() and len(modality) <= 4 else "DICOM"


def _depth(dataset: Dataset, stored: np.ndarray) -> str:
    """The bits a pixel, for the facts."""
    if stored.dtype.kind == "f":
        return "floating-point grey"
    kind = "grey" if str(dataset.PhotometricInterpretation).startswith("MONOCHROME") else "colours"
    return f"{int(dataset.BitsStored)}-bit {kind}"

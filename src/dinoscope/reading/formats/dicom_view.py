"""DICOM views: stored values -> what they measure -> the greys that the file itself asks for. PS3.3 C.11."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.pixels import apply_modality_lut, apply_windowing

from . import dicom_tables, grey, refusals
from .dicom_dataset import number
from .dicom_pixels import without_unused_bits

_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


@dataclass
class View:
    """What has been found out about how one frame is to be shown.

    Attributes:
        dataset, index: the file, and the frame, counted from 0.
        notes: facts; warnings: sentences, also about a view of the file's that cannot be used.
    """

    dataset: Dataset
    index: int
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def little_endian(self) -> bool:
        return self.dataset.original_encoding[1] is not False

    def pixel_size(self) -> tuple[float, float]:
        """Height and width of a pixel, in any unit; zeros where the file does not tell."""
        for level in _levels(self, "PixelMeasuresSequence"):
            for keyword in ("PixelSpacing", "ImagerPixelSpacing", "PixelAspectRatio"):
                try:
                    height, width = (float(value) for value in level.get(keyword) or (0, 0))
                except (TypeError, ValueError):  # spelled in a way that pydicom does not read
                    continue
                if height > 0 and width > 0:
                    return height, width
        return 0.0, 0.0


def shades(stored: np.ndarray, view: View, subject: str) -> np.ndarray:
    """Stored values [H, W] -> uint8 [H, W]; says in `view` how.

    The file's own view comes first: the frame's own group before the shared one before the data set, a table before a
    window. Without one, up to 8 declared bits are shown whole (PS3.4 N.2), and deeper values between two percentiles.

    Raises:
        ImageError: if no value is a number.
    """
    dataset = view.dataset
    values, (low, high), bits = _modality_values(stored, view)
    if not np.isfinite(values).any():
        raise refusals.no_finite_value(subject)
    picture = _as_the_file_asks(values, low < 0, view)
    if picture is None and bits <= 8:
        picture = grey.between(values, low, high)
        view.notes.append(grey.whole_fact(low, high))
    elif picture is None:
        window = grey.percentile_window(_without_padding(stored, values, dataset))
        picture = grey.between(values, *window)
        view.notes.append(grey.window_fact(*window))
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        picture = 255 - picture
        view.notes.append("inverted, as its lowest value stands for white (MONOCHROME1)")
    if str(dataset.get("PixelPresentation", "")) in ("COLOR", "MIXED"):
        view.warnings.append("The file asks for some of its values in colours; they are shown as greys here.")
    return picture


def _modality_values(stored: np.ndarray, view: View) -> tuple[np.ndarray, tuple[float, float], int]:
    """Stored values -> what they measure, such as Hounsfield units, with the range and the bits they can have."""
    dataset = view.dataset
    if stored.dtype.kind == "f":
        low, high, bits = -np.inf, np.inf, 64
    else:
        bits = int(dataset.BitsStored)
        low = -(2.0 ** (bits - 1)) if dataset.PixelRepresentation else 0.0
        high = low + 2.0**bits - 1
    if dataset.get("ModalityLUTSequence"):
        try:
            table = dicom_tables.of_item(dataset.ModalityLUTSequence[0], view.little_endian, low < 0)
        except ValueError as error:
            view.warnings.append(_unusable("table of measured values", error))
        else:
            return table(stored), (0.0, max(2.0**table.bits - 1, table.entries.max())), table.bits
    for level in _levels(view, "PixelValueTransformationSequence"):
        slope = number(level, "RescaleSlope", view.warnings)
        intercept = number(level, "RescaleIntercept", view.warnings)
        if slope is None and intercept is None:
            continue
        if slope == 0:
            view.warnings.append(_unusable("scale of measured values", "its slope is 0"))
            break
        scale = Dataset()
        scale.RescaleSlope, scale.RescaleIntercept = 1.0 if slope is None else slope, intercept or 0.0
        ends = sorted(float(end) for end in apply_modality_lut(np.array([low, high]), scale))
        return apply_modality_lut(stored, scale), (ends[0], ends[1]), bits
    return stored, (low, high), bits


@dataclass(frozen=True)
class _Shown:
    """What one of the file's own views makes of the values: greys [H, W] uint8, a fact, perhaps a warning."""

    greys: np.ndarray
    fact: str
    warning: str = ""


def _as_the_file_asks(values: np.ndarray, signed: bool, view: View) -> np.ndarray | None:
    """Through the first view that the file proposes and that shows anything; None where there is none."""
    for level in _levels(view, "FrameVOILUTSequence"):
        for show, what in ((_through_table, "table of greys"), (_through_window, "window")):
            try:
                shown = show(values, signed, level, view)
            except ValueError as error:
                view.warnings.append(_unusable(what, error))
                continue
            if shown is None:
                continue
            if shown.greys.min() == shown.greys.max() and np.nanmin(values) < np.nanmax(values):
                view.warnings.append(_unusable(what, f"{shown.fact}, which shows nothing of this frame"))
                continue
            view.notes.append(shown.fact)
            view.warnings += [shown.warning] if shown.warning else []
            return shown.greys
    return None


def _through_table(values: np.ndarray, signed: bool, level: Dataset, view: View) -> _Shown | None:
    if not level.get("VOILUTSequence"):
        return None
    table = dicom_tables.of_item(level.VOILUTSequence[0], view.little_endian, signed)
    warning = (
        f"The file's own table declares {table.bits} bits, but its entries end at {table.top:g}: "
        "that is shown as white."
    )
    greys = grey.to_bytes(table(values) / table.top * 255)
    return _Shown(greys, "shown through the file's own table", warning if table.narrower else "")


def _through_window(values: np.ndarray, signed: bool, level: Dataset, view: View) -> _Shown | None:
    centre = number(level, "WindowCenter", view.warnings)
    width = number(level, "WindowWidth", view.warnings)
    if centre is None or width is None:
        return None
    function = str(level.get("VOILUTFunction") or "LINEAR").strip(" \0").upper()
    warning = ""
    if function not in _FUNCTIONS:
        warning = f'The file asks for a window of the kind "{refusals.plain(function)[:20]}": shown as a linear one.'
        function = "LINEAR"
    window = Dataset()
    # These make pydicom's window end at 0 and 255; the values have been through the modality's scale already.
    window.PhotometricInterpretation, window.PixelRepresentation, window.BitsStored = "MONOCHROME2", 0, 8
    window.WindowCenter, window.WindowWidth, window.VOILUTFunction = centre, width, function
    with np.errstate(over="ignore", invalid="ignore"):  # the exponential of a far value is infinite, and rightly so
        greys = grey.to_bytes(apply_windowing(values, window))
    return _Shown(greys, f"window {centre:g}/{width:g} (centre/width), as the file asks", warning)


def _levels(view: View, sequence: str) -> Iterator[Dataset]:
    """Where a frame's elements may stand: in its own group, in the group shared by all frames, in the data set."""
    dataset = view.dataset
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    for group in (*per_frame[view.index : view.index + 1], *shared[:1]):
        yield from (group.get(sequence) or [])[:1]
    yield dataset


def _without_padding(stored: np.ndarray, values: np.ndarray, dataset: Dataset) -> np.ndarray:
    """The values of those pixels that are not padding, or all where nothing else is there. PS3.3 C.7.5.1.1.2."""
    prefix = {"FloatPixelData": "Float", "DoubleFloatPixelData": "DoubleFloat"}
    kind = next((prefix[keyword] for keyword in prefix if keyword in dataset), "")
    written = [dataset.get(f"{kind}PixelPadding{end}") for end in ("Value", "RangeLimit")]
    ends = [_as_stored(value, stored.dtype, dataset) for value in written if value is not None and value != ""]
    if not ends or written[0] is None:
        return values
    inside = (stored < min(ends)) | (stored > max(ends))
    return values[inside] if np.isfinite(values[inside]).any() else values


def _as_stored(value: Any, dtype: np.dtype, dataset: Dataset) -> Any:
    """A padding value with the pixels' own sign, bits and precision: it may be unsigned beside signed pixels."""
    if isinstance(value, bytes):
        value = int.from_bytes(value[:2], "little")
    if dtype.kind == "f":
        return dtype.type(value)
    cell = np.asarray(int(value) % 2 ** (8 * dtype.itemsize), f"u{dtype.itemsize}").view(dtype)
    return without_unused_bits(cell, dataset)[()]


def _unusable(what: str, why: object) -> str:
    return f"The file's own {what} cannot be used ({refusals.plain(str(why))})."

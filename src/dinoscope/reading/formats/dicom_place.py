"""DICOM places: to which series a file belongs, and where in it its slice lies. PS3.3 C.7.6.2."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.multival import MultiValue

from . import dicom_dataset, kinds
from .decoded import HERE, Heavy

_TAGS = [
    "SeriesInstanceUID",
    "Modality",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "SliceLocation",
    "InstanceNumber",
]
MOST_BYTES = 256 << 20
"""Of a file; a larger one is not read as a picture, either."""


@dataclass(frozen=True)
class Place:
    """A slice among those of its series.

    Attributes:
        series: equal for the slices of one series that lie parallel, "" where the file names none.
        modality: such as CT, "" where the file does not say.
        position: along the normal of the slices, in mm; of files without one the location or number that they give.
        number: the file's own number in its series, 0 where there is none.
    """

    series: str
    modality: str
    position: float
    number: float


def of(path: Path) -> Place | None:
    """The place of a DICOM file; None for any other file, and for one that does not tell or is damaged."""
    try:
        with path.open("rb") as file:
            if not kinds.is_dicom(file.read(132)) or path.stat().st_size > MOST_BYTES:
                return None
            file.seek(0)
            content = file.read(MOST_BYTES)
        stream = dicom_dataset.Counted(content, HERE)
        found = dcmread(stream, stop_before_pixels=True, force=True, specific_tags=_TAGS)
        return _place(found)
    except Heavy:
        return None
    except Exception:  # pydicom meets a damaged file with nearly any; reading its picture says what is wrong
        return None


def _place(found: Dataset) -> Place:
    series = str(found.get("SeriesInstanceUID") or "")
    number = _first(found, "InstanceNumber") or 0.0
    direction, origin = _numbers(found, "ImageOrientationPatient", 6), _numbers(found, "ImagePositionPatient", 3)
    if direction is None or origin is None:
        position = _first(found, "SliceLocation")
        return Place(series, _modality(found), number if position is None else position, number)
    normal = np.cross(direction[:3], direction[3:])
    # A scout lies in the series that it was made for, but in another plane.
    plane = ",".join(f"{abs(v):.1f}" for v in normal)
    return Place(f"{series}/{plane}" if series else "", _modality(found), float(normal @ origin), number)


def _modality(found: Dataset) -> str:
    told = str(found.get("Modality") or "")
    return told if told.isalnum() and len(told) <= 16 else ""


def _numbers(found: Dataset, keyword: str, count: int) -> np.ndarray | None:
    """So many finite numbers, or None."""
    value = found.get(keyword)
    if not isinstance(value, MultiValue | list) or len(value) != count:
        return None
    numbers = np.array([float(v) for v in value])
    return numbers if np.isfinite(numbers).all() else None


def _first(found: Dataset, keyword: str) -> float | None:
    number = dicom_dataset.number(found, keyword, [])
    return number if number is not None and np.isfinite(number) else None

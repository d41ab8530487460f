"""Conformance: every test file of pydicom, shown with the greys that pydicom itself gives, or refused by name."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread, uid
from pydicom.data import get_testdata_files
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut, pixel_array

from dinoscope.evidence import TABLE, Column, Table
from dinoscope.reading import images

from ..evidence import count, number
from .study import Report, Study, headline

NOT_DICOM = {".dump", ".gz", ".icc", ".json", ".py", ".txt", ".xml", ".zip"}
LEVELS = 0.51
"""By how much of 255 a picture may differ from pydicom's: by rounding, and nothing else."""
NAMED = 6
"""Files that a row names."""


@dataclass(frozen=True)
class Result:
    """What became of one file.

    Attributes:
        file: its name; outcome: how it is shown, or why it is refused.
        levels: the largest difference from pydicom, of 255; None where one of the two shows nothing.
        known: whether pydicom decodes the file.
    """

    file: str
    outcome: str
    levels: float | None
    known: bool

    @property
    def conforms(self) -> bool:
        return self.levels is None or self.levels <= LEVELS


def measure(study: Study) -> Report:
    """The report of conformance.json."""
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    files = sorted({Path(f) for f in get_testdata_files() if Path(f).is_file() and Path(f).suffix not in NOT_DICOM})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = [compare(file) for file in files[: 20 if study.quick else None]]
    agree = sum(r.conforms for r in results)
    shown = sum(not r.outcome.startswith("refused") for r in results)
    label = f"Of {len(results)} DICOM test files, shown as pydicom shows them or refused by name"
    notes = [
        f"{shown} files are shown and {len(results) - shown} refused. The files are those that come with pydicom "
        "and with the package pydicom-data; no network was used.",
        "Greys are compared with pydicom's apply_modality_lut and apply_voi_lut, colours with its pixel_array and "
        "apply_color_lut. Where a file proposes no view, up to 8 bits are compared as they are stored and deeper "
        "values between the 1st and the 99.5th percentile of pydicom's values.",
        "The palettes of big-endian files are turned round for pydicom, which reads them in the machine's order.",
        f"A difference of {LEVELS} levels of 255 is rounding.",
    ]
    return Report(headline(label, agree, "files"), [table(outcomes(results))], notes)


def table(rows: list[dict]) -> Table:
    """What becomes of how many files."""
    columns = (
        Column("outcome"),
        count("files"),
        count("decoded", "decoded by pydicom"),
        number("levels", "largest difference, levels of 255", digits=2),
        Column("example", "for example"),
    )
    return Table("outcomes", "How each file is shown, or why it is refused", TABLE, columns, rows)


def compare(file: Path) -> Result:
    """Read one file as the app does and as pydicom does, the same frame of it."""
    try:
        decoded = images.read(file)
    except images.ImageError as error:
        return Result(file.name, f"refused: {_reason(str(error), file.name)}", None, _reference(file, 0) is not None)
    found = _reference(file, decoded.frame - 1)
    if found is None:
        return Result(file.name, "shown; pydicom does not decode it", None, False)
    reference, outcome = found
    picture = np.asarray(decoded.picture).astype(float)
    picture = picture[..., 0] if reference.ndim == 2 else picture
    same = picture.shape == reference.shape
    return Result(file.name, outcome, float(np.abs(picture - reference).max()) if same else 255.0, True)


def _reason(sentence: str, name: str) -> str:
    """A refusal without the file's name and numbers, so that files refused for one reason stand together."""
    reason = sentence.removeprefix(f'"{name}" ')
    for long, short in {
        "needs at least": "too small: each side needs at least 32 pixels",
        "without a picture": "a DICOM file without a picture",
        "holds no pixels": "holds no pixels",
        "cut short": "cut short",
        "cannot be decoded here": "compressed in a way that is not decoded here, which is named",
        "is not a picture": "no picture",
    }.items():
        if long in reason:
            return short
    return reason.split(".")[0]


def _reference(file: Path, index: int) -> tuple[np.ndarray, str] | None:
    """One frame by pydicom alone, in 0..255, and by which way; None where pydicom does not decode it."""
    try:
        dataset = dcmread(file, force=True)
        if "TransferSyntaxUID" not in dataset.file_meta:
            implicit, little = dataset.original_encoding
            explicit = uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian
            dataset.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian if implicit else explicit
        stored = pixel_array(dataset, index=index)
        if dataset.SamplesPerPixel == 3:
            return np.floor(stored / 2.0 ** (dataset.BitsStored - 8)), "colours"
        if dataset.PhotometricInterpretation == "PALETTE COLOR":
            if not dataset.file_meta.TransferSyntaxUID.is_little_endian:  # pydicom 3.0 takes the machine's order
                for name in ("Red", "Green", "Blue"):
                    if (keyword := f"{name}PaletteColorLookupTableData") in dataset:
                        dataset[keyword].value = np.frombuffer(dataset[keyword].value, "u2").byteswap().tobytes()
            colours = apply_color_lut(stored, dataset)[..., :3]
            return np.floor(colours / 2.0 ** (8 * colours.dtype.itemsize - 8)), "palette"
        return _greys(stored, _lifted(dataset, index))
    except Exception:  # many of the files are damaged on purpose, and pydicom says so with nearly any exception
        return None


def _lifted(dataset: Dataset, index: int) -> Dataset:
    """A data set with what a frame's functional groups say about its greys at the top, where pydicom looks for it."""
    for groups, of in (("SharedFunctionalGroupsSequence", 0), ("PerFrameFunctionalGroupsSequence", index)):
        for group in (dataset.get(groups) or [])[of : of + 1]:
            for macro in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
                for item in group.get(macro) or []:
                    dataset.update({element.tag: element for element in item})
    return dataset


def _greys(stored: np.ndarray, dataset: Dataset) -> tuple[np.ndarray, str]:
    """Stored values through pydicom's two functions, [H, W] in 0..255."""
    values = apply_modality_lut(stored, dataset)
    signed, bits = dataset.get("PixelRepresentation", 0), int(dataset.get("BitsStored", 64))
    lowest = -(2 ** (bits - 1)) if signed else 0
    low, high = sorted(apply_modality_lut(np.array([lowest, lowest + 2**bits - 1]), dataset).astype(float))
    if dataset.get("VOILUTSequence"):
        greys = apply_voi_lut(values, dataset) / (2 ** dataset.VOILUTSequence[0].LUTDescriptor[2] - 1)
        outcome = "grey, the file's own table"
    elif dataset.get("WindowCenter") is not None and dataset.get("WindowWidth") is not None:
        greys, outcome = (apply_voi_lut(values, dataset) - low) / (high - low), "grey, the file's own window"
    else:
        if bits > 8:
            low, high = np.percentile(values, (1, 99.5))
            if low == high:
                low, high = float(values.min()), float(values.max())
        greys = np.clip((values - low) / ((high - low) or 1), 0, 1)
        outcome = "grey without a view, as stored" if bits <= 8 else "grey without a view, between percentiles"
    return 255 * (1 - greys if dataset.PhotometricInterpretation == "MONOCHROME1" else greys), outcome


def outcomes(results: Iterable[Result]) -> list[dict]:
    """One row an outcome: how many files, the largest difference, and some of their names."""
    of_each: dict[str, list[Result]] = {}
    for result in results:
        of_each.setdefault(result.outcome, []).append(result)
    rows = []
    for outcome, of in sorted(of_each.items(), key=lambda entry: (entry[0].startswith("refused"), -len(entry[1]))):
        levels = [r.levels for r in of if r.levels is not None]
        names = sorted({r.file for r in of})
        more = f" and {len(of) - NAMED} more" if len(of) > NAMED else ""
        rows.append(
            {
                "outcome": outcome,
                "files": len(of),
                "decoded": sum(r.known for r in of),
                "levels": round(max(levels), 2) if levels else None,
                "example": ", ".join(names[:NAMED]) + more,
            }
        )
    return rows

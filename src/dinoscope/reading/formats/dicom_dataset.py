"""DICOM data sets: a file's bytes -> a data set, within bounds, with odd spellings put right."""

from __future__ import annotations

import io
import re
import zlib
from typing import Any

from pydicom import Dataset, config, dcmread, uid
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.pixels.utils import get_expected_length

from . import refusals
from .decoded import Effort, File

# A warning about an odd value would quote it in the server's log, where nothing of a visitor's file belongs.
config.settings.reading_validation_mode = config.IGNORE

MAX_UNPACKED = 1 << 29
GREYS = ("MONOCHROME1", "MONOCHROME2")
COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_SPELLINGS = {re.sub(r"[\s_]", "", name): name for name in (*GREYS, "PALETTE COLOR", *COLOURS)}
# pydicom parses these when they are asked for, whatever their length.
_LAZY = (
    "PerFrameFunctionalGroupsSequence",
    "SharedFunctionalGroupsSequence",
    "ModalityLUTSequence",
    "VOILUTSequence",
    "OpticalPathSequence",
)
_BYTES_A_PART = 16
_TEXT = ("DS", "IS", "LO", "SH", "CS", "UN", "ST", "LT", "UT")


def read(file: File, effort: Effort) -> tuple[Dataset, bool]:
    """Read all elements of a file, with or without its preamble; also tells whether it ends within an element.

    Raises:
        ImageError: if it unpacks to too much or ends before its data do.
        Heavy: if it has more elements than this process may read.
    """
    effort.check(unpacked=len(file.data))
    stream = Counted(file.data, effort)
    dataset = _inflated(file, effort)
    if dataset is None:
        dataset = dcmread(stream, force=True)
    for keyword in _LAZY:
        element = dataset.get_item(keyword) if keyword in dataset else None
        if element is not None and isinstance(element.value, bytes):
            effort.check(parts=len(element.value) // _BYTES_A_PART)
    return dataset, stream.ragged


class Counted(io.BytesIO):
    """A file of which only so many parts may be read, two or three an element; `ragged` if it ended within one."""

    def __init__(self, data: bytes, effort: Effort) -> None:
        super().__init__(data)
        self.effort, self.parts, self.ragged = effort, 0, False

    def read(self, size: int | None = -1, /) -> bytes:
        self.parts += 1
        self.effort.check(parts=self.parts)
        found = super().read(size)
        self.ragged |= size is not None and 0 < len(found) < size
        return found


def _inflated(file: File, effort: Effort) -> Dataset | None:
    """The data set of a deflated file, None of any other: pydicom would inflate it without a limit."""
    stream = Counted(file.data, effort)
    stream.seek(132 if file.data[128:132] == b"DICM" else 0)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2)
    if str(meta.get("TransferSyntaxUID", "")).strip() != uid.DeflatedExplicitVRLittleEndian:
        return None
    dataset = read_dataset(Counted(_unpacked(file.data[stream.tell() :], file.subject, effort), effort), False, True)
    dataset.file_meta = FileMetaDataset(meta)
    dataset.set_original_encoding(False, True)
    return dataset


def _unpacked(data: bytes, subject: str, effort: Effort) -> bytes:
    """Deflated bytes unpacked; with zlib's header, as some write it, or not deflated at all, they are taken as well."""
    limit = MAX_UNPACKED if effort.apart else effort.unpacked
    for window in (-zlib.MAX_WBITS, zlib.MAX_WBITS):
        inflater = zlib.decompressobj(window)
        try:
            unpacked = inflater.decompress(data, limit)
        except zlib.error:
            continue
        if inflater.eof:
            return unpacked
        if len(unpacked) < limit:
            raise refusals.cut_short(subject)
        effort.check(unpacked=effort.unpacked + 1)
        raise refusals.unpacks_too_large(subject, MAX_UNPACKED)
    return data


def check_content(dataset: Dataset, ragged: bool, subject: str) -> None:
    """Refuse a data set that is no DICOM at all, holds no picture, or ends before its pixels do."""
    sop_class = uid.UID(str(dataset.get("SOPClassUID", "")))
    if not any(keyword in dataset for keyword in PIXELS):
        if "Rows" in dataset or "Image Storage" in sop_class.name:
            raise refusals.cut_short(subject) if ragged else refusals.pixels_left_out(subject)
        if not sop_class and "DirectoryRecordSequence" not in dataset:
            if getattr(dataset, "preamble", None):
                raise refusals.cut_short(subject) if ragged else refusals.pixels_left_out(subject)
            raise refusals.not_a_picture(subject)
        raise refusals.no_pixels(subject, sop_class.name or "a DICOMDIR")


def mend(dataset: Dataset, subject: str) -> list[str]:
    """Put right what a file spells oddly or leaves out where nothing else can be meant; returns warnings about it.

    Raises:
        ImageError: if the pixels cannot be understood without what is missing.
    """
    said: list[str] = []
    _mend_colours(dataset, subject, said)
    frames = number(dataset, "NumberOfFrames", said) if "NumberOfFrames" in dataset else 1
    dataset.NumberOfFrames = max(1, int(frames or 1))
    if "PixelData" not in dataset:
        return said
    if dataset.get("PixelRepresentation") not in (0, 1):
        dataset.PixelRepresentation = 0
    if not dataset.get("BitsAllocated"):
        pixels = dataset.Rows * dataset.Columns * dataset.SamplesPerPixel * dataset.NumberOfFrames
        dataset.BitsAllocated = 16 if len(dataset.PixelData) >= 2 * pixels else 8
    allocated = int(dataset.BitsAllocated)
    if allocated not in (1, 8, 16, 32, 64):
        reason = f"it stores {allocated} bits a pixel; 1, 8, 16, 32 and 64 are read. Export it again with 16."
        raise refusals.odd(subject, "DICOM", reason)
    stored = dataset.get("BitsStored")
    if not isinstance(stored, int) or not 1 <= stored <= allocated:
        if stored is not None:
            said.append(f"The file says that {stored} bits of {allocated} are used, which cannot be; all are taken.")
        dataset.BitsStored = allocated
    high = dataset.get("HighBit")
    if not isinstance(high, int) or not dataset.BitsStored - 1 <= high < allocated:
        dataset.HighBit = dataset.BitsStored - 1
    return said


def _mend_colours(dataset: Dataset, subject: str, said: list[str]) -> None:
    """Photometric interpretation and samples a pixel, each from the other where one is missing."""
    written = str(dataset.get("PhotometricInterpretation") or "").strip(" \0")
    photometric = _SPELLINGS.get(re.sub(r"[\s_\0]", "", written.upper()))
    samples = dataset.get("SamplesPerPixel")
    if samples not in (1, 3):
        if samples is not None:
            raise refusals.unknown_colours(subject, f"{samples} values a pixel ({written or 'without a name'})")
        samples = 3 if photometric in COLOURS else 1
    fits = photometric is not None and (samples == 3) == (photometric in COLOURS)
    if not fits:
        if written and photometric is None and samples == 3:
            raise refusals.unknown_colours(subject, written)
        taken = "RGB" if samples == 3 else "MONOCHROME2"
        if samples == 3 and is_encapsulated(dataset):
            taken = "YBR_FULL_422"
        says = f'says "{refusals.plain(written)[:20]}"' if written else "does not say"
        said.append(f"The file {says} how its {samples} value{'s' * (samples > 1)} a pixel are meant: read as {taken}.")
        photometric = taken
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = photometric, samples
    if samples == 3 and dataset.get("PlanarConfiguration") not in (0, 1):
        dataset.PlanarConfiguration = 0


def is_encapsulated(dataset: Dataset) -> bool:
    """Whether the pixels are stored as items of compressed frames, whatever the transfer syntax says. PS3.5 A.4."""
    if "PixelData" not in dataset:
        return False
    if dataset["PixelData"].is_undefined_length:
        return True
    items = dataset.PixelData[:4] == b"\xfe\xff\0\xe0"
    return items and len(dataset.PixelData) < get_expected_length(dataset)


def number(item: Dataset, keyword: str, said: list[str]) -> float | None:
    """The first value of a decimal or whole number, however it is spelled; None where there is none.

    Args:
        said: gains a sentence where the spelling is not DICOM's.
    """
    element = item.get_item(keyword) if keyword in item else None
    if element is None:
        return None
    value: Any = element.value
    if isinstance(value, bytes) and (element.VR is None or element.VR in _TEXT):
        # Not by pydicom: it refuses a comma, and all values for the sake of the first one.
        value = value.split(b"\\", 1)[0].decode("latin-1").strip(" \0")
    elif isinstance(value, bytes):
        value = item[keyword].value
    if hasattr(value, "__iter__") and not isinstance(value, str):
        value = next(iter(value), None)
    if value is None or value == "":
        return None
    try:
        result = float(str(value).replace(",", "."))
    except ValueError:
        result = float("nan")
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", keyword)
    spelled = f'The file writes its {name} as "{refusals.plain(str(value))[:20]}"'
    if not abs(result) < float("inf"):
        said.append(f"{spelled}, which is no number; it was ignored.")
        return None
    if "," in str(value):
        said.append(f"{spelled}, with a comma; it was read as {result:g}.")
    return result

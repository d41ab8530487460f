"""DICOM tables: lookup tables of every depth, sign and byte order -> their entries, and values looked up in them.

pydicom's apply_modality_lut, apply_voi and apply_color_lut do not do here. In 3.0 they take the bits of an entry for
NumPy's ("uint12" is none), wrap values beyond 255 in an 8-bit table, turn NaN into any entry, overflow where a table
begins below 0, and read big-endian entries in the machine's order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydicom import Dataset
from pydicom.pixels import apply_color_lut

_NAMES = ("Red", "Green", "Blue")


@dataclass(frozen=True)
class Table:
    """A lookup table.

    Attributes:
        entries: [N] float64; first: the value that the first entry stands for; bits: that an entry declares.
    """

    entries: np.ndarray
    first: int
    bits: int

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Look values up; beyond the table's ends, and for infinities, the end entries; for NaN, the first."""
        last = len(self.entries) - 1
        places = np.clip(np.rint(values.astype(np.float64)) - self.first, 0, last)
        return self.entries[np.nan_to_num(places, nan=0).astype(np.intp)]

    @property
    def top(self) -> float:
        """What white is among the entries: what the bits can hold, or the largest entry where the bits are wrong.

        A table that does not use half of what it declares was written by a program that meant fewer bits.
        """
        declared, largest = 2.0**self.bits - 1, float(self.entries.max())
        return declared if declared / 2 < largest <= declared else max(largest, 1.0)

    @property
    def narrower(self) -> bool:
        """Whether the entries use less than half of the bits that they declare."""
        return self.top < 2.0**self.bits - 1


def of_item(item: Dataset, little_endian: bool, signed: bool) -> Table:
    """The table of a Modality or VOI LUT Sequence's item. PS3.3 C.11.1.1.1.

    Args:
        signed: whether the values that it is looked up with can be negative.
    Raises:
        ValueError: if it has no entries, or is damaged in another way.
    """
    try:
        return _table(item.LUTDescriptor, item.LUTData, little_endian, signed)
    except (AttributeError, TypeError, IndexError, OverflowError) as error:
        raise ValueError(str(error)) from error


def palette(dataset: Dataset, little_endian: bool, stored: np.ndarray) -> tuple[np.ndarray, int]:
    """Values -> colours [H, W, 3] through the palette of a data set, and the bits of a colour, 8 or 16.

    The bits are those of the whole table, as 8-bit entries are often stored in 16, never of one frame.
    """
    if "RedPaletteColorLookupTableData" not in dataset:  # segmented tables, which pydicom expands
        coloured = apply_color_lut(stored, dataset)[..., :3]
        return coloured, 8 * coloured.dtype.itemsize
    signed = dataset.PixelRepresentation == 1
    tables = [
        _table(
            dataset[f"{name}PaletteColorLookupTableDescriptor"].value,
            dataset[f"{name}PaletteColorLookupTableData"].value,
            little_endian,
            signed,
        )
        for name in _NAMES
    ]
    deep = max(table.entries.max() for table in tables) > 255
    return np.stack([table(stored) for table in tables], axis=-1).astype(np.uint16), 16 if deep else 8


def _table(descriptor: object, data: object, little_endian: bool, signed: bool) -> Table:
    if isinstance(descriptor, bytes):
        descriptor = np.frombuffer(descriptor, "<u2" if little_endian else ">u2")
    count, first, bits = (int(value) for value in descriptor)  # type: ignore[attr-defined]
    count = count & 0xFFFF or 65536
    # Written as SS or US, whichever the program chose: what the values can be decides.
    first &= 0xFFFF
    if signed and first > 32767:
        first -= 65536
    if isinstance(data, bytes):
        wide = len(data) >= 2 * count
        entries = np.frombuffer(
            data[: len(data) // 2 * 2 if wide else None], ("<u2" if little_endian else ">u2") if wide else "u1"
        )
        if not wide and not little_endian and len(data) % 2 == 0:  # two entries in a 16-bit word
            entries = entries.reshape(-1, 2)[:, ::-1].ravel()
    else:
        entries = np.atleast_1d(np.asarray(data)).astype(np.int64) & 0xFFFF
    entries = entries[:count].astype(np.float64)
    if entries.size == 0:
        raise ValueError("it has no entries")
    if not 1 <= bits <= 16:
        bits = 16 if entries.max() > 255 else 8
    return Table(entries, first, bits)

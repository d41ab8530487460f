"""TIFF directories: what a file says about its pages before Pillow decodes one, read within bounds."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .decoded import Effort

SUBFILE, WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, SUB_DIRECTORIES, FORMAT, DNG_VERSION = (
    254,
    256,
    257,
    258,
    259,
    262,
    277,
    330,
    339,
    50706,
)
_CFA, _LINEAR_RAW = 32803, 34892
# Bytes a value of each type: BYTE, ASCII, SHORT, LONG, RATIONAL, their signed and floating kin, and BigTIFF's.
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WHOLE = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_MOST_DIRECTORIES = 10_000


@dataclass(frozen=True)
class Directory:
    """One page, or one picture beside a page.

    Attributes:
        values: tag -> its whole numbers, at most 16 of them; other types and tags that lie outside the file are left
            out.
        extent: how far into the file the directory and all its values reach, its pixels apart.
    """

    values: dict[int, tuple[int, ...]]
    extent: int

    def first(self, tag: int, default: int = 0) -> int:
        return next(iter(self.values.get(tag, ())), default)

    @property
    def bits(self) -> int:
        return max(self.values.get(BITS, ()), default=1)

    @property
    def reduced(self) -> bool:
        """Whether it is a smaller version of another picture in the file. TIFF 6.0, NewSubfileType bit 0."""
        return bool(self.first(SUBFILE) & 1)

    @property
    def raw(self) -> bool:
        """Whether it holds a camera sensor's values, or says that it belongs to such a file."""
        return self.first(PHOTOMETRIC) in (_CFA, _LINEAR_RAW) or DNG_VERSION in self.values

    @property
    def area(self) -> int:
        return self.first(WIDTH) * self.first(LENGTH)


@dataclass(frozen=True)
class Tiff:
    """The directories of a file: its pages in order, and those that hang below a page."""

    pages: tuple[Directory, ...]
    below: tuple[Directory, ...]
    length: int
    canon: bool = False

    @property
    def cut_short(self) -> bool:
        """Whether the first directory, or what it points to, lies beyond the end of the file."""
        return not self.pages or self.pages[0].extent > self.length

    @property
    def raw(self) -> bool:
        return self.canon or any(directory.raw for directory in (*self.pages, *self.below))


def read(data: bytes, effort: Effort) -> Tiff:
    """Walk the directories of a classic or big TIFF; whatever is damaged ends the walk.

    Raises:
        Heavy: if there are more entries or values than this process may walk through.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    pages: list[Directory] = []
    below: list[Directory] = []
    seen: set[int] = set()
    walked = 0
    queue = [(_number(data, order, big, 8 if big else 4), pages)]
    while queue and len(seen) < _MOST_DIRECTORIES:
        start, found = queue.pop(0)
        if not start or start in seen:
            continue
        seen.add(start)
        try:
            directory, subs, after, parts = _directory(data, start, order, big, effort)
        except struct.error:  # it lies beyond the end
            found.append(Directory({}, len(data) + 1))
            continue
        walked += parts
        effort.check(parts=walked)
        found.append(directory)
        queue.extend((sub, below) for sub in subs)
        queue.append((after, pages if found is pages else below))
    return Tiff(tuple(pages), tuple(below), len(data), data[8:10] == b"CR")


def _number(data: bytes, order: str, big: bool, place: int) -> int:
    try:
        return struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, place)[0]
    except struct.error:
        return 0


def _directory(
    data: bytes, start: int, order: str, big: bool, effort: Effort
) -> tuple[Directory, tuple[int, ...], int, int]:
    """The directory at `start`, those below it, the place of the next one, and how many values were met."""
    head, entry_size, inline = ("Q", 20, 8) if big else ("H", 12, 4)
    (entries,) = struct.unpack_from(f"{order}{head}", data, start)
    place = start + struct.calcsize(f"{order}{head}")
    extent = place + entry_size * entries + inline
    if extent - inline > len(data):
        raise struct.error("cut short")
    effort.check(parts=entries)
    values: dict[int, tuple[int, ...]] = {}
    parts = entries
    for entry in range(place, extent - inline, entry_size):
        tag, kind, count = struct.unpack_from(f"{order}HH{'Q' if big else 'I'}", data, entry)
        parts += count if kind in _WHOLE and tag not in (700, 34377, 34675) else 1  # XMP, Photoshop's, a colour profile
        length = count * _BYTES.get(kind, 0)
        at = entry + entry_size - inline
        if length > inline:
            at = _number(data, order, big, at)
            extent = max(extent, at + length)
        if kind in _WHOLE and at + length <= len(data):
            values[tag] = struct.unpack_from(f"{order}{min(count, 16)}{_WHOLE[kind]}", data, at)
    after = _number(data, order, big, place + entry_size * entries)
    return Directory(values, extent), values.get(SUB_DIRECTORIES, ()), after, parts

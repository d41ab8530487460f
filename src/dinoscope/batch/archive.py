"""Archives: a ZIP file from anybody -> files in a folder of the visit's own, within bounds.

No name in an archive becomes a path as it stands, and no size that it states is believed.
"""

from __future__ import annotations

import re
import stat
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import RequestError, shown
from ..fitting import classes, tables
from ..fitting.trees import LeftOut

MARK = b"PK\x03\x04"
_END, _LONG_END = b"PK\x05\x06", b"PK\x06\x07"
_END_BYTES, _LONG_BYTES, _COMMENT = 22, 20, 65535
_DIRECTORY_BYTES_A_FILE = 1024
_UTF8, _LOCKED = 0x800, 0x1
_LONGEST = 100
_RESERVED = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/]')
_CHUNK = 1 << 20
TABLES = (*tables.NAMES, "metadata.csv", "sources.csv")
"""Files that are read as a whole beside the pictures."""


@dataclass(frozen=True)
class Limits:
    """What an archive may hold: so many files, of so many bytes each (less for tables) and all together, unpacked."""

    files: int = 5000
    file_bytes: int = 256 << 20
    table_bytes: int = 4 << 20  # read into memory, a hundredfold
    bytes: int = 2 << 30


def is_archive(path: Path) -> bool:
    """Whether a file is a ZIP archive, told from its first bytes.

    Raises:
        RequestError: where it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return file.read(4) in (MARK, _END)
    except OSError as fault:
        raise RequestError(f"{shown(path.name)} cannot be read ({fault.strerror}); give another file") from fault


def unpack(path: Path, into: Path, left: LeftOut, limits: Limits | None = None) -> int:
    """Write the files of an archive into an empty folder; returns how many there are.

    Names keep their folders, without what no system allows in them; of two alike the later one gets a number.

    Args:
        left: told what is passed over: hidden files, those of a system, links, names that lead elsewhere.
    Raises:
        RequestError: with one sentence, for an archive that is damaged, locked, too large, too full, or holds others.
    """
    limits = limits or Limits()
    subject = shown(path.name)
    _check_directory(path, subject, limits)
    try:
        with zipfile.ZipFile(path) as archive:
            return _unpack(archive, into, subject, left, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OverflowError, UnicodeError) as fault:
        raise RequestError(f"{subject} is a damaged or unusual ZIP archive; pack the pictures again") from fault


def _check_directory(path: Path, subject: str, limits: Limits) -> None:
    """Refuse a list of contents that would fill the memory, before it is read."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_BYTES - _COMMENT - _LONG_BYTES))
        tail = file.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < _END_BYTES:
        raise RequestError(f"{subject} is a ZIP archive that is cut short; copy or pack it again")
    if tail[max(0, end - _LONG_BYTES) : end].startswith(_LONG_END):
        raise RequestError(f"{subject} is a ZIP64 archive, made for more than 4 GB; pack fewer pictures into one")
    count = int.from_bytes(tail[end + 10 : end + 12], "little")
    listed = int.from_bytes(tail[end + 12 : end + 16], "little")
    # Folders and a system's own files are entries, too.
    if count > 3 * limits.files or listed > 3 * limits.files * _DIRECTORY_BYTES_A_FILE:
        raise RequestError(f"{subject} lists {count:,} files; the limit is {limits.files:,}. Send it in parts.")


def _unpack(archive: zipfile.ZipFile, into: Path, subject: str, left: LeftOut, limits: Limits) -> int:
    if any(e.header_offset < 0 for e in archive.infolist()):  # bytes before the list of contents are lost
        raise zipfile.BadZipFile
    entries = [(e, parts) for e in archive.infolist() if (parts := _parts(e, left)) is not None]
    if len(entries) > limits.files:
        raise RequestError(f"{subject} holds {len(entries):,} files; the limit is {limits.files:,}. Send it in parts.")
    if locked := sum(bool(e.flag_bits & _LOCKED) for e, _ in entries):
        raise RequestError(f"{subject} holds {locked:,} files locked with a password; pack them without one")
    total, nested = 0, 0
    files: set[str] = set()
    folders: set[str] = set()
    for entry, parts in entries:
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RequestError(f"{subject} is packed in a way that is not read here; pack it as a plain ZIP archive")
        place = _free(parts, files, folders)
        if place is None:
            left.add("names that are a file and a folder at once", "/".join(parts))
            continue
        target = into / place
        target.parent.mkdir(parents=True, exist_ok=True)
        most = limits.table_bytes if target.name.casefold() in TABLES else limits.file_bytes
        name = shown(place.as_posix())
        with archive.open(entry) as packed, target.open("wb") as file:
            written = 0
            while chunk := packed.read(_CHUNK):
                if not written and chunk.startswith(MARK) and target.suffix.casefold() in ("", ".zip"):
                    nested += 1
                    break
                written, total = written + len(chunk), total + len(chunk)
                if written > most:
                    what = "a table's limit; shorten it" if most == limits.table_bytes else "a file's limit; crop it"
                    raise RequestError(
                        f"{name} in {subject} unpacks to more than {most >> 20:,} MB, {what}, or leave it out"
                    )
                if total > limits.bytes:
                    raise RequestError(
                        f"{subject} unpacks to more than {limits.bytes >> 20:,} MB, which is the limit. "
                        "Send it in parts."
                    )
                file.write(chunk)
    if nested:
        many = f"{nested:,} archives" if nested > 1 else "an archive"
        raise RequestError(f"{subject} holds {many} inside; unpack what is inside and pack all pictures as one")
    return len(files)


def _parts(entry: zipfile.ZipInfo, left: LeftOut) -> tuple[str, ...] | None:
    """The folders and name of an entry, each fit for a disk; None for what is passed over."""
    name = _decoded(entry).replace("\\", "/")
    if entry.is_dir() or name.endswith("/"):
        return None
    parts = [p for p in PurePosixPath(name).parts if p not in ("/", ".")]
    printable = "/".join(map(_fit, parts))
    mode = entry.external_attr >> 16
    if any(classes.hidden(p) and p != ".." for p in parts):
        left.add("hidden files", printable)
    elif name.startswith("/") or re.match(r"[A-Za-z]:/", name) or ".." in parts or not parts:
        left.add("names that lead out of the archive", printable)
    elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        left.add("links and devices", printable)
    else:
        return tuple(map(_fit, parts))
    return None


def _decoded(entry: zipfile.ZipInfo) -> str:
    """An entry's name: unmarked it is code page 437 to Python, though many programs write UTF-8."""
    if entry.flag_bits & _UTF8:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _fit(part: str) -> str:
    """A folder's or file's name without what is invisible, forbidden somewhere, or too long."""
    name = unicodedata.normalize("NFC", part).encode("utf-8", "replace").decode("utf-8")
    name = _RESERVED.sub("_", "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp")))
    name = name.strip(" ").rstrip(".") or "_"
    if len(name) > _LONGEST:
        stem, dot, ending = name.rpartition(".")
        ending = dot + ending if dot and len(ending) <= 5 else ""
        name = (stem if ending else name)[: _LONGEST - len(ending)] + ending
    while len(name.encode()) > 240:
        name = name[1:]
    return name


def _free(parts: tuple[str, ...], files: set[str], folders: set[str]) -> Path | None:
    """A path that no earlier file took, however a disk compares names; None where a file would be a folder, too."""
    path = base = Path(*parts[-16:])
    number = 1
    while _key(path) in files:
        number += 1
        path = base.with_name(f"{base.stem} ({number}){base.suffix}")
    above = {_key(p) for p in path.parents if p.parts}
    if above & files or _key(path) in folders:
        return None
    files.add(_key(path))
    folders |= above
    return path


def _key(path: Path) -> str:
    return unicodedata.normalize("NFKC", path.as_posix()).casefold()

"""Gathering: files, a folder or an archive -> the pictures in it, with their labels and in order.

Folders and tables of labels are read by the one rule of `fitting.classes`; slices of a DICOM series come in the order
of their position, and the slices of each series together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import RequestError, shown
from ..fitting import classes, datasets, tables, trees
from ..fitting.trees import LeftOut
from . import archive
from .archive import Limits

if TYPE_CHECKING:
    from ..reading.formats.dicom_place import Place

FEWEST_SLICES = 2
"""Files of one series that make it worth a name."""


@dataclass(frozen=True)
class Item:
    """One picture that is to be read.

    Attributes:
        name: its path below what was given, as it was called there.
        label: as its folder or table says, "" where nothing does; group: the patient, "" where nobody knows.
        series: such as "CT series 1", "" for what is in none; slice, slices: its place in it, from 1.
    """

    name: str
    path: Path
    label: str = ""
    group: str = ""
    series: str = ""
    slice: int = 0
    slices: int = 0


@dataclass(frozen=True)
class Gathered:
    """What was found.

    Attributes:
        items: in the order of reading.
        said: sentences about what was mended, left out or told apart.
    """

    items: tuple[Item, ...]
    said: tuple[str, ...] = field(default=())


def gather(given: Sequence[Path], into: Path, most: int | None = None, limits: Limits | None = None) -> Gathered:
    """The pictures of a folder, an archive, or several files.

    Args:
        given: one folder, one archive, or any number of picture files.
        into: an empty folder of the visit's own, where an archive is unpacked.
        most: pictures that are taken at once.
    Raises:
        RequestError: with one sentence, for what cannot be understood or holds too many pictures.
    """
    left = LeftOut()
    if not given:
        raise RequestError("No file came; choose pictures, a folder, or a ZIP archive of them")
    if len(given) > 1 and (folders := [p for p in given if p.is_dir()]):
        raise RequestError(
            f"{len(given)} names came, and {shown(folders[0].name)} is a folder; give one folder, one ZIP archive, or "
            "picture files"
        )
    if given[0].is_dir():
        found = _below(given[0])
    elif packed := [p for p in given if archive.is_archive(p)]:
        if len(given) > 1:
            many = f"{len(given)} files came, {len(packed)} of them ZIP archives"
            raise RequestError(f"{many}; send one archive, or the pictures themselves")
        archive.unpack(packed[0], into, left, limits)
        found = _below(into, shown(packed[0].name))
    else:
        names = names_of(given)
        found = Gathered(tuple(Item(name, path) for name, path in zip(names, given, strict=True)))
    if most is not None and (count := len(found.items)) > most:
        raise RequestError(
            f"{count:,} pictures came, and {most:,} are read at once; send fewer, or use `dinoscope read`"
        )
    said = [*found.said, *([f"Left out of the archive: {left}."] if left.count else [])]
    items, told = in_order(found.items)
    return Gathered(tuple(items), (*said, *told))


def names_of(given: Sequence[Path]) -> list[str]:
    """What each file is called; of several alike each gets its number."""
    seen: dict[str, int] = defaultdict(int)
    names = []
    for path in given:
        seen[path.name] += 1
        names.append(path.name if seen[path.name] == 1 else f"{path.name} ({seen[path.name]})")
    return names


def _below(folder: Path, subject: str = "") -> Gathered:
    """A folder's pictures, with labels where they lie in folders of classes or a table has them."""
    said: list[str] = []
    try:
        root = _classes_in(folder)
        table = tables.of_labels(root)
    except tables.TableError as fault:
        raise RequestError(_without(str(fault), folder)) from fault
    left = LeftOut()
    paths = list(trees.walk(root, left))
    if not paths:
        what = f"; left out: {left}" * bool(left.count)
        raise RequestError(f"{subject or shown(folder.name)} holds no picture{what}")
    try:
        samples = datasets.read(root, None, lambda sentence: said.append(_opened(sentence, root)), drawn=False)
        if table is None:
            loose = {p for p in paths if p.parent == root}
            items = [Item(s.id, s.path, s.label, s.group) for s in samples]
            items += [Item(p.relative_to(root).as_posix(), p) for p in sorted(loose)]
        else:
            items = [Item(s.id, s.path, s.label if not s.others else "; ".join(s.labels), s.group) for s in samples]
    except ValueError as fault:
        if table is not None:
            raise RequestError(_without(str(fault), root)) from fault
        items = [Item(p.relative_to(root).as_posix(), p) for p in paths]
        said = [f"Left out: {left}."] if left.count else []
        if len({i.path.parent for i in items}) > 1:
            said.append(f"No labels are taken from the folders: {_without(str(fault), root)}.")
    return Gathered(tuple(items), tuple(said))


def _classes_in(folder: Path) -> Path:
    """The folder that the classes lie in: archives often hold everything in one folder more."""
    while True:
        inside = [p for p in folder.iterdir() if not classes.hidden(p.name)]
        if len(inside) != 1 or not inside[0].is_dir():
            return folder
        below = [p for p in inside[0].iterdir() if not classes.hidden(p.name)]
        if not any(p.is_dir() for p in below) and tables.of_labels(inside[0]) is None:
            return folder
        folder = inside[0]


def _opened(sentence: str, root: Path) -> str:
    """What is said of a folder, without the name of a folder that nobody has seen."""
    text = _without(sentence, root).removeprefix(f"{root.name}: ")
    return f"{text[:1].upper()}{text[1:]}."


def _without(sentence: str, root: Path) -> str:
    """A sentence without the path of the visit's own folder."""
    return sentence.replace(f"{root}/", "").replace(str(root), "what was given")


def in_order(items: Sequence[Item]) -> tuple[list[Item], list[str]]:
    """The slices of each DICOM series together and by position, where the first of them stood; with what was found."""
    from ..reading.formats import dicom_place  # takes half a second, which a start need not wait for

    places = [dicom_place.of(item.path) for item in items]
    series: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, (item, place) in enumerate(zip(items, places, strict=True)):
        if place is not None and (place.series or place.position or place.number):
            # What has no series of its own is one with its neighbours in the folder.
            series[item.label, place.series or f"in {Path(item.name).parent}"].append(i)
    ordered: list[Item] = []
    named: dict[int, tuple[str, list[int]]] = {}
    said = []
    for members in (m for m in series.values() if len(m) >= FEWEST_SLICES):
        members.sort(key=lambda i: (_place(places[i]), items[i].name))
        first = places[members[0]]
        number = 1 + len({id(m) for _, m in named.values()})
        name = " ".join(filter(None, [first.modality if first else "", f"series {number}"]))
        named |= dict.fromkeys(members, (name, members))
        said.append(f"{name[:1].upper()}{name[1:]}: {len(members)} slices in the order of their position.")
    done: set[int] = set()
    for i, item in enumerate(items):
        if i in done:
            continue
        name, members = named.get(i, ("", [i]))
        done |= set(members)
        if name:
            ordered += [replace(items[m], series=name, slice=n, slices=len(members)) for n, m in enumerate(members, 1)]
        else:
            ordered.append(item)
    if len(said) > 1:
        counted = ", ".join(str(len(m)) for m in {id(m): m for _, m in named.values()}.values())
        said = [f"{len(said)} DICOM series are told apart, of {counted} slices, each in the order of its position."]
    return ordered, said


def _place(place: Place | None) -> tuple[float, float]:
    return (place.position, place.number) if place else (0.0, 0.0)

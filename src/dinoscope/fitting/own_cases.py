"""Own cases: an operator's labelled pictures -> cases of the index, each once, whatever its folder is called."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from ..reading import images
from ..reading.images import ImageError
from ..similar import FACETS, Case, CaseIndex
from .datasets import Sample

SOURCES = {s for kind in FACETS.values() for s in kind.sources}
"""Columns of a table that a case keeps."""


@dataclass(frozen=True)
class New:
    """A picture that is to join the index.

    Attributes:
        case: as it will be known; picture: decoded; replaces: whether a case of its id was of another picture before.
    """

    case: Case
    picture: Image.Image
    replaces: bool = False


@dataclass(frozen=True)
class Known:
    """A picture that is left alone; `why` is empty where the index holds just this, else a sentence."""

    why: str = ""
    unreadable: bool = False


@dataclass
class Arrivals:
    """Decides what becomes of each picture of one folder.

    A picture that the index holds already, under whatever id and from whatever folder, is left alone. Two pictures of
    one id are two cases when they come from two folders, the later one called after its folder; from one folder the
    later one replaces the earlier, whose file it has taken.
    """

    folder: Path
    task: str
    index: CaseIndex
    licence: str

    def __post_init__(self) -> None:
        place = str(self.folder.resolve())
        self.root = hashlib.sha256(place.encode()).hexdigest()[:12]
        self.names = ("", f"{self.folder.resolve().name}/", f"{self.folder.resolve().name}-{self.root[:6]}/")

    def sort(self, samples: Sequence[Sample]) -> list[New | Known]:
        """What becomes of each of these, in their order; what is not new costs a look at its bytes and no more."""
        held = self.index.held(self.task, [name + s.id for s in samples for name in self.names])
        found = [self._of(sample, held) for sample in samples]
        new = {f.case.pixels for f in found if isinstance(f, New)}
        copies = {c.pixels: c for c in self.index.of_pixels(self.task, sorted(new))}
        return [self._once(f, copies) if isinstance(f, New) else f for f in found]

    def _of(self, sample: Sample, held: dict[str, Case]) -> New | Known:
        try:
            content = sample.path.read_bytes()
        except OSError as fault:
            return Known(f"left out {sample.id}: the file cannot be read ({fault.strerror})", unreadable=True)
        case = Case(
            id=sample.id,
            labels=sample.labels,
            origin="own",
            licence=self.licence,
            group=sample.group,
            url=sample.url,
            blob=hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest(),
            root=self.root,
            metadata={k: v for k, v in sample.metadata.items() if k in SOURCES},
        )
        others = []
        for name in self.names:
            other = held.get(name + sample.id)
            case = replace(case, id=name + sample.id)
            if other is None or other.root == self.root:
                break
            others.append(other)
        else:
            return Known(f"left out {sample.id}: other pictures have its name already; rename its folder")
        if other is not None and replace(case, pixels=other.pixels) == other:
            return Known()
        if any(o.blob == case.blob and o.labels == case.labels for o in others):
            return Known()
        try:
            picture = images.read(content).picture
        except ImageError as fault:
            return Known(f"left out {sample.id}: {fault}", unreadable=True)
        return New(replace(case, pixels=images.pixel_hash(picture)), picture, other is not None)

    def _once(self, new: New, copies: dict[str, Case]) -> New | Known:
        """Leave out a picture that the index holds under another id."""
        same = copies.setdefault(new.case.pixels, new.case)
        if same.id == new.case.id:
            return new
        if set(same.labels) == set(new.case.labels):
            return Known()
        return Known(
            f"left out {new.case.id} ({', '.join(new.case.labels)}): the same picture is there as {same.id} "
            f"({', '.join(same.labels)}); leave it in one class"
        )

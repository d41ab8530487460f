"""Classes: what counts as one - the single rule by which folders and tables of labelled pictures are read.

In a tree of folders the class is the first folder below the one that is given; what lies between class and picture
is the patient. So `disc/07/1.png` is a picture of the class `disc` and the patient `07`, and `disc/1.png` one of
nobody known. Folders that only say which part of a set they are (`train`, `valid`, `test`, `all`) or that here be
pictures (`images`) are looked through, above the classes and below them. A table, `labels.csv`, overrules the folders.

No class, and passed over aloud: what is hidden or a system's own (`.trash`, `._a.png`, `__MACOSX`, `@eaDir`), outlines
(`masks`), pictures that lie loose beside the folders of the classes, files that are no picture by their name, and
folders that only look like one (`study.dcm/`).

Spellings of one name are one class: white space, upper and lower case, and Unicode's several ways to write a letter
make no difference. The most frequent spelling stays.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

PARTS = {
    "all": "all",
    "train": "train",
    "training": "train",
    "val": "valid",
    "valid": "valid",
    "validation": "valid",
    "test": "test",
    "testing": "test",
}
"""Folders that name a part of a set -> the part."""
PICTURES = {"images", "image", "imgs", "img", "pictures"}
MASKS = "masks"
SYSTEM = {"__macosx", "__pycache__", "@eadir", "$recycle.bin", "system volume information", "lost+found"}


def spelt(name: str) -> str:
    """A name without what cannot be seen: composed letters, single spaces, no marks of direction or width."""
    seen = "".join(c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) != "Cf")
    return " ".join(seen.split())


def key(name: str) -> str:
    """Equal for two spellings of one name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", spelt(name)).casefold())


def hidden(name: str) -> bool:
    """Whether a file or folder is hidden, or belongs to a system rather than to a person."""
    return name.startswith(".") or key(name) in SYSTEM


def settle(names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Spelling -> the one spelling of its class, and a sentence for each class that was written in several ways."""
    found: dict[str, Counter[str]] = {}
    for name in names:
        found.setdefault(key(name), Counter())[spelt(name)] += 1
    chosen: dict[str, str] = {}
    said = []
    for spellings in found.values():
        first, *others = sorted(spellings, key=lambda s: (-spellings[s], s))
        chosen |= dict.fromkeys(spellings, first)
        if others:
            said.append(f"{', '.join(map(repr, others))} and {first!r} are taken for one class, {first!r}")
    return chosen, said

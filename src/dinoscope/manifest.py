"""Manifest: size and sha256 of every file of model_assets, so that damage is found before it is read."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from . import atomic
from .errors import OperatorError

MANIFEST = "manifest.json"
BACKBONE = ("backbone/config.json", "backbone/model.safetensors")
"""What a manifest must list at least: one that lists nothing would let anything pass."""


class AssetError(OperatorError):
    """A bundled file that is missing, changed or damaged; the message names it and the remedy."""


def write(assets: Path) -> None:
    """Record every file below `assets` as it is; hidden ones are none of its business."""
    with atomic.change(assets) as staged:  # so that nobody else changes files meanwhile
        (staged / MANIFEST).write_text(_text(_entries(assets)))


def stage(assets: Path, staged: Path) -> None:
    """Write the manifest of a change beside its files: what it brings is recorded anew, and nothing else.

    Damage elsewhere stays damage: recording everything as it lies would bless it.

    Args:
        staged: the folder of `atomic.change(assets)`, with all its files in it.
    Raises:
        AssetError: when the manifest that is there is damaged.
    """
    entries = read(assets) if (assets / MANIFEST).is_file() else _entries(assets)
    entries |= _entries(staged)
    (staged / MANIFEST).write_text(_text(dict(sorted(entries.items()))))


def read(assets: Path) -> dict[str, dict]:
    """The entries: path below `assets` -> {sha256, bytes}.

    Raises:
        AssetError: when it is missing, no manifest, or does not list the backbone.
    """
    path = assets / MANIFEST
    restore = f"restore it with `git checkout -- {path}`"
    if not path.is_file():
        raise AssetError(f"{path} is missing; clone the repository again, large files included")
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as fault:
        raise AssetError(f"{path} is damaged ({fault}); {restore}") from fault
    if not isinstance(entries, dict):
        raise AssetError(f"{path} holds a {type(entries).__name__} instead of files and their sums; {restore}")
    for name, entry in entries.items():
        known = isinstance(entry, dict) and isinstance(entry.get("sha256"), str) and isinstance(entry.get("bytes"), int)
        if not known or name.startswith("/") or ".." in name.split("/"):
            raise AssetError(f"{path} is damaged: the entry {name!r} has no sha256 and bytes; {restore}")
    if unlisted := [name for name in BACKBONE if name not in entries]:
        raise AssetError(f"{path} does not list {unlisted[0]}, so it cannot vouch for it; {restore}")
    return entries


def verify(assets: Path) -> int:
    """Check every file of the manifest; returns how many there are.

    Raises:
        AssetError: for a manifest that is none, and the first file that is missing or differs.
    """
    for root in (assets, assets / "tasks"):  # the phantoms of a task are drawn below it
        atomic.finish(root)
    entries = read(assets)
    for name, entry in entries.items():
        file = assets / name
        if not file.is_file():
            raise AssetError(f"{file} is missing; clone the repository again, large files included")
        if file.stat().st_size != entry["bytes"] or _sha256(file) != entry["sha256"]:
            again = ", or fit the task again" if name.startswith("tasks/") else ""
            raise AssetError(f"{file} differs from {MANIFEST}; restore it with `git checkout -- {file}`{again}")
    return len(entries)


def _entries(folder: Path) -> dict[str, dict]:
    """Entries of every file below a folder, but for its own manifest."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not atomic.hidden(p, folder))
    return {
        p.relative_to(folder).as_posix(): {"sha256": _sha256(p), "bytes": p.stat().st_size}
        for p in files
        if p != folder / MANIFEST
    }


def _text(entries: dict[str, dict]) -> str:
    return json.dumps(entries, indent=1) + "\n"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

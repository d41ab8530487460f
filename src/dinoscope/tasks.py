"""Tasks: the files of model_assets <-> Task objects, each file checked against the manifest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from .reading import scope
from .reading.heads import Head, HeadError
from .reading.projection import Projection
from .similar import Case, Facet, case_map, facets, regions
from .similar.case_map import CaseMap
from .similar.regions import Regions

MANIFEST = "manifest.json"


class AssetError(RuntimeError):
    """A bundled file that is missing or changed; the message names it and the remedy."""


@dataclass(frozen=True)
class Task:
    """One question with its classes, head and cases.

    Attributes:
        name: of the data set, for example `brain_mri`.
        facts: what task.json says: title, question, modality, classes {label: display name}, data, metrics.
        head: fitted on the training folds.
        cases: N cases, for search.
        vectors: [N, K] unit float32 of the projection, in the order of `cases`.
        reference: ascending distances of held-out cases to the training cases, for the scope.
        folder: where the phantoms' images and masks are.
        regions: patch vectors of the cases, in the same order; None where the task was fitted without them.
    """

    name: str
    facts: dict
    head: Head
    cases: tuple[Case, ...]
    vectors: np.ndarray
    reference: np.ndarray
    folder: Path
    regions: Regions | None = None

    @property
    def title(self) -> str:
        """Short name for a menu."""
        return self.facts["title"]

    def display(self, label: str) -> str:
        """A class as a reader would write it."""
        return self.facts["classes"].get(label, label.replace("_", " "))

    @cached_property
    def training(self) -> np.ndarray:
        """[M, K] vectors of the real (or, without any, the drawn) cases of the training folds."""
        fitted = np.array([c.fold not in (0, 1) for c in self.cases])
        real = np.array([c.origin == "public" for c in self.cases])
        chosen = fitted & real if (fitted & real).any() else fitted
        return self.vectors[chosen]

    def examples(self) -> list[Case]:
        """One phantom a class, in the order of the classes."""
        first: dict[str, Case] = {}
        for case in self.cases:
            if case.image:
                first.setdefault(case.labels[0], case)
        return [first[label] for label in self.head.classes if label in first]

    def case(self, case_id: str) -> Case:
        """The case with this id.

        Raises:
            KeyError: when there is none.
        """
        if case_id not in self._positions:
            raise KeyError(f"{self.name} has no case {case_id!r}")
        return self.cases[self._positions[case_id]]

    def position(self, case_id: str) -> int | None:
        """Where a case stands in `cases`, `vectors` and `regions`; None when it is not among them."""
        return self._positions.get(case_id)

    def of_pixels(self, pixels: str) -> Case | None:
        """The case that decodes to the same pixels, if the picture itself is among the cases."""
        return next((c for c in self.cases if c.pixels == pixels), None)

    @cached_property
    def facets(self) -> tuple[Facet, ...]:
        """What the cases can be filtered by."""
        return facets.of(self.cases)

    @cached_property
    def map(self) -> CaseMap:
        """The cases in two dimensions."""
        return case_map.fit(self.vectors)

    @cached_property
    def nearest(self) -> np.ndarray:
        """[N] ascending: how similar each case is to the nearest one of another patient, lesion or group."""
        _, groups = np.unique([c.group or f"case {c.id}" for c in self.cases], return_inverse=True)
        rows = []
        for start in range(0, len(self.cases), 1024):
            similarity = self.vectors[start : start + 1024] @ self.vectors.T
            similarity[groups[start : start + 1024, None] == groups[None]] = -1
            rows.append(similarity.max(axis=1))
        return np.sort(np.concatenate(rows))

    def space(self, projection: Projection) -> str:
        """Names what made the vectors and patches, so that those of another backbone or fit are never mixed in."""
        digest = hashlib.sha256(projection.fingerprint.encode())
        digest.update(np.ascontiguousarray(projection.weight).tobytes())
        digest.update(np.ascontiguousarray(self.regions.axes).tobytes() if self.regions else b"")
        return digest.hexdigest()

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {c.id: i for i, c in enumerate(self.cases)}


def save(folder: Path, facts: dict, head: Head, cases: list[Case], vectors: np.ndarray, reference: np.ndarray) -> None:
    """Write a task's folder.

    Args:
        vectors: [N, K] unit vectors of the cases; stored as float16.
        reference: [M] ascending distances of held-out cases.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    with (folder / "cases.jsonl").open("w", encoding="utf-8") as lines:
        for case in cases:
            entry = {k: v for k, v in asdict(case).items() if v not in ("", {})}
            lines.write(json.dumps(entry, ensure_ascii=False) + "\n")
    head.save(folder / "head.safetensors")
    save_file(
        {"vectors": vectors.astype(np.float16), "reference": reference.astype(np.float32)},
        folder / "vectors.safetensors",
        {"fingerprint": head.fingerprint},
    )


def load(fitted: Path, fingerprint: str, images: Path | None = None) -> Task:
    """Read a task for the backbone with this fingerprint.

    Args:
        fitted: folder with task.json, head, cases and vectors.
        images: folder with the phantoms' images, when it is another one.
    Raises:
        HeadError: when head or vectors were fitted on another backbone.
        AssetError: when a file is damaged.
    """
    try:
        return _load(fitted, fingerprint, images)
    except SafetensorError as fault:
        raise AssetError(f"{fitted} holds a damaged file ({fault}); restore it, or fit the task again") from fault


def _load(fitted: Path, fingerprint: str, images: Path | None) -> Task:
    """`load`, with damage as safetensors reports it."""
    head = Head.load(fitted / "head.safetensors", fingerprint)
    with safe_open(fitted / "vectors.safetensors", "numpy") as file:
        if file.metadata()["fingerprint"] != fingerprint:
            raise HeadError(f"{fitted.name}: the vectors were made with another backbone; run `dinoscope fit`")
        vectors, reference = file.get_tensor("vectors"), file.get_tensor("reference")
    with (fitted / "cases.jsonl").open(encoding="utf-8") as lines:
        cases = tuple(Case.of(json.loads(line)) for line in lines)
    return Task(
        name=fitted.name,
        facts=json.loads((fitted / "task.json").read_text()),
        head=head,
        cases=cases,
        vectors=scope.unit(vectors.astype(np.float32)),
        reference=reference,
        folder=images or fitted,
        regions=regions.load(fitted, fingerprint, len(cases)),
    )


def write_manifest(assets: Path) -> None:
    """Record sha256 and size of every file below `assets`."""
    files = sorted(p for p in assets.rglob("*") if p.is_file() and p.name != MANIFEST)
    entries = {p.relative_to(assets).as_posix(): {"sha256": _sha256(p), "bytes": p.stat().st_size} for p in files}
    (assets / MANIFEST).write_text(json.dumps(entries, indent=1) + "\n")


def verify(assets: Path) -> int:
    """Check every file of the manifest; returns how many there are.

    Raises:
        AssetError: for the first file that is missing or differs.
    """
    path = assets / MANIFEST
    if not path.is_file():
        raise AssetError(f"{path} is missing; clone the repository again, large files included")
    entries = json.loads(path.read_text())
    for name, entry in entries.items():
        file = assets / name
        if not file.is_file():
            raise AssetError(f"{file} is missing; clone the repository again, large files included")
        if file.stat().st_size != entry["bytes"] or _sha256(file) != entry["sha256"]:
            raise AssetError(
                f"{file} differs from {MANIFEST}; restore it with `git checkout -- {file}`, "
                "or write the manifest anew with `dinoscope doctor --write-manifest`"
            )
    return len(entries)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

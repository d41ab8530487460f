"""Tasks: the folders of model_assets/tasks <-> Task objects, refused where their files do not belong together."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from . import examples
from .examples import Choice
from .manifest import AssetError, verify
from .manifest import write as write_manifest
from .places import cache, check_name, found, pictures, unfit
from .reading import scope
from .reading.heads import Head, HeadError
from .reading.projection import Projection
from .reading.vote import Together
from .see.axes import FILE as AXES
from .see.axes import Axes
from .similar import Case, Facet, case_map, digest, facets, regions
from .similar.case_map import CaseMap
from .similar.regions import Regions

__all__ = [
    "AssetError",
    "Task",
    "cache",
    "check_name",
    "found",
    "load",
    "pictures",
    "save",
    "unfit",
    "verify",
    "write_manifest",
]

AGAIN = "restore it, or fit the task again"


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
        axes: of what the network sees, as colours; None where the task was fitted without them.
        together: how the nearest cases join the head; None where the task has no real cases to vote.
        choices: drawn cases that are worth beginning with, the best first; None where none were chosen for this head.
    """

    name: str
    facts: dict
    head: Head
    cases: tuple[Case, ...]
    vectors: np.ndarray
    reference: np.ndarray
    folder: Path
    regions: Regions | None = None
    axes: Axes | None = None
    together: Together | None = None
    choices: tuple[Choice, ...] | None = None

    @property
    def title(self) -> str:
        """Short name for a menu."""
        return self.facts["title"]

    @property
    def crossed(self) -> bool:
        """Whether its head was measured by cross-validation, as no picture was kept back for a test."""
        return self.facts["metrics"].get("split", "").startswith("cross-validation")

    @property
    def learnt_from_drawings(self) -> bool:
        """Whether drawn cases were among the pictures that its head was fitted on."""
        return bool(self.facts.get("phantom_weight")) or not any(c.origin != "phantom" for c in self.cases)

    def display(self, label: str) -> str:
        """A class as a reader would write it."""
        return self.facts["classes"].get(label, label.replace("_", " "))

    @cached_property
    def known(self) -> np.ndarray:
        """[N] bool: the real (or, without any, the drawn) cases of the training folds."""
        fitted = np.array([c.fold not in (0, 1) for c in self.cases])
        real = np.array([c.origin != "phantom" for c in self.cases])
        return fitted & real if (fitted & real).any() else fitted

    @cached_property
    def training(self) -> np.ndarray:
        """[M, K] vectors of the `known` cases."""
        return self.vectors[self.known]

    def apart(self, own: Case | None) -> np.ndarray:
        """[M] bool: the `known` cases that are neither this case nor of its group; all where no case is given."""
        return self._voters[0] != (own.group or own.id) if own else np.ones(len(self._voters[0]), dtype=bool)

    def vote(self, vector: np.ndarray, own: Case | None = None) -> np.ndarray | None:
        """What the nearest real training cases say: [C], as `Together.vote`; None where they have no vote.

        Args:
            vector: [K] unit vector of the picture.
            own: the case whose picture it is; neither it nor its group votes on itself.
        """
        others = self.apart(own)
        if self.together is None or not others.any():
            return None
        similarity = np.where(others, self.training @ vector, -np.inf)
        return self.together.vote(similarity[None], self._voters[1])[0]

    def examples(self) -> list[Case]:
        """One phantom a class, in the order of the classes."""
        first = {c.labels[0]: c for c in reversed(self.cases) if c.image}
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
    def _voters(self) -> tuple[np.ndarray, np.ndarray]:
        """Groups [M] and classes [M, C] of the `known` cases."""
        voters = [c for c, known in zip(self.cases, self.known, strict=True) if known]
        members = np.array([[label in c.labels for label in self.head.classes] for c in voters])
        return np.array([c.group or c.id for c in voters]), members

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {c.id: i for i, c in enumerate(self.cases)}


def save(folder: Path, facts: dict, head: Head, cases: list[Case], vectors: np.ndarray, reference: np.ndarray) -> None:
    """Write a task's folder; head and vectors say that they are its own. For one that is in use, see `atomic.change`.

    Args:
        vectors: [N, K] unit vectors of the cases; stored as float16.
        reference: [M] ascending distances of held-out cases.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    with (folder / "cases.jsonl").open("w", encoding="utf-8") as lines:
        for case in cases:
            entry = {k: v for k, v in asdict(case).items() if v not in ("", {})}
            lines.write(json.dumps(entry, ensure_ascii=False) + "\n")
    replace(head, task=folder.name).save(folder / "head.safetensors")
    # One key: safetensors writes several in any order, and the same fit must give the same file.
    facts = {"fingerprint": head.fingerprint, "task": folder.name, "cases": digest(cases)}
    save_file(
        {"vectors": vectors.astype(np.float16), "reference": reference.astype(np.float32)},
        folder / "vectors.safetensors",
        {"vectors": json.dumps(facts)},
    )


def load(fitted: Path, fingerprint: str, images: Path | None = None) -> Task:
    """Read a task for the backbone with this fingerprint.

    Args:
        fitted: folder with task.json, head, cases and vectors.
        images: folder with the phantoms' images, when it is another one.
    Raises:
        HeadError: when head or vectors were fitted on another backbone, or by another version of this app.
        AssetError: when a file is damaged, or they are not of the same task and the same cases.
    """
    try:
        return _load(fitted, fingerprint, images)
    except SafetensorError as fault:
        raise AssetError(f"{fitted} holds a damaged file ({fault}); {AGAIN}") from fault
    except (AttributeError, KeyError, TypeError, ValueError, OSError) as fault:
        said = f"{type(fault).__name__}: {fault}"
        raise AssetError(f"{fitted} holds a file that is no task's ({said}); {AGAIN}") from fault


def _load(fitted: Path, fingerprint: str, images: Path | None) -> Task:
    """`load`, with damage as its readers report it."""
    head = Head.load(fitted / "head.safetensors", fingerprint)
    made = _told(fitted, "vectors")
    with safe_open(fitted / "vectors.safetensors", "numpy") as file:
        vectors, reference = file.get_tensor("vectors"), file.get_tensor("reference")
    if made["fingerprint"] != fingerprint:
        raise HeadError(f"{fitted.name}: the vectors were made with another backbone; run `dinoscope fit`")
    cases = _cases(fitted / "cases.jsonl")
    owners = {part: _told(fitted, part).get("task") for part in ("patches", "axes")}
    for part, owner in {"head": head.task, "vectors": made.get("task"), **owners}.items():
        if owner and owner != fitted.name:
            raise AssetError(f"{fitted} holds the {part} of the task {owner}; {AGAIN}")
    _check_cases(fitted, cases, len(vectors), made.get("cases", ""))
    real = [c for c in cases if c.origin != "phantom"] or cases
    known = {label for c in real for label in c.labels}
    if known != set(head.classes):
        names, others = ", ".join(head.classes), ", ".join(sorted(known))
        raise AssetError(f"{fitted} holds a head for the classes {names}, but its cases are {others}; {AGAIN}")
    facts = json.loads((fitted / "task.json").read_text(encoding="utf-8"))
    if not (facts["title"] and set(head.classes) <= facts["classes"].keys()):
        raise AssetError(f"{fitted} holds a task.json of other classes; {AGAIN}")
    return Task(
        name=fitted.name,
        facts=facts,
        head=head,
        cases=cases,
        vectors=scope.unit(vectors.astype(np.float32)),
        reference=reference,
        folder=images or fitted,
        regions=regions.load(fitted, fingerprint, len(cases), digest(cases)),
        axes=Axes.load(fitted / AXES, fingerprint),
        together=Together.of(facts),
        choices=examples.read(fitted, {c.id for c in cases if c.image}),
    )


def _told(folder: Path, part: str) -> dict:
    """What a file of the task says of itself: backbone, task, cases; earlier versions named the backbone alone."""
    path = folder / f"{part}.safetensors"
    if not path.is_file():
        return {}
    with safe_open(path, "numpy") as file:
        told = file.metadata()
    return json.loads(told[part]) if part in told else told


def _cases(path: Path) -> tuple[Case, ...]:
    """The cases of a file, one a line."""
    cases = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                cases.append(Case.of(json.loads(line)))
            except (AttributeError, KeyError, TypeError, ValueError) as fault:
                raise AssetError(f"{path}, line {number} is no case; {AGAIN}") from fault
    return tuple(cases)


def _check_cases(folder: Path, cases: tuple[Case, ...], vectors: int, told: str) -> None:
    """Refuse lines that are missing, doubled or in another order than the vectors."""
    path = folder / "cases.jsonl"
    double = [name for name, n in Counter(c.id for c in cases).items() if n > 1]
    if double:
        raise AssetError(f"{path} lists the case {double[0]!r} twice; {AGAIN}")
    if len(cases) != vectors:
        raise AssetError(f"{path} has {len(cases)} cases for {vectors} vectors; {AGAIN}")
    if told and told != digest(cases):
        raise AssetError(f"{path} lists other cases than the vectors are of; {AGAIN}")

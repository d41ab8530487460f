"""Loading: what a workbench needs for its backbone - projection, tasks and a filled index, fitted where they lack."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from . import atomic, fusion, tasks
from .errors import OperatorError
from .reading.encoder import Encoder, EncoderError
from .reading.heads import HeadError
from .reading.images import ImageError
from .reading.projection import Projection
from .settings import Settings
from .similar import CaseIndex, IndexFault, Standby, Storage, thumbnails
from .tasks import AssetError, Task

LARGE = 20_000
"""Above so many cases in memory a search takes long, and the app says that a server is due."""

Say = Callable[[str], None]
"""Told what is happening, a sentence at a time."""


class Fitter(Protocol):
    """Whoever can fit the tasks for another backbone: `fitting.fit`, which no room of the app may know."""

    def fit_projection(self, encoder: Encoder, bundled: Path, data: Path | None, say: Say) -> Projection:
        """The projection, from the bundled tasks' folder and a folder of data sets."""
        ...

    def refit(
        self, encoder: Encoder, projection: Projection, bundled: Path, data: Path | None, out: Path, say: Say
    ) -> None:
        """Fit the task of one bundled folder and write it to `out`."""
        ...


BACKBONE_ALONE = "Explained is what the backbone alone sees and says; the answer was read by two networks."


@dataclass(frozen=True)
class Alone:
    """The backbone's own projection and tasks, where heads and cases read a second network beside it."""

    projection: Projection
    tasks: Mapping[str, Task]


@dataclass(frozen=True)
class Loaded:
    """What a workbench is made of; see there."""

    encoder: Encoder
    projection: Projection
    tasks: dict[str, Task]
    index: CaseIndex | Standby
    notices: tuple[str, ...]
    alone: Alone | None


def load(settings: Settings, fitter: Fitter | None = None, say: Say = print) -> Loaded:
    """Load backbone and tasks, and fill the index.

    Args: as for `Workbench.load`.
    Raises:
        AssetError: when a bundled file is missing or changed.
    """
    tasks.verify(settings.assets)
    notices: list[str] = []
    bundled = settings.assets / "backbone"
    try:
        encoder = Encoder.load(settings.backbone, bundled, settings.device)
    except EncoderError as fault:
        notices.append(f"Running on the bundled backbone: {fault}.")
        say(notices[-1])
        encoder = Encoder.load("bundled", bundled, settings.device)
    projection = load_projection(encoder, settings, fitter, say)
    loaded, left_out = load_tasks(encoder, projection, settings, fitter, say)
    reader, not_joined = load_fused(encoder, settings, say)
    alone = None
    if reader is not encoder:
        alone = Alone(projection, loaded)
        projection = load_projection(reader, settings, fitter, say)
        loaded, left_out = load_tasks(reader, projection, settings, fitter, say, alone.tasks)
    index, faults = load_index(loaded, projection, settings, say)
    return Loaded(reader, projection, loaded, index, (*notices, *not_joined, *left_out, *faults), alone)


def load_projection(encoder: Encoder, settings: Settings, fitter: Fitter | None, say: Say) -> Projection:
    """The projection for this encoder: as bundled, from the cache, or fitted now.

    Raises:
        OperatorError: when it is damaged, and cannot be fitted anew.
    """
    bundled = settings.assets / "tasks"
    cached = tasks.cache(settings.cache, encoder.fingerprint) / "projection.safetensors"
    for path in (bundled / cached.name, fusion.place(settings.assets, settings.fusion) / cached.name):
        if found := Projection.load(path, encoder.fingerprint):
            return found
    try:
        if found := Projection.load(cached, encoder.fingerprint):
            return found
    except OperatorError as fault:
        if fitter is None:
            raise
        say(str(fault))
        shutil.rmtree(cached.parent)  # the tasks beside it were fitted with it
    if fitter is None:
        return Projection.plain(encoder.width, encoder.fingerprint)
    say(f"fitting the projection for the backbone {encoder.name}")
    fitted = fitter.fit_projection(encoder, bundled, settings.images, say)
    atomic.write(cached, fitted.packed())
    return fitted


def load_tasks(
    encoder: Encoder,
    projection: Projection,
    settings: Settings,
    fitter: Fitter | None,
    say: Say,
    alone: Mapping[str, Task] | None = None,
) -> tuple[dict[str, Task], list[str]]:
    """Every task for this encoder, and a sentence for each that is left out.

    Args:
        alone: the tasks for the backbone alone, where the encoder reads another network beside it.
    """
    loaded: dict[str, Task] = {}
    notices: list[str] = []
    folders, strays = tasks.found(settings.assets / "tasks")
    for stray in strays if alone is None else ():
        say(stray)
    for folder in folders:
        try:
            task = _shipped(folder.name, encoder, settings, alone or {})
            task = task or load_task(folder, encoder, projection, settings, fitter, say)
        except AssetError as fault:  # the manifest knows no better: one bad task must not stop the others
            say(str(fault))
            notices.append(f"{folder.name} is damaged and is left out.")
            continue
        if task is None:
            notices.append(f"{folder.name} has no head for the backbone {encoder.name} and is left out.")
        else:
            loaded[task.name] = task
    return loaded, notices


def _shipped(name: str, encoder: Encoder, settings: Settings, alone: Mapping[str, Task]) -> Task | None:
    """The task as it is shipped for two networks; None for the backbone alone, and where none is."""
    if name not in alone:
        return None
    return fusion.load(fusion.place(settings.assets, settings.fusion), alone[name], encoder.fingerprint)


def load_fused(encoder: Encoder, settings: Settings, say: Say) -> tuple[Encoder, list[str]]:
    """The backbone read together with the network of the settings; alone, and why, where that is not installed."""
    try:
        return fusion.together(encoder, settings.fusion, settings.device), []
    except EncoderError as fault:
        notice = f"Reading with the backbone alone: {fault}."
        say(notice)
        return encoder, [notice]


def load_index(
    loaded: dict[str, Task], projection: Projection, settings: Settings, say: Say
) -> tuple[CaseIndex | Standby, list[str]]:
    """The index with every task's cases in it, and what the page should say of it.

    A server is filled in the background, and the cases are searched in memory until it is; in memory, with a notice,
    also where a folder fails. There each task is filled when it is first asked for, or by `CaseIndex.complete`.
    """
    storage = Storage.of(settings)

    def fill_one(index: CaseIndex, task: Task) -> None:
        cells = task.regions.cells.astype(np.float32) if task.regions else None
        small = thumbnails.of(settings.cache, task.cases)
        index.fill(task.name, task.cases, task.vectors, cells, task.space(projection), small)

    def fill(index: CaseIndex) -> None:
        for task in loaded.values():
            if index.storage.kind == "memory":
                index.expect(task.name, partial(fill_one, index, task))
            else:
                fill_one(index, task)

    if storage.kind == "server":
        standby = Standby(storage, fill)
        for notice in standby.notices:
            say(notice)
        return standby, []
    notices: list[str] = []
    try:
        index = CaseIndex(storage)
        fill(index)
    except IndexFault as fault:
        notices.append(f"Searching the bundled cases in memory: {fault}.")
        say(notices[-1])
        index = CaseIndex()
        fill(index)
    if index.storage.kind == "memory":
        counts = {name: len(task.cases) for name, task in loaded.items()}
        notices += [
            f"{name} holds {n:,} cases in memory; above {LARGE:,}, set QDRANT_URL to a Qdrant server or QDRANT_PATH "
            "to a folder."
            for name, n in counts.items()
            if n > LARGE
        ]
    return index, notices


def load_task(
    folder: Path, encoder: Encoder, projection: Projection, settings: Settings, fitter: Fitter | None, say: Say
) -> Task | None:
    """The task for this encoder: as bundled, from the cache, or fitted now; None where none of these works.

    Raises:
        AssetError: when the bundled task is damaged; what is damaged in the cache is fitted anew.
    """
    try:
        return tasks.load(folder, encoder.fingerprint)
    except HeadError:
        cached = tasks.cache(settings.cache, encoder.fingerprint) / folder.name
    with contextlib.suppress(HeadError, AssetError):
        return tasks.load(cached, encoder.fingerprint, folder)
    if fitter is None:
        return None
    if why := tasks.unfit(folder, settings.images):
        say(f"{folder.name} cannot be fitted for the backbone {encoder.name}: {why}")
        return None
    shutil.rmtree(cached, ignore_errors=True)
    say(f"fitting {folder.name} for the backbone {encoder.name}")
    cached.parent.mkdir(parents=True, exist_ok=True)
    # Fitted beside its place and moved there whole: a start cut short must not leave half a task behind.
    with tempfile.TemporaryDirectory(dir=cached.parent) as beside:
        try:
            fitter.refit(encoder, projection, folder, settings.images, Path(beside) / folder.name, say)
        except (ImageError, ValueError) as fault:
            say(f"{folder.name} could not be fitted: {fault}")
            return None
        with contextlib.suppress(OSError):  # another process was faster
            (Path(beside) / folder.name).rename(cached)
    return tasks.load(cached, encoder.fingerprint, folder)

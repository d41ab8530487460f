"""The README's picture of what the network sees: drawn cases, their colours, and a place found in another case."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dinoscope.reading import images
from dinoscope.reading.scope import unit
from dinoscope.see.sight import Sight
from dinoscope.settings import ROOT
from dinoscope.similar import Case
from dinoscope.tasks import Task
from dinoscope.workbench import Workbench

from .benchmark.see import middle
from .maps import FIGURE

TASKS = ("brain_mri", "ham10000", "leukemia_all", "chest_ct")
TRIED = 4
"""Drawn cases of a class that are looked at."""
SIDE, GAP, LINE = 136, 6, 22
"""Pixels of a picture, between two, and of a line of text."""


@dataclass(frozen=True)
class _Shown:
    """A case, its sight with unit vectors, how much of each patch its lesion covers, and the patch pointed at."""

    case: Case
    sight: Sight
    vectors: np.ndarray
    lesion: np.ndarray
    place: int

    @classmethod
    def of(cls, workbench: Workbench, task: Task, case: Case) -> _Shown:
        """With the patch in the middle of its lesion."""
        sight = workbench.see(task.folder / case.image, task.name)
        with Image.open(task.folder / case.mask) as mask:
            covered = np.asarray(mask.convert("L").resize(sight.grid[::-1], Image.Resampling.BOX)) / 255
        row, column = middle(covered)
        vectors = unit(sight.vectors.astype(np.float32))
        return cls(case, sight, vectors, covered.ravel(), row * sight.grid[1] + column)


def write(workbench: Workbench, path: Path = ROOT / FIGURE, names: Sequence[str] = TASKS) -> None:
    """A row of two tasks: a drawn case and its colours, another of its class and its colours, a point in both."""
    rows = [strip for name in names if name in workbench.tasks and (strip := _task(workbench, workbench.tasks[name]))]
    width, height = max(s.width for s in rows), rows[0].height
    across = 2 if len(rows) > 1 else 1
    down = -(-len(rows) // across)
    sheet = Image.new("RGB", (across * (width + 2 * GAP) - 2 * GAP, down * (height + GAP) - GAP), "white")
    for i, strip in enumerate(rows):
        sheet.paste(strip, (i % across * (width + 2 * GAP), i // across * (height + GAP)))
    path.parent.mkdir(exist_ok=True)
    sheet.save(path, quality=88, optimize=True)


def _task(workbench: Workbench, task: Task) -> Image.Image | None:
    """One task's four pictures under its name; None without two outlined drawn cases of one class."""
    found = _pair(workbench, task) if task.axes is not None else None
    if found is None:
        return None
    strip = Image.new("RGB", (4 * (SIDE + GAP) - GAP, SIDE + LINE), "white")
    name = f"{task.title}: {task.display(found[0].case.labels[0])}"
    ImageDraw.Draw(strip).text((0, 3), name, fill="black", font=ImageFont.load_default(13))
    for i, shown in enumerate(found):
        picture = images.read(task.folder / shown.case.image).picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        for j, tile in enumerate((picture, shown.sight.picture((SIDE, SIDE)))):
            pointed = _pointed(tile, shown.sight, shown.place)
            strip.paste(pointed, ((2 * i + j) * (SIDE + GAP), LINE))
    return strip


def _pair(workbench: Workbench, task: Task) -> tuple[_Shown, _Shown] | None:
    """Of a few drawn cases of each class the two with the most alike places in their lesions: an illustration."""
    best: tuple[tuple[bool, float], tuple[_Shown, _Shown]] | None = None
    for label in task.head.classes:
        outlined = [c for c in task.cases if c.image and c.mask and c.labels[0] == label]
        few = [_Shown.of(workbench, task, c) for c in outlined[:TRIED]]
        for here, there in itertools.permutations(few, 2):
            likeness = there.vectors @ here.vectors[here.place]
            place = int(likeness.argmax())
            rank = bool(there.lesion[place] >= 0.5), float(likeness[place])
            if best is None or rank > best[0]:
                best = rank, (here, replace(there, place=place))
    return None if best is None else best[1]


def _pointed(picture: Image.Image, sight: Sight, place: int) -> Image.Image:
    """A picture with a ring around a patch, white in black, which shows on any ground."""
    row, column = divmod(place, sight.grid[1])
    x, y = (column + 0.5) / sight.grid[1] * SIDE, (row + 0.5) / sight.grid[0] * SIDE
    marked = picture.copy()
    pen = ImageDraw.Draw(marked)
    for radius, colour, line in ((9, "black", 5), (8, "white", 3)):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=line)
    return marked

"""Batch, apart from the widgets: files that came become rows, a summary, a table and a CSV file."""

from __future__ import annotations

import contextlib
import errno
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .. import bounds, visits
from ..batch import own_head, rows, sheet
from ..batch.archive import Limits
from ..batch.gather import gather
from ..batch.rows import Row
from ..errors import RequestError
from ..workbench import Workbench
from . import batch_markup, markup
from .door import MOST_KEPT, NO_ROOM
from .guarded import FAULT
from .running import Running, StoppedError, SupersededError
from .view import SAME, Shared
from .visit import Chosen, reread

MOST = 500
"""Pictures of one batch."""
LIMITS = Limits(files=2000, bytes=1 << 30)
SHOW_EVERY = 1.0
"""Seconds between two looks at how far it is."""
LATEST = 6
"""Rows that are shown while the others are read."""
FOLDER = "batch-"
TITLE = "Our pictures"
FITTED_ON = (
    "Your head was fitted on this very picture: being right here says little. In the table it was guessed without."
)
CROSSED = (
    "Measured by cross-validation: in five parts, each picture was guessed by a head fitted on the other parts, which "
    "had seen neither it nor its patient. The head in use now was fitted on all of them."
)


@dataclass(frozen=True)
class Batch(Shared):
    """A batch that was read. It lives in memory, and its pictures in the visit's own folder, as long as the visit.

    Attributes:
        task: that read it; said: what was found, mended or left out; folder: where an archive was unpacked.
        whole: whether it was read to its end.
        read_by: the task that read it first, where a head of the visit's own guesses it now.
    """

    rows: tuple[Row, ...]
    task: str
    said: tuple[str, ...] = ()
    folder: str = ""
    whole: bool = True
    read_by: str = ""


@dataclass(frozen=True)
class BatchView:
    """What the tab shows; whatever is not said stays as it is."""

    progress: Any = SAME
    summary: Any = SAME
    table: Any = SAME
    csv: Any = SAME
    batch: Any = SAME
    drop: Any = SAME
    stop: Any = SAME
    fitting: Any = SAME
    fit_said: Any = SAME
    parcel: Any = SAME
    turn: Any = SAME


NOTHING = BatchView("", batch_markup.INVITATION, "", None, None, None, False, False, "", None)


# Gradio writes a callback into the page, and whom it is bound to in full.
@dataclass(frozen=True, repr=False)
class Batcher:
    """Reads batches for every visitor, each one's last only. Safe to call from several threads."""

    workbench: Workbench
    folder: Path
    running: Running = field(default_factory=Running)

    def waiting(self, visitor: str, earlier: Batch | None) -> BatchView:
        """What stands there until a batch's turn comes, which may be stopped; the one before it is forgotten."""
        self.forget(earlier)
        turn = self.running.begin(visitor)
        return replace(NOTHING, progress=batch_markup.waiting(), summary="", drop=SAME, stop=True, turn=turn)

    def forget(self, batch: Batch | None) -> None:
        """Delete what was unpacked for a batch."""
        if batch is not None and batch.folder:
            shutil.rmtree(batch.folder, ignore_errors=True)

    def run(
        self, paths: Sequence[str] | None, task: str | None, visitor: str, turn: rows.Check | None = None
    ) -> Iterator[BatchView]:
        """Read what came, and tell how far it is.

        Args:
            task: None for the one that most pictures are nearest to.
            turn: raises once nobody waits for it any more.
        """
        check = turn or self.running.begin(visitor)
        try:
            check()
            with self.room() as into:
                yield from self._run([Path(p) for p in paths or ()], task, into, check)
        except SupersededError:
            return
        except (RequestError, StoppedError) as fault:
            sentence = str(fault) or "Stopped; nothing was read."
            yield replace(NOTHING, progress=markup.error(sentence))
        except Exception:
            yield replace(NOTHING, progress=markup.error(FAULT))
            raise

    @contextlib.contextmanager
    def room(self) -> Iterator[Path]:
        """A folder for a batch that is about to be read; it stays, unless the reading ends in an exception.

        Raises:
            RequestError: where the server has no room for another one, or the disk fills up meanwhile.
        """
        if visits.kept(self.folder) + LIMITS.bytes > MOST_KEPT:
            raise RequestError(NO_ROOM)
        into = Path(tempfile.mkdtemp(prefix=FOLDER, dir=self.folder))
        try:
            yield into
        except BaseException as fault:  # a page that is closed, too
            shutil.rmtree(into, ignore_errors=True)
            if isinstance(fault, OSError) and fault.errno in (errno.ENOSPC, errno.EDQUOT):
                raise RequestError(NO_ROOM) from fault
            raise

    def _run(self, paths: list[Path], task: str | None, into: Path, check: rows.Check) -> Iterator[BatchView]:
        gathered = gather(paths, into, MOST, LIMITS)
        said = list(gathered.said)
        check()
        if task is None:
            yield BatchView(progress=batch_markup.progress(0, len(gathered.items), None), drop=None)
            task, count, asked = rows.task_of(self.workbench, gathered.items)
            title = self.workbench.task(task).title
            said.insert(0, f"Read as {title}: a guess, as {count} of {asked} pictures asked are nearest to it.")
        found: list[Row] = []
        shown = time.monotonic()
        stopped = False
        try:
            for step in rows.read(self.workbench, gathered.items, task, check):
                found.append(step.row)
                if time.monotonic() - shown > SHOW_EVERY and step.done < step.total:
                    shown = time.monotonic()
                    table = batch_markup.table(found[-LATEST:][::-1], self.workbench.task(task), latest=True)
                    yield BatchView(batch_markup.progress(step.done, step.total, step.left), table=table)
        except SupersededError:
            raise
        except StoppedError:
            stopped = True
            if not found:
                raise
        if stopped:
            said.insert(0, f"Stopped after {len(found)} of {len(gathered.items)} pictures.")
        yield self.view(Batch(tuple(found), task, tuple(said), str(into), not stopped))

    def view(self, batch: Batch) -> BatchView:
        """A batch that was read."""
        task = self.workbench.task(batch.task)
        return BatchView(
            progress="",
            summary=batch_markup.summary(batch.rows, task, batch.said),
            table=batch_markup.table(batch.rows, task),
            csv=str(self.write(batch)),
            batch=batch,
            drop=None,
            stop=False,
            fitting=len({r.item.label for r in batch.rows if r.item.label}) > 1,
            fit_said="",
            parcel=None,
        )

    def fit(self, batch: Batch | None, grouping: str | None, title: str | None, visitor: str) -> BatchView:
        """Fit a head on a batch for this visit alone, and show the batch as it guesses it."""
        try:
            if batch is None:
                raise RequestError("There is nothing to fit on yet; read pictures first.")
            named = bounds.text("name", title, 60).strip() or TITLE
            parcel = Path(batch.folder) / "dinoscope-head.zip"
            parcel.parent.mkdir(parents=True, exist_ok=True)
            like = batch.read_by or batch.task
            found = own_head.fit(self.workbench, visitor, batch.rows, grouping or "", named, parcel, like)
        except RequestError as fault:
            return BatchView(fit_said=markup.error(str(fault)))
        fitted = Batch(found.rows, found.task.name, (CROSSED, *found.left_out), batch.folder, batch.whole, like)
        return replace(self.view(fitted), fit_said=batch_markup.fitted(named), parcel=str(parcel))

    def write(self, batch: Batch) -> Path:
        """The table as a file of the visit's."""
        path = Path(batch.folder) / "dinoscope-batch.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet.write(path, batch.rows, self.workbench.task(batch.task))
        return path

    def open(self, batch: Batch | None, number: object) -> Chosen:
        """The picture of a row, to be read by itself.

        Raises:
            RequestError: with the sentence a visitor sees.
        """
        if batch is None:
            raise RequestError("This batch was forgotten meanwhile; give its pictures again.")
        if not isinstance(number, int) or not 0 <= number < len(batch.rows):
            raise RequestError("There is no such row; choose one of the table.")
        row = batch.rows[number]
        task = self.workbench.tasks.get(batch.task)
        case = task.of_pixels(row.pixels) if task else None
        remark = FITTED_ON if case is not None and case.origin == "own" else ""
        item = row.item
        return Chosen(reread(item.path, item.name), item.name, str(item.path), task=batch.task, remark=remark)

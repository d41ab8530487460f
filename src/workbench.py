"""Workbench: the verbs on one picture - classify, explain, similar. No widgets, no plots."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from . import images, scope, search, tasks
from .cases import CaseIndex, Filters, IndexFault, SimilarCase, Storage
from .encoder import Encoder, EncoderError
from .explain import Progress
from .explanations import Asked, Question
from .heads import HeadError
from .images import Decoded, ImageError
from .projection import Projection
from .regions import Box
from .results import Explanation, Reading, RequestError
from .search import Query, Wish
from .settings import Settings
from .tasks import Task

LARGE = 20_000
"""Above so many cases in memory a search takes long, and the app says that a server is due."""

Source = str | Path | bytes | Image.Image | Decoded
Say = Callable[[str], None]
"""Told what is happening, a sentence at a time."""


class Fitter(Protocol):
    """Whoever can fit the tasks for another backbone: `src.lab.fit`, which no room of the app may know."""

    def fit_projection(self, encoder: Encoder, bundled: Path, data: Path | None, say: Say) -> Projection:
        """The projection, from the bundled tasks' folder and a folder of data sets."""
        ...

    def refit(
        self, encoder: Encoder, projection: Projection, bundled: Path, data: Path | None, out: Path, say: Say
    ) -> None:
        """Fit the task of one bundled folder and write it to `out`."""
        ...


@contextlib.contextmanager
def spoken() -> Iterator[None]:
    """What a question got wrong becomes the sentence a visitor sees."""
    try:
        yield
    except ValueError as fault:
        raise RequestError(str(fault)) from fault


@dataclass(frozen=True)
class Workbench:
    """An encoder, its tasks and their index. Pure given its inputs and a seed, safe to call from several threads.

    Attributes:
        notices: sentences the page shows, such as a hub that could not be reached.
    """

    encoder: Encoder
    projection: Projection
    tasks: dict[str, Task]
    index: CaseIndex
    notices: tuple[str, ...] = field(default=())

    @classmethod
    def load(cls, settings: Settings, fitter: Fitter | None = None, say: Say = print) -> Workbench:
        """Load backbone and tasks, and fill the index.

        Args:
            fitter: fits the tasks for a backbone that is not the bundled one; without it they are left out.
            say: told what is happening, a sentence at a time.
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
        projection = _projection(encoder, settings, fitter, say)
        loaded: dict[str, Task] = {}
        for folder in sorted(p for p in (settings.assets / "tasks").iterdir() if p.is_dir()):
            task = _task(folder, encoder, projection, settings, fitter, say)
            if task is None:
                notices.append(f"{folder.name} has no head for the backbone {encoder.name} and is left out.")
            else:
                loaded[task.name] = task
        index, faults = _index(loaded, projection, settings, say)
        return cls(encoder, projection, loaded, index, (*notices, *faults))

    def classify(self, picture: Source, task: str | None = None) -> Reading:
        """Read a picture with a task's head.

        Args:
            picture: a path, bytes or picture.
            task: name of the task; None to take the one whose cases are nearest.
        Raises:
            ImageError, RequestError: with the sentence a visitor sees.
        """
        decoded = _read(picture)
        pooled = self.encoder([decoded.picture]).pooled
        query = self.projection(pooled)[0]
        chosen = self._task(task) if task else self._nearest_task(query)
        probabilities = chosen.head.probabilities(pooled)[0]
        kept = chosen.head.prediction_set(probabilities)
        measured = scope.measure(query, chosen.training, chosen.reference)
        warnings = list(decoded.warnings)
        if not measured.familiar:
            warnings.append(
                f"Unfamiliar: this looks unlike the cases of {chosen.title}, so the probabilities mean little."
            )
        return Reading(
            task=chosen.name,
            detected=not task,
            label=chosen.head.classes[int(probabilities.argmax())],
            probabilities={c: float(p) for c, p in zip(chosen.head.classes, probabilities, strict=True)},
            prediction_set=kept,
            coverage=chosen.head.coverage,
            scope=measured,
            facts=decoded.facts,
            warnings=tuple(warnings),
        )

    def explain(
        self,
        picture: Source,
        task: str | None = None,
        target: str | None = None,
        method: str = "vitcx",
        seed: int = 0,
        progress: Progress | None = None,
        *,
        instead_of: str | None = None,
        like: str | None = None,
        quick: bool = False,
    ) -> Explanation:
        """Show which regions of a picture cause a score, and measure how faithful that picture is.

        Args:
            target, method, seed, instead_of, like, quick: as in `explanations.Question`.
            progress: told (done, total); may raise to cancel.
        Raises:
            ImageError, RequestError: with the sentence a visitor sees.
        """
        with spoken():
            question = Question(target, instead_of, like, method, seed, quick)
        asked = self.ask(picture, task, question)
        with spoken():
            return asked.measure(asked.explain(progress), progress)

    def ask(self, picture: Source, task: str | None, question: Question) -> Asked:
        """The question put to a task, to be answered step by step: `explain`, `measure`, `check`.

        Raises:
            ImageError, RequestError: with the sentence a visitor sees.
        """
        decoded = _read(picture)
        pixels = self.encoder.pixels([decoded.picture])
        tokens = self.encoder.tokens(pixels)
        chosen = self._task(task) if task else self._nearest_task(self.projection(tokens.pooled.cpu().numpy())[0])
        with spoken():
            return Asked.of(self.encoder, chosen, decoded, pixels, tokens, question, self.projection.of)

    def query(self, picture_or_case_id: Source, task: str | None = None) -> Query:
        """What similar cases are searched with, read once; the searches take it in place of the picture.

        Args:
            picture_or_case_id: a picture as for `classify`, or the id of a case.
            task: name of the task; None to take the case's own, or the one whose cases are nearest.
        Raises:
            ImageError, RequestError: with the sentence a visitor sees.
        """
        if isinstance(picture_or_case_id, str) and (known := self._known_case(picture_or_case_id, task)):
            return known
        decoded = _read(picture_or_case_id)
        features = self.encoder([decoded.picture])
        vector = self.projection(features.pooled)[0]
        chosen = self._task(task) if task else self._nearest_task(vector)
        patches = chosen.regions.vectors(features.patches[0]) if chosen.regions else None
        pixels = images.pixel_hash(decoded.picture)
        return Query(chosen.name, vector, patches, features.grid, chosen.of_pixels(pixels), pixels)

    def similar(
        self,
        picture_or_case_id: Source | Query,
        task: str | None = None,
        k: int = 5,
        filters: Filters | None = None,
        liked: tuple[str, ...] = (),
        disliked: tuple[str, ...] = (),
        region: Box | None = None,
        one_a_group: bool = True,
    ) -> list[SimilarCase]:
        """The nearest known cases of a task, nearest first; the query itself is never among them.

        Args:
            picture_or_case_id: a picture as for `classify`, the id of a case, or what `query` made of either.
            k: how many, 1 to 50.
            filters: what they must have.
            liked, disliked: ids of cases that the found ones should resemble more, or less.
            region: search with this part of the picture only.
            one_a_group: at most one case a patient, lesion or near-duplicate group.
        Raises:
            ImageError, RequestError: with the sentence a visitor sees.
        """
        query = self._asked(picture_or_case_id, task)
        wish = Wish(filters or Filters(), liked, disliked, region, one_a_group)
        with _spoken():
            return search.nearest(self.tasks[query.task], self.index, query, k, wish)

    def differential(
        self,
        picture_or_case_id: Source | Query,
        task: str | None = None,
        per_class: int = 3,
        filters: Filters | None = None,
        region: Box | None = None,
    ) -> dict[str, list[SimilarCase]]:
        """The nearest known cases of every class of a task, so that a reader sees what else looks alike.

        Args: as for `similar`; `per_class` is how many of each class.
        Raises:
            ImageError, RequestError: with the sentence a visitor sees.
        """
        query = self._asked(picture_or_case_id, task)
        with _spoken():
            wish = Wish(filters or Filters(), region=region)
            return search.differential(self.tasks[query.task], self.index, query, per_class, wish)

    def why_empty(self, task: str, filters: Filters) -> str:
        """One sentence that names the filter that leaves none of the task's cases."""
        with _spoken():
            return search.why_empty(self._task(task), self.index, filters)

    def own_cases(self, task: str) -> int:
        """How many cases of a task an operator has added from a folder."""
        with _spoken():
            return self.index.count(task, Filters(origins=("own",)))

    def _asked(self, source: Source | Query, task: str | None) -> Query:
        return source if isinstance(source, Query) else self.query(source, task)

    def _known_case(self, case_id: str, task: str | None) -> Query | None:
        """The case with this id, of this task or of the only one that has it; None when there is none."""
        wanted = [self._task(task)] if task else list(self.tasks.values())
        owners = [t for t in wanted if t.position(case_id) is not None]
        if len(owners) > 1:
            raise RequestError(f"{', '.join(t.name for t in owners)} each have a case {case_id!r}; name the task")
        # Cases that were added to the index later are known to it alone.
        for owner in owners or ([] if Path(case_id).is_file() else wanted):
            with _spoken():
                if found := search.of_case(owner, self.index, case_id):
                    return found
        return None

    def _task(self, name: str) -> Task:
        if name not in self.tasks:
            raise RequestError(f"no task is called {name!r}; choose one of {', '.join(self.tasks)}")
        return self.tasks[name]

    def _nearest_task(self, query: np.ndarray) -> Task:
        """The task whose training cases are nearest; of those of its modality rather one with a single answer."""
        if not self.tasks:
            raise RequestError("no task is loaded; fit one with `python -m src fit`")
        far = {name: scope.distances(query[None], task.training)[0] for name, task in self.tasks.items()}
        nearest = self.tasks[min(far, key=far.__getitem__)]
        modality = nearest.facts.get("modality")
        single = [n for n, t in self.tasks.items() if t.facts.get("modality") == modality and t.head.exclusive]
        return self.tasks[min(single, key=far.__getitem__)] if single and modality else nearest


def _projection(encoder: Encoder, settings: Settings, fitter: Fitter | None, say: Say) -> Projection:
    """The projection for this encoder: as bundled, from the cache, or fitted now."""
    bundled = settings.assets / "tasks"
    cached = settings.cache / encoder.fingerprint[:16] / "projection.safetensors"
    for path in (bundled / cached.name, cached):
        if found := Projection.load(path, encoder.fingerprint):
            return found
    if fitter is None:
        return Projection.plain(3 * encoder.dim, encoder.fingerprint)
    say(f"fitting the projection for the backbone {encoder.name}")
    fitted = fitter.fit_projection(encoder, bundled, settings.images, say)
    cached.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=cached.parent, delete=False) as draft:
        fitted.save(Path(draft.name))
    Path(draft.name).replace(cached)
    return fitted


def _index(
    loaded: dict[str, Task], projection: Projection, settings: Settings, say: Say
) -> tuple[CaseIndex, list[str]]:
    """The index with every task's cases in it; in memory, with a notice, where a server or folder fails."""
    storage = Storage(
        settings.qdrant_url,
        settings.qdrant_api_key,
        settings.qdrant_path,
        settings.qdrant_shards,
        settings.qdrant_replicas,
    )
    notices: list[str] = []
    try:
        index = CaseIndex(storage)
        _fill(index, loaded, projection)
    except IndexFault as fault:
        notices.append(f"Searching the bundled cases in memory: {fault}.")
        say(notices[-1])
        index = CaseIndex()
        _fill(index, loaded, projection)
    if index.storage.kind == "memory":
        counts = {task: index.count(task) for task in loaded}
        notices += [
            f"{task} holds {n:,} cases in memory; above {LARGE:,}, set QDRANT_URL to a Qdrant server or QDRANT_PATH "
            "to a folder."
            for task, n in counts.items()
            if n > LARGE
        ]
    return index, notices


def _fill(index: CaseIndex, loaded: dict[str, Task], projection: Projection) -> None:
    for task in loaded.values():
        cells = task.regions.cells.astype(np.float32) if task.regions else None
        index.fill(task.name, task.cases, task.vectors, cells, task.space(projection))


@contextlib.contextmanager
def _spoken() -> Iterator[None]:
    """A server that fails in the middle of a search is answered by its sentence."""
    try:
        yield
    except IndexFault as fault:
        raise RequestError(f"The similar cases cannot be searched: {fault}.") from fault


def _task(
    folder: Path, encoder: Encoder, projection: Projection, settings: Settings, fitter: Fitter | None, say: Say
) -> Task | None:
    """The task for this encoder: as bundled, from the cache, or fitted now; None where none of these works."""
    try:
        return tasks.load(folder, encoder.fingerprint)
    except HeadError:
        cached = settings.cache / encoder.fingerprint[:16] / folder.name
    if not cached.is_dir():
        if fitter is None:
            return None
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


def _read(picture: Source) -> Decoded:
    """A picture that has been read already is taken as it is, with the frame that was chosen."""
    return picture if isinstance(picture, Decoded) else images.read(picture)

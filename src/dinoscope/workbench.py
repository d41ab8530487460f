"""Workbench: the verbs on one picture - classify, explain, similar, see. No widgets, no plots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from . import agreement, guess, loading
from .errors import RequestError, shown
from .explain import Progress
from .explain.session import ExplainRequest, ExplainSession
from .loading import BACKBONE_ALONE, Alone, Fitter, Say
from .reading import images, scope
from .reading.encoded import Encoded
from .reading.encoder import Encoder
from .reading.images import Decoded
from .reading.projection import Projection
from .results import Explanation, Reading
from .see import sight
from .see.sight import Sight
from .settings import Settings
from .similar import CaseIndex, Filters, Query, SearchRequest, SimilarCase, Standby, search
from .similar.public_pictures import PublicPictures
from .tasks import Task
from .visit_tasks import OWN, VisitTasks

Source = Path | bytes | Image.Image | Decoded | Encoded
"""A picture, or what `read` made of it. Never a string: what a visitor sent as text is not opened as a file."""


@dataclass(frozen=True)
class Workbench:
    """An encoder, its tasks and their index. Pure given its inputs and a seed, safe to call from several threads.

    Attributes:
        encoder: what heads and cases read a picture with: the backbone, perhaps with a second network beside it.
        alone: then, what the backbone alone is explained with; None where it reads alone.
        fixed_notices: sentences the page shows from the start, such as a hub that could not be reached.
        pictures: thumbnails of public cases, where they are at hand.
    """

    encoder: Encoder
    projection: Projection
    tasks: Mapping[str, Task]
    index: CaseIndex | Standby
    fixed_notices: tuple[str, ...] = field(default=())
    alone: Alone | None = None
    pictures: PublicPictures = field(default_factory=PublicPictures)

    @classmethod
    def load(cls, settings: Settings, fitter: Fitter | None = None, say: Say = print) -> Workbench:
        """Load backbone and tasks, and fill the index.

        Args:
            fitter: fits the tasks for a backbone that is not the bundled one; without it they are left out.
            say: told what is happening, a sentence at a time.
        Raises:
            AssetError: when a bundled file is missing or changed.
        """
        found = loading.load(settings, fitter, say)
        pictures = PublicPictures(settings.cache, settings.thumbnails, settings.mirror)
        return cls(found.encoder, found.projection, found.tasks, found.index, found.notices, found.alone, pictures)

    def complete(self) -> int:
        """Put the cases of every task into the index that are not in it yet; returns how many tasks that were."""
        return self.index.complete()

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences the page shows now: those from the start, and what is the matter with the search server."""
        return (*self.fixed_notices, *self.index.notices)

    def read(self, picture: Source) -> Encoded:
        """Let the encoder read a picture; every verb takes the outcome in its place and reads it no more.

        Raises:
            RequestError: with the sentence a visitor sees.
        """
        if isinstance(picture, Encoded):
            return picture
        decoded = picture if isinstance(picture, Decoded) else images.read(picture)
        return Encoded.of(self.encoder, self.projection, decoded)

    def classify(self, picture: Source, task: str | None = None) -> Reading:
        """Read a picture with a task's head.

        Args:
            picture: a `Path`, bytes or a picture.
            task: name of the task; None to take the one whose cases are nearest.
        Raises:
            RequestError: with the sentence a visitor sees.
        """
        read = self.read(picture)
        decoded = read.decoded
        chosen, second = (self.task(task), "") if task else guess.guessed(self.tasks, read.vector)
        probabilities = chosen.head.probabilities(read.pooled)[0]
        kept = chosen.head.prediction_set(probabilities)
        own = chosen.of_pixels(images.pixel_hash(decoded.picture))
        seen, known = (self.projection.for_scope(v) for v in (read.vector, chosen.training))
        measured = scope.measure(seen, known, chosen.reference, chosen.apart(own))
        warnings = list(decoded.warnings)
        if not measured.familiar:
            warnings.append(
                f"Unfamiliar: this looks unlike the cases of {chosen.title}, so the probabilities mean little."
            )
        if own is not None and own.origin != "phantom" and own.fold not in (0, 1):
            warnings.append("The head was fitted on this very picture, so being right here says little.")
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
            agreement=agreement.of(chosen, probabilities, chosen.vote(read.vector, own)),
            second=second,
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
            target, method, seed, instead_of, like, quick: as in `ExplainRequest`.
            progress: told (done, total); may raise to cancel.
        Raises:
            RequestError: with the sentence a visitor sees.
        """
        session = self.ask(picture, task, ExplainRequest(target, instead_of, like, method, seed, quick))
        return session.measure(session.explain(progress), progress)

    def ask(self, picture: Source, task: str | None, request: ExplainRequest) -> ExplainSession:
        """A request about a picture, to be answered step by step: `explain`, `measure`, `check`.

        Raises:
            RequestError: with the sentence a visitor sees.
        """
        read = self.read(picture)
        chosen = self.task(task) if task else guess.nearest(self.tasks, read.vector)
        if self.alone is None:
            like = self._vector(request.like, chosen) if request.like else None
            embed = self.projection.of
            return ExplainSession.of(self.encoder, chosen, read.decoded, read.pixels, read.tokens, request, embed, like)
        own, embed = self.alone.tasks.get(chosen.name), self.alone.projection.of
        if own is None:
            raise RequestError(f"{chosen.title} has no head for the backbone alone, which is what could be explained")
        at = own.position(request.like) if request.like else None
        if request.like and at is None:
            raise RequestError(f"{shown(request.like)} was added for two networks, so the backbone cannot explain it")
        told = replace(read.decoded, warnings=(*read.decoded.warnings, BACKBONE_ALONE))
        like = None if at is None else own.vectors[at]
        return ExplainSession.of(self.encoder, own, told, read.pixels, read.tokens, request, embed, like)

    def see(self, picture: Source, task: str | None = None) -> Sight:
        """What the network sees in a picture, as colours and vectors of its patches: no label and no head is asked.

        Args: as for `classify`.
        Raises:
            ImageError, RequestError: with the sentence a visitor sees.
        """
        # Read at a size of its own, so that what the heads read of the picture serves only to guess a task.
        known = picture if isinstance(picture, Encoded | Decoded) else images.read(picture)
        chosen = self.task(task) if task else guess.nearest(self.tasks, self.read(known).vector)
        if chosen.axes is None:
            raise RequestError(f"{chosen.title} was fitted without colours; fit it again with `dinoscope fit`")
        decoded = known.decoded if isinstance(known, Encoded) else known
        return sight.look(self.encoder, chosen.axes, decoded.picture, chosen.name)

    def query(self, picture: Source, task: str | None = None) -> Query:
        """What similar cases are searched with, read once; the searches take it in place of the picture.

        Args:
            picture: as for `classify`.
            task: name of the task; None to take the one whose cases are nearest.
        Raises:
            RequestError: with the sentence a visitor sees.
        """
        read = self.read(picture)
        chosen = self.task(task) if task else guess.nearest(self.tasks, read.vector)
        patches = chosen.regions.vectors(read.patches) if chosen.regions else None
        pixels = images.pixel_hash(read.decoded.picture)
        return Query(chosen.name, read.vector, patches, read.tokens.grid, chosen.of_pixels(pixels), pixels)

    def query_case(self, case_id: str, task: str | None = None) -> Query:
        """A known case to search with, by what is stored of it.

        Args:
            case_id: looked up among the cases, and nowhere else.
            task: name of the task; None to take the one that has such a case.
        Raises:
            RequestError: when there is none, or several tasks have one.
        """
        wanted = [self.task(task)] if task else list(self.tasks.values())
        owners = [t for t in wanted if t.position(case_id) is not None]
        if len(owners) > 1:
            raise RequestError(f"{', '.join(t.name for t in owners)} each have a case {shown(case_id)}; name the task")
        # Cases that were added to the index later are known to it alone.
        for owner in owners or wanted:
            with search.asking():
                if found := search.of_case(owner, self._index(owner.name), case_id):
                    return found
        whose = wanted[0].title if task else "any task"
        raise RequestError(f"no case of {whose} is called {shown(case_id)}; take an id from the similar cases")

    def similar(
        self, picture: Source | Query, task: str | None = None, request: SearchRequest | None = None, **fields: Any
    ) -> list[SimilarCase]:
        """The nearest known cases of a task, nearest first; the query itself is never among them.

        Args:
            picture: as for `classify`, or what `query` made of it.
            request: what they should be like; its fields may be given by name instead, such as `k=3`.
        Raises:
            RequestError: with the sentence a visitor sees.
        """
        query, request = self._query(picture, task), replace(request or SearchRequest(), **fields)
        with search.asking():
            found = search.nearest(self.task(query.task), self._index(query.task), query, request)
        return self.pictures.beside(found)

    def similar_to_case(
        self, case_id: str, task: str | None = None, request: SearchRequest | None = None, **fields: Any
    ) -> list[SimilarCase]:
        """The nearest cases of a known case, which is looked up by its id and never opened as a file.

        Args:
            case_id, task: as for `query_case`; the rest as for `similar`.
        Raises:
            RequestError: with the sentence a visitor sees.
        """
        return self.similar(self.query_case(case_id, task), None, request, **fields)

    def differential(
        self, picture: Source | Query, task: str | None = None, request: SearchRequest | None = None, **fields: Any
    ) -> dict[str, list[SimilarCase]]:
        """The nearest known cases of every class of a task, so that a reader sees what else looks alike.

        Args: as for `similar`; `k` is how many of each class, three if nothing is said.
        Raises:
            RequestError: with the sentence a visitor sees.
        """
        query, request = self._query(picture, task), replace(request or SearchRequest(k=3), **fields)
        with search.asking():
            found = search.differential(self.task(query.task), self._index(query.task), query, request)
        return {label: self.pictures.beside(cases) for label, cases in found.items()}

    def why_empty(self, task: str, filters: Filters) -> str:
        """One sentence that names the filter that leaves none of the task's cases."""
        with search.asking():
            return search.why_empty(self.task(task), self._index(task), filters)

    def own_cases(self, task: str) -> int:
        """How many cases of a task an operator has added from a folder."""
        with search.asking():
            return self._index(task).count(task, Filters(origins=("own",)))

    def _query(self, source: Source | Query, task: str | None) -> Query:
        return source if isinstance(source, Query) else self.query(source, task)

    def _vector(self, case_id: str, task: Task) -> np.ndarray:
        """[K] search vector of a case; the index is asked for an operator's own ones alone, as a server may be slow."""
        if (at := task.position(case_id)) is not None:
            return task.vectors[at]
        with search.asking():
            known = search.of_case(task, self._index(task.name), case_id)
        if known is None:
            raise RequestError(f"{task.title} has no case {shown(case_id)}; take an id from the similar cases")
        return known.vector

    def _index(self, task: str) -> CaseIndex | Standby:
        """Where a task's cases are searched: those of a visit's own task in memory, and nowhere else."""
        own = self.tasks.index(task) if isinstance(self.tasks, VisitTasks) else None
        return own or self.index

    def task(self, name: str) -> Task:
        """The task of this name; a `RequestError` says that there is none, or that a visit's own is gone."""
        if (found := self.tasks.get(name)) is not None:
            return found
        if name.startswith(OWN):
            raise RequestError("the head that was fitted in this visit is gone; fit it again under Batch")
        raise RequestError(f"no task is called {shown(name)}; choose one of {', '.join(self.tasks)}")

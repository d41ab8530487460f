"""Search: a picture or a known case -> its nearest cases, those of each class, and where a region is matched."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from ..errors import RequestError, shown
from ..tasks import Task
from . import CaseIndex, Filters, Hit, IndexFault, Query, SearchRequest, SimilarCase, Standby, in_a_hurry, regions
from .regions import Box

MOST = 50
"""At most so many cases are given at once."""


def of_case(task: Task, index: CaseIndex | Standby, case_id: str) -> Query | None:
    """A known case as the query, by what is stored of it; None when the task has no such case."""
    stored = index.get(task.name, case_id)
    if stored is None:
        return None
    case, vector, patches = stored
    grid = (regions.CELLS, regions.CELLS)
    detail = task.regions.in_detail(case_id) if task.regions else None
    if task.regions is not None and detail is not None:
        patches, grid = detail, task.regions.grid
    return Query(task.name, vector, patches, grid, case, case.pixels, pixels_here=bool(case.image))


def nearest(task: Task, index: CaseIndex | Standby, query: Query, request: SearchRequest) -> list[SimilarCase]:
    """The nearest cases, nearest first.

    Raises:
        RequestError: for a number, a case id or a region that cannot be served.
    """
    if not 1 <= request.k <= MOST:
        raise RequestError(f"{request.k} cases were asked for; choose from 1 to {MOST}")
    _check(task, index, query, request)
    return [_seen(task, query, request.region, hit) for hit in index.search(query, request)]


def differential(
    task: Task, index: CaseIndex | Standby, query: Query, request: SearchRequest
) -> dict[str, list[SimilarCase]]:
    """The nearest cases of every class, the class of the nearest first.

    Raises:
        RequestError: for a number, a case id or a region that cannot be served.
    """
    if not 1 <= request.k <= MOST:
        raise RequestError(f"{request.k} cases a class were asked for; choose from 1 to {MOST}")
    _check(task, index, query, request)
    found = index.by_class(query, request, len(task.head.classes))
    return {label: [_seen(task, query, request.region, hit) for hit in hits] for label, hits in found.items()}


def why_empty(task: Task, index: CaseIndex | Standby, filters: Filters) -> str:
    """One sentence that names the filter that left no case."""
    culprits = index.emptied_by(task.name, filters)
    if not culprits:
        return "No case is left; remove a filter, or undo what you liked and disliked."
    if len(culprits) == 1:
        return f"The filter “{culprits[0]}” leaves no case; widen or remove it."
    named = f"{', '.join(f'“{c}”' for c in culprits[:-1])} and “{culprits[-1]}”"
    return f"No case passes the filters {named} together; widen or remove one."


def _check(task: Task, index: CaseIndex | Standby, query: Query, request: SearchRequest) -> None:
    """Refuse a request that this task or query cannot serve."""
    judged = list(dict.fromkeys(request.judged))
    if both := set(request.liked) & set(request.disliked):
        raise RequestError(f"the case {shown(min(both))} is both liked and disliked; choose one")
    held = index.known(task.name, judged) if judged else set()
    if strangers := [c for c in judged if c not in held]:
        raise RequestError(f"{task.title} has no case {shown(strangers[0])}")
    if request.region is not None and query.patches is None:
        raise RequestError(
            f"{task.title} was fitted without patch vectors, so a region cannot be searched; "
            "fit it again with `dinoscope fit`, or search with the whole picture"
        )


def _seen(task: Task, query: Query, region: Box | None, hit: Hit) -> SimilarCase:
    asked = query.inside(region)
    if region is None or asked is None or hit.patches is None:
        closer = float(np.searchsorted(task.nearest, hit.similarity) / len(task.nearest))
        return SimilarCase(hit.case, hit.similarity, closer, thumbnail=hit.thumbnail)
    detail = task.regions.in_detail(hit.case.id) if task.regions else None
    if task.regions is not None and detail is not None:
        matched = regions.locate(asked, detail, task.regions.grid, region)
    else:
        matched = regions.locate(asked, hit.patches, (regions.CELLS, regions.CELLS), region)
    return SimilarCase(hit.case, hit.similarity, matched=matched, thumbnail=hit.thumbnail)


def in_words(found: SimilarCase) -> str:
    """How near a found case is, for a reader."""
    if found.closer_than is None:
        return "of the outlined region"
    share = 100 * found.closer_than
    if share >= 99.5:
        return "closer than any known case is to its nearest"
    if share < 0.5:
        return "farther than any known case is from its nearest"
    return f"closer than {share:.0f} % of cases are to their nearest"


@contextlib.contextmanager
def asking() -> Iterator[None]:
    """A server that fails or dawdles in the middle of a search is answered by its sentence."""
    try:
        with in_a_hurry():
            yield
    except IndexFault as fault:
        raise RequestError(f"The similar cases cannot be searched: {fault}.") from fault

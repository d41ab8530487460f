"""Search: a picture or a known case -> its nearest cases, those of each class, and where a region is matched."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..errors import RequestError, shown
from ..tasks import Task
from . import Case, CaseIndex, Filters, Hit, SimilarCase, Standby, regions
from .ask import Ask
from .regions import Box

MOST = 50
"""At most so many cases are given at once."""


@dataclass(frozen=True)
class Query:
    """What similar cases are searched with; made once, then asked as often as filters and feedback change.

    Attributes:
        task: name of the task.
        vector: [K] unit vector.
        patches: [h * w, d] unit vectors on `grid` (h, w); None where the task has no patch vectors.
        case: the known case that is the query, or whose picture it is.
        pixels: `pixel_hash` of the picture.
        pixels_here: whether the picture itself is at hand, rather than only what is stored of the case.
    """

    task: str
    vector: np.ndarray
    patches: np.ndarray | None
    grid: tuple[int, int]
    case: Case | None = None
    pixels: str = ""
    pixels_here: bool = True


@dataclass(frozen=True)
class Wish:
    """What the found cases should be like.

    Attributes:
        filters: what they must have.
        liked, disliked: ids of cases to come closer to, and to move away from.
        region: the part of the query to look for; None for all of it.
        one_a_group: at most one case a patient, lesion or near-duplicate group.
    """

    filters: Filters = field(default_factory=Filters)
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    region: Box | None = None
    one_a_group: bool = True


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


def nearest(task: Task, index: CaseIndex | Standby, query: Query, k: int, wish: Wish) -> list[SimilarCase]:
    """The k nearest cases, nearest first.

    Raises:
        RequestError: for a number, a case id or a region that cannot be served.
    """
    if not 1 <= k <= MOST:
        raise RequestError(f"{k} cases were asked for; choose from 1 to {MOST}")
    ask = _ask(task, index, query, wish)
    return [_seen(task, query, wish, ask, hit) for hit in index.search(task.name, ask, k)]


def differential(
    task: Task, index: CaseIndex | Standby, query: Query, per_class: int, wish: Wish
) -> dict[str, list[SimilarCase]]:
    """The nearest cases of every class, the class of the nearest first.

    Raises:
        RequestError: for a number, a case id or a region that cannot be served.
    """
    if not 1 <= per_class <= MOST:
        raise RequestError(f"{per_class} cases a class were asked for; choose from 1 to {MOST}")
    ask = _ask(task, index, query, wish)
    found = index.by_class(task.name, ask, len(task.head.classes), per_class)
    return {label: [_seen(task, query, wish, ask, hit) for hit in hits] for label, hits in found.items()}


def why_empty(task: Task, index: CaseIndex | Standby, filters: Filters) -> str:
    """One sentence that names the filter that left no case."""
    culprits = index.emptied_by(task.name, filters)
    if not culprits:
        return "No case is left; remove a filter, or undo what you liked and disliked."
    if len(culprits) == 1:
        return f"The filter “{culprits[0]}” leaves no case; widen or remove it."
    named = f"{', '.join(f'“{c}”' for c in culprits[:-1])} and “{culprits[-1]}”"
    return f"No case passes the filters {named} together; widen or remove one."


def _ask(task: Task, index: CaseIndex | Standby, query: Query, wish: Wish) -> Ask:
    named = list(dict.fromkeys([*wish.liked, *wish.disliked]))
    if both := set(wish.liked) & set(wish.disliked):
        raise RequestError(f"the case {shown(min(both))} is both liked and disliked; choose one")
    held = index.known(task.name, named) if named else set()
    if strangers := [c for c in named if c not in held]:
        raise RequestError(f"{task.title} has no case {shown(strangers[0])}")
    patches = None
    if wish.region is not None:
        if query.patches is None:
            raise RequestError(
                f"{task.title} was fitted without patch vectors, so a region cannot be searched; "
                "fit it again with `dinoscope fit`, or search with the whole picture"
            )
        patches = query.patches[regions.inside(wish.region, query.grid)]
    return Ask(
        vector=query.vector,
        filters=wish.filters,
        liked=wish.liked,
        disliked=wish.disliked,
        patches=patches,
        case=query.case.id if query.case else "",
        pixels=query.pixels,
        group=query.case.group if query.case else "",
        one_a_group=wish.one_a_group,
    )


def _seen(task: Task, query: Query, wish: Wish, ask: Ask, hit: Hit) -> SimilarCase:
    if wish.region is None or ask.patches is None or hit.patches is None:
        closer = float(np.searchsorted(task.nearest, hit.similarity) / len(task.nearest))
        return SimilarCase(hit.case, hit.similarity, closer, thumbnail=hit.thumbnail)
    detail = task.regions.in_detail(hit.case.id) if task.regions else None
    if task.regions is not None and detail is not None:
        matched = regions.locate(ask.patches, detail, task.regions.grid, wish.region)
    else:
        matched = regions.locate(ask.patches, hit.patches, (regions.CELLS, regions.CELLS), wish.region)
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

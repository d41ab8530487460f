"""Similar API: /similar for programs, with every filter, feedback and region that the page has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import gradio as gr

from ..errors import RequestError
from ..reading import images
from ..results import vote
from ..similar import Filters, SimilarCase, search
from ..similar.regions import Box
from ..workbench import Workbench


def add(workbench: Workbench, picture: gr.File, task: gr.Textbox, answer: gr.JSON, spoken: Callable) -> None:
    """Register the endpoint.

    Args:
        spoken: context in which a caller's mistakes become sentences.
    """
    count, per_class = gr.Number(5, precision=0), gr.Number(3, precision=0)
    labels, origins, filters = gr.JSON([]), gr.JSON([]), gr.JSON({})
    case_id, every = gr.Textbox(""), gr.Checkbox(False)
    region, liked, disliked = gr.JSON([]), gr.JSON([]), gr.JSON([])

    def similar(
        picture: str | None = None,
        task: str = "",
        k: int = 5,
        labels: list | None = None,
        origins: list | None = None,
        filters: dict | None = None,
        case_id: str = "",
        region: list | None = None,
        liked: list | None = None,
        disliked: list | None = None,
        every: bool = False,
        per_class: int = 3,
    ) -> dict:
        with spoken():
            if bool(picture) == bool(case_id):
                raise RequestError("send either a picture as `picture` or the id of a case as `case_id`")
            asked = _filters(labels, origins, filters)
            query = (
                workbench.query(images.read(Path(picture)), task or None)
                if picture
                else workbench.query_case(case_id, task or None)
            )
            box = _box(region)
            likes, dislikes = _ids("liked", liked), _ids("disliked", disliked)
            # Only what is left out falls back to its default: a 0 is a mistake to be named.
            k, per_class = (given if n is None else int(n) for n, given in ((k, 5), (per_class, 3)))
            found = workbench.similar(query, None, k, asked, likes, dislikes, box, not every)
            rows = workbench.differential(query, None, per_class, asked, box)
            winner = vote(found)
            return {
                "task": query.task,
                "query": {"case": query.case.id if query.case else None, "region": _plain(box)},
                "filters": asked.json(),
                "liked": list(likes),
                "disliked": list(dislikes),
                "vote": asdict(winner) if winner else None,
                "cases": [_entry(s) for s in found],
                "by_class": {label: [_entry(s) for s in cases] for label, cases in rows.items()},
                "empty": "" if found else workbench.why_empty(query.task, asked),
            }

    inputs = [picture, task, count, labels, origins, filters, case_id, region, liked, disliked, every, per_class]
    gr.Button().click(similar, inputs, answer, api_name="similar")


def _entry(found: SimilarCase) -> dict:
    return {
        **asdict(found.case),
        "similarity": found.similarity,
        "distance": 1 - found.similarity,
        "closer_than": found.closer_than,
        "in_words": search.in_words(found),
        "matched": _plain(found.matched),
    }


def _plain(box: Box | None) -> list[float] | None:
    return None if box is None else [box.left, box.top, box.right, box.bottom]


def _filters(labels: list | None, origins: list | None, filters: dict | None) -> Filters:
    if filters is not None and not isinstance(filters, dict):
        raise RequestError('`filters` must be an object such as {"sex": ["female"], "age": [40, null]}')
    return Filters.of({"labels": labels or [], "origins": origins or [], **(filters or {})})


def _box(region: list | None) -> Box | None:
    if not region:
        return None
    if not isinstance(region, list) or len(region) != 4 or not all(isinstance(v, int | float) for v in region):
        raise RequestError("`region` must be [left, top, right, bottom] in shares of the picture, 0 to 1")
    return Box(*(float(v) for v in region))


def _ids(name: str, given: list | None) -> tuple[str, ...]:
    if given and (not isinstance(given, list) or not all(isinstance(v, str) for v in given)):
        raise RequestError(f"`{name}` must be a list of case ids")
    return tuple(given or ())

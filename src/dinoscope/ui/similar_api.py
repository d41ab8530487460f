"""Similar API: /similar for programs, with every filter, feedback and region that the page has."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import gradio as gr

from .. import bounds
from ..errors import RequestError
from ..reading import images
from ..results import vote
from ..similar import Filters, SearchRequest, SimilarCase, search
from ..similar.regions import Box
from ..workbench import Workbench
from . import given


def add(workbench: Workbench, picture: gr.File, task: gr.components.Component) -> None:
    """Register the endpoint."""
    answer = gr.JSON(label="similar")
    count, per_class = given.value(5, int, "k"), given.value(3, int, "per_class")
    labels, origins, filters = (
        given.value([], list, "labels"),
        given.value([], list, "origins"),
        given.value({}, dict, "filters"),
    )
    case_id, every = given.value("", str, "case_id"), given.value(False, bool, "every")
    region, liked, disliked = (
        given.value([], list, "region"),
        given.value([], list, "liked"),
        given.value([], list, "disliked"),
    )

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
        """Find the known cases that look most like a medical picture, or like one of its regions, or like a case.

        Research demo. Not a medical device; do not use for diagnosis.

        Args:
            picture: as for classify; over MCP as data:image/png;base64,...; or none, with `case_id`.
            task: name of the question, such as brain_mri; empty for the one whose known cases are nearest.
            k: how many cases, from 1 to 50.
            labels: only cases of these classes.
            origins: only cases of these origins: phantom (drawn by code), public, own.
            filters: such as {"sex": ["female"], "age": [40, null]}.
            case_id: id of a case to search with, in place of a picture.
            region: [left, top, right, bottom] in shares of the picture, 0 to 1: find cases with such a place.
            liked: ids of cases that the answer should be more like.
            disliked: ids of cases that it should be less like.
            every: true to find every picture of one patient, too, not only the nearest.
            per_class: how many cases of each class, from 1 to 50.
        Returns:
            `similar` with cases (id, labels, origin, licence, similarity from -1 to 1), vote, by_class and notice
        """
        name, case_id = bounds.text("task", task) or None, bounds.text("case_id", case_id)
        if bool(picture) == bool(case_id):
            raise RequestError("send either a picture as `picture` or the id of a case as `case_id`")
        k = bounds.whole_number("k", k, 1, search.MOST, 5)
        per_class = bounds.whole_number("per_class", per_class, 1, search.MOST, 3)
        asked, box, every = _filters(labels, origins, filters), _box(region), bounds.flag("every", every)
        likes, dislikes = (
            bounds.names(name, ids, what="case ids") for name, ids in (("liked", liked), ("disliked", disliked))
        )
        if picture:
            query = workbench.query(images.read(given.picture(picture)), name)
        else:
            query = workbench.query_case(case_id, name)
        bounds.names("labels", asked.labels, workbench.task(query.task).head.classes)
        request = SearchRequest(k, asked, likes, dislikes, box, not every)
        found = workbench.similar(query, None, request)
        rows = workbench.differential(query, None, SearchRequest(per_class, asked, region=box))
        decided = request.vote_decided_by(workbench.task(query.task).head.classes)
        winner = None if decided else vote(found)
        return given.told(
            {
                "task": query.task,
                "query": {"case": query.case.id if query.case else None, "region": _plain(box)},
                "filters": asked.json(),
                "liked": list(likes),
                "disliked": list(dislikes),
                "vote": asdict(winner) if winner else None,
                "vote_decided_by": decided,
                "cases": [_entry(s) for s in found],
                "by_class": {label: [_entry(s) for s in cases] for label, cases in rows.items()},
                "empty": "" if found else workbench.why_empty(query.task, asked),
            }
        )

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


def _filters(labels: Any, origins: Any, filters: Any) -> Filters:
    if filters is not None and not isinstance(filters, dict):
        raise RequestError('`filters` must be an object such as {"sex": ["female"], "age": [40, null]}')
    return Filters.of({"labels": labels, "origins": origins, **(filters or {})})


def _box(region: Any) -> Box | None:
    if region is None or region == []:
        return None
    if not isinstance(region, list) or len(region) != 4:
        raise RequestError("`region` must be [left, top, right, bottom] in shares of the picture, 0 to 1")
    return Box(*(bounds.number("region", v, 0, 1) for v in region))

"""Similar cases, apart from the widgets: a trail of searches becomes cards, a differential, a picker and a map."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image

from .. import bounds
from ..errors import RequestError
from ..results import vote
from ..similar import SearchRequest, SimilarCase
from ..similar.regions import Box
from ..workbench import Workbench
from . import cards, markup, similar_map, similar_markup
from .running import Running, SupersededError
from .trail import Step, Trail
from .view import SAME
from .visit import FORGOTTEN, Chosen

COUNT = 8
"""Cases a visit begins with."""
PER_CLASS = 3
FETCHING = 12.0
"""Seconds for which pictures of public cases are waited for; the cases are on the page all that time."""


@dataclass(frozen=True)
class SimilarView:
    """What the tab shows; whatever is not said stays as it is."""

    card: Any = SAME
    board: Any = SAME
    picker: Any = SAME
    case_map: Any = SAME
    opened: Any = SAME
    trail: Any = SAME


NOTHING = SimilarView(cards.waiting("similar"), *(markup.WAITING,) * 3, opened="", trail=None)
WORKING = SimilarView(cards.reading("similar"), markup.WORKING, *(markup.WAITING,) * 2, opened="", trail=None)


def refused(sentence: str) -> SimilarView:
    """Why no case can be shown."""
    return replace(WORKING, card=cards.failed("similar"), board=markup.error(sentence))


@dataclass(frozen=True)
class Wanted:
    """How a visitor wants cases to be searched and shown.

    Attributes:
        request: how many, what they must have, whether one of each patient or lesion.
    """

    request: SearchRequest = field(default_factory=lambda: SearchRequest(COUNT))


@dataclass(frozen=True)
class Searcher:
    """Searches for every visitor.

    Attributes:
        fetching: who waits for pictures of public cases.
    """

    workbench: Workbench
    fetching: Running = field(default_factory=Running)

    def begin(self, chosen: Chosen | None, wanted: Wanted) -> SimilarView:
        """A new picture starts a new trail, and its card."""
        if chosen is None:
            return NOTHING
        if chosen.reading is None:  # it could not be classified, which was said already, or is about to be
            return SimilarView()
        try:
            query = self.workbench.query(chosen.picture, chosen.reading.task)
        except RequestError as fault:
            return refused(str(fault))
        trail = Trail((Step(query, "this picture"),))
        first = self.view(chosen, trail, wanted)
        if chosen.wish.case:
            with contextlib.suppress(RequestError):  # an address may name a case that there is no more
                trail = self.moved(trail, {"act": "use", "case": chosen.wish.case})
                first = replace(self.view(chosen, trail, wanted), card=first.card)
        return replace(first, opened="", trail=trail)

    def view(self, chosen: Chosen, trail: Trail, wanted: Wanted) -> SimilarView:
        """What a step of a trail looks like; the first one is about the picture itself and shows on the card, too."""
        step = trail.now
        task = self.workbench.task(step.query.task)
        try:
            request, found, rows = self._search(trail, wanted)
            empty = "" if found else self.workbench.why_empty(task.name, request.filters)
        except RequestError as fault:
            failed = replace(refused(str(fault)), picker=SAME, case_map=SAME, trail=SAME)
            return replace(failed, card=SAME) if trail.can_go_back else failed
        winner = vote(found)
        picture = self._picture(chosen, trail)
        told = similar_markup.Told(
            self._head_says(chosen, trail),
            request.vote_decided_by(task.head.classes),
            chosen.reading is not None and not chosen.reading.scope.familiar,
            picture,
        )
        board = similar_markup.found_cases(found, task, trail, empty, told)
        board += similar_markup.differential(rows, task, winner.label if winner and not told.decided else None)
        return SimilarView(
            card=SAME if trail.can_go_back else cards.similar(found, task, told),
            board=board,
            picker=similar_markup.picker(step, picture),
            case_map=similar_map.draw(task, step.query, found),
        )

    def pictured(
        self, chosen: Chosen | None, trail: Trail | None, wanted: Wanted, visitor: str, arrival: Any = None
    ) -> SimilarView:
        """The same once more, as soon as pictures of public cases have come; nothing where none came.

        Args:
            arrival: the board that every visit begins with, which may be older than pictures that came since.
        """
        pictures = self.workbench.pictures
        if chosen is None or trail is None or not pictures.fetches:
            return SimilarView()
        still = self.fetching.begin(visitor)
        try:
            _, found, rows = self._search(trail, wanted)
            came = pictures.bring([s.case for cases in (found, *rows.values()) for s in cases], FETCHING)
            still()
        except (RequestError, SupersededError):
            return SimilarView()
        if not came and arrival is None:
            return SimilarView()
        view = self.view(chosen, trail, wanted)
        return view if view.board != arrival else SimilarView()

    def _search(
        self, trail: Trail, wanted: Wanted
    ) -> tuple[SearchRequest, list[SimilarCase], dict[str, list[SimilarCase]]]:
        """What is asked at a step, the nearest cases, and those of every class.

        Raises:
            RequestError: with the sentence a visitor sees.
        """
        step, asked = trail.now, wanted.request
        said = step.request
        request = replace(asked, liked=said.liked, disliked=said.disliked, region=said.region)
        every_class = SearchRequest(PER_CLASS, replace(asked.filters, labels=()), region=said.region)
        found = self.workbench.similar(step.query, None, request)
        return request, found, self.workbench.differential(step.query, None, every_class)

    def act(self, chosen: Chosen | None, trail: Trail | None, said: Mapping, wanted: Wanted) -> SimilarView:
        """Whatever was pressed on the board, the picker or an opened case.

        Raises:
            RequestError: with the sentence a visitor sees.
        """
        if chosen is None:
            raise RequestError(FORGOTTEN)
        if trail is None:
            return self.begin(chosen, wanted)
        try:
            moved = self.moved(trail, said)
        except RequestError as fault:
            return SimilarView(opened=markup.error(str(fault)))
        return replace(self.view(chosen, moved, wanted), opened="", trail=moved)

    def open(self, trail: Trail | None, case_id: str) -> str:
        """The case behind a point of the map, or why it cannot be shown."""
        if trail is None:
            return markup.error(FORGOTTEN)
        try:
            task = self.workbench.task(trail.now.query.task)
        except RequestError as fault:
            return markup.error(str(fault))
        if task.position(case_id) is None:
            return markup.error("There is no such case here; choose a point of the map.")
        case = task.case(case_id)
        similarity = float(trail.now.query.vector @ task.vectors[task.position(case.id)])
        return similar_markup.opened(SimilarCase(case, similarity, thumbnail=self.workbench.pictures.of(case)), task)

    def _head_says(self, chosen: Chosen, trail: Trail) -> str | None:
        """The head's class, where the query is the picture that it read."""
        pictured = trail.now.query.pixels == trail.steps[0].query.pixels
        return chosen.reading.label if pictured and chosen.reading else None

    def _picture(self, chosen: Chosen, trail: Trail) -> Image.Image | None:
        """The query's picture, where it is at hand."""
        query = trail.now.query
        if query.pixels == trail.steps[0].query.pixels:
            return chosen.decoded.picture
        if query.case is None:
            return None
        known = SimilarCase(query.case, 1.0, thumbnail=self.workbench.pictures.of(query.case))
        return similar_markup.thumbnail_picture(known, self.workbench.task(query.task))

    def moved(self, trail: Trail, said: Mapping) -> Trail:
        """The trail after a button was pressed.

        Raises:
            RequestError: with the sentence a visitor sees.
        """
        now, asked, case_id = trail.now, trail.now.request, bounds.text("case", said.get("case"))
        match said.get("act"):
            case "back":
                return trail.back()
            case "forward":
                return trail.forward()
            case "more":
                return trail.to(replace(now, request=asked.more(case_id)))
            case "less":
                return trail.to(replace(now, request=asked.less(case_id)))
            case "forget":
                return trail.to(replace(now, request=asked.without(case_id)))
            case "region" if said.get("of") == "picture":  # wherever the trail has led meanwhile
                return trail.to(replace(trail.steps[0], request=SearchRequest(region=_box(said.get("box")))))
            case "region":
                return trail.to(replace(now, request=replace(asked, region=_box(said.get("box")))))
            case "whole":
                return trail.to(replace(now, request=replace(asked, region=None)))
            case "use":
                query = self.workbench.query_case(case_id, now.query.task)
                return trail.to(Step(query, f"case {case_id}"))
        return trail


def _box(sent: Any) -> Box:
    if not isinstance(sent, list) or len(sent) != 4:
        raise RequestError("That is no region; draw a box on the picture.")
    return Box(*(bounds.number("region", v, 0, 1) for v in sent))

"""Similar cases, apart from the widgets: a trail of searches becomes cards, a differential, a picker and a map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image

from .. import bounds
from ..errors import RequestError
from ..reading import images
from ..results import vote
from ..similar import SearchRequest, SimilarCase
from ..similar.regions import Box
from ..workbench import Workbench
from . import cards, markup, similar_map, similar_markup
from .trail import Step, Trail
from .view import SAME
from .visit import Chosen

COUNT = 8
"""Cases a visit begins with."""
PER_CLASS = 3


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
        originals: show public ones from the web.
    """

    request: SearchRequest = field(default_factory=lambda: SearchRequest(COUNT))
    originals: bool = False


@dataclass(frozen=True)
class Searcher:
    """Searches for every visitor. Pure given its inputs."""

    workbench: Workbench

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
        trail = Trail((Step(query, "your picture"),))
        return replace(self.view(chosen, trail, wanted, fresh=True), opened="", trail=trail)

    def view(self, chosen: Chosen, trail: Trail, wanted: Wanted, fresh: bool = False) -> SimilarView:
        """What a step of a trail looks like; a fresh one shows on the card, too."""
        step = trail.now
        task = self.workbench.tasks[step.query.task]
        said, asked = step.request, wanted.request.filters
        request = replace(wanted.request, liked=said.liked, disliked=said.disliked, region=said.region)
        every_class = SearchRequest(PER_CLASS, replace(asked, labels=()), region=said.region)
        try:
            found = self.workbench.similar(step.query, None, request)
            rows = self.workbench.differential(step.query, None, every_class)
            empty = "" if found else self.workbench.why_empty(task.name, asked)
        except RequestError as fault:
            failed = replace(refused(str(fault)), picker=SAME, case_map=SAME, trail=SAME)
            return failed if fresh else replace(failed, card=SAME)
        says = self._head_says(chosen, trail)
        winner = vote(found)
        board = similar_markup.found_cases(found, task, says, trail, wanted.originals, empty, bool(asked.labels))
        board += similar_markup.differential(rows, task, winner.label if winner else None, wanted.originals)
        picture = self._picture(chosen, trail)
        strange = chosen.reading is not None and not chosen.reading.scope.familiar
        return SimilarView(
            card=cards.similar(found, task, says, strange) if fresh else SAME,
            board=board,
            picker=similar_markup.picker(step, task, picture, wanted.originals),
            case_map=similar_map.draw(task, step.query, found),
        )

    def act(self, chosen: Chosen | None, trail: Trail | None, said: Mapping, wanted: Wanted) -> SimilarView:
        """Whatever was pressed on the board, the picker or an opened case."""
        if chosen is None or trail is None:
            return NOTHING
        try:
            moved = self.moved(trail, said)
        except RequestError as fault:
            return SimilarView(opened=markup.error(str(fault)))
        return replace(self.view(chosen, moved, wanted), opened="", trail=moved)

    def open(self, trail: Trail | None, case_id: str, originals: bool) -> str:
        """The case behind a point of the map."""
        if trail is None:
            return ""
        task = self.workbench.tasks[trail.now.query.task]
        case = task.case(case_id)
        similarity = float(trail.now.query.vector @ task.vectors[task.position(case.id)])
        return similar_markup.opened(SimilarCase(case, similarity), task, originals)

    def _head_says(self, chosen: Chosen, trail: Trail) -> str | None:
        """The head's class, where the query is the picture that it read."""
        pictured = trail.now.query.pixels == trail.steps[0].query.pixels
        return chosen.reading.label if pictured and chosen.reading else None

    def _picture(self, chosen: Chosen, trail: Trail) -> Image.Image | None:
        """The query's picture, where it is at hand."""
        query = trail.now.query
        if query.pixels_here and query.case is not None and query.case.image:
            return images.read(self.workbench.tasks[query.task].folder / query.case.image).picture
        return chosen.decoded.picture if query.pixels_here else None

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

"""Answers: a chosen picture is read once, and each of the three rooms makes its answer of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import RequestError
from ..evidence import Evidence
from ..explain.session import ExplainRequest
from ..workbench import Workbench
from . import classify_tab, explain_view, similar_view
from .classify_tab import ClassifyView
from .examples import Example, offered
from .explain_view import Explainer, ExplainView
from .running import Running
from .similar_view import Searcher, SimilarView, Wanted
from .view import SAME
from .visit import Chosen

TRIED = 10
"""Examples that are tried at most until one is a good one to begin with."""


@dataclass(frozen=True)
class Answers:
    """What the three rooms say of one picture; whatever is not said stays as it is."""

    chosen: Chosen | None
    classify: ClassifyView = SAME
    explain: ExplainView = SAME
    similar: SimilarView = SAME


def unread(chosen: Chosen | None) -> Answers:
    """What is said of a picture before it is read: nothing about an earlier one stands beside it."""
    if chosen is None:
        return NOTHING
    return Answers(chosen, classify_tab.WORKING, explain_view.WORKING, similar_view.WORKING)


NOTHING = Answers(None, classify_tab.NOTHING, explain_view.NOTHING, similar_view.NOTHING)


@dataclass(frozen=True)
class Reader:
    """Reads pictures for every visitor, each one's last picture only. Safe to call from several threads."""

    workbench: Workbench
    explainer: Explainer
    searcher: Searcher
    running: Running

    @classmethod
    def of(cls, workbench: Workbench, evidence: dict[str, Evidence]) -> Reader:
        """The rooms of one workbench."""
        explainer = Explainer(workbench, evidence, Running(), Running())
        return cls(workbench, explainer, Searcher(workbench), Running())

    def take(self, chosen: Chosen | None, visitor: str) -> Chosen | None:
        """Put a picture in front of its visitor: nothing that is still found out about an earlier one is wanted."""
        self.explainer.checks.supersede(visitor)
        wanted, explaining = self.running.begin(visitor), self.explainer.running.begin(visitor)
        return chosen and replace(chosen, wanted=wanted, explaining=explaining)

    def read(self, chosen: Chosen | None) -> Answers:
        """Classify a picture; the other rooms make their answers of what was read.

        Raises:
            SupersededError: once another picture was chosen in its place.
        """
        if chosen is None:
            return NOTHING
        chosen.wanted()
        try:
            chosen = replace(chosen, encoded=self.workbench.read(chosen.picture))
            reading = self.workbench.classify(chosen.picture, chosen.task)
        except RequestError as fault:
            sentence = str(fault)
            refused = (classify_tab.refused(sentence), explain_view.refused(sentence), similar_view.refused(sentence))
            return Answers(chosen, *refused)
        view = classify_tab.view(reading, self.workbench.tasks, chosen.drawn)
        return Answers(replace(chosen, reading=reading), view)

    def arrival(self) -> Answers:
        """A finished example, so that nobody arrives at an empty page; the best of those that are offered."""
        found = NOTHING
        for example in offered(self.workbench, None)[:TRIED]:
            last = self.read(example.chosen())
            good = last.chosen is not None and _good(example, last.chosen)
            found = last if good or found is NOTHING else found
            if good:
                break
        return self._complete(found)

    def _complete(self, read: Answers) -> Answers:
        """With the map, measured, and the nearest cases."""
        chosen = read.chosen
        if chosen is None or chosen.reading is None:
            return read
        requests = [ExplainRequest(chosen.reading.label, method=explain_view.METHOD)]
        drawn = self.explainer.ask(chosen, requests, "", _quiet)
        measured = self.explainer.measure(drawn.shown, "", _quiet)
        cases = self.explainer.cases(chosen)
        told = replace(drawn, card=measured.card, answer=measured.answer, curves=measured.curves, shown=measured.shown)
        told = replace(told, instead=self.explainer.classes(chosen).instead, like=cases.like)
        return replace(read, explain=told, similar=self.searcher.begin(chosen, Wanted()))


def _good(example: Example, chosen: Chosen) -> bool:
    """Whether the head knows this kind of picture and is right about it."""
    reading = chosen.reading
    return reading is not None and reading.scope.standing == "familiar" and reading.label in example.case.labels


def _quiet(done: int, total: int, what: str) -> None:
    """Nobody is waiting yet."""

"""Explain, apart from its widgets: requests of one visit are answered, measured and checked, and become views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ..errors import RequestError
from ..evidence import Evidence
from ..explain import Progress
from ..explain.methods import METHODS
from ..explain.session import ExplainRequest, ExplainSession
from ..reading import images
from ..results import Explanation
from ..tasks import Task
from ..workbench import Workbench
from . import cards, explain_markup, markup
from .explain_menus import NO_CASE, cases_to_compare, classes_of, first_target
from .recommendation import best, recommend
from .remembered import Remembered, explanation_bytes
from .running import Running, StoppedError, SupersededError
from .view import SAME, Menu, Offer, Shared
from .visit import Chosen, Wish

METHOD = "vitcx"
"""The method a visit begins with."""

Show = Callable[[int, int, str], None]
"""(done, total, what is done) -> shown to whom it may concern."""


@dataclass(frozen=True)
class Shown(Shared):
    """What one visitor's tab shows: the picture's explanations, one or two side by side, and their sessions.

    `wanted` raises once the visitor has asked for something else, or no longer wants it measured.
    """

    chosen: Chosen
    sessions: tuple[ExplainSession, ...]
    found: tuple[Explanation, ...]
    wanted: Callable[[], None] = lambda: None

    @property
    def task(self) -> Task:
        """The task whose score is explained."""
        return self.sessions[0].task

    @property
    def measured(self) -> bool:
        """Whether it is known of every map how faithful it is."""
        return all(found.verdict is not None for found in self.found)


@dataclass(frozen=True)
class ExplainView:
    """What the tab shows; whatever is not said stays as it is."""

    card: Any = SAME
    answer: Any = SAME
    curves: Any = SAME
    masks: Any = SAME
    checked: Any = SAME
    about: Any = SAME
    shown: Any = SAME
    method: Any = SAME
    target: Any = SAME
    instead: Any = SAME
    like: Any = SAME
    better: Any = SAME


WORKING = ExplainView(
    card=cards.reading("explain"),
    answer=markup.WORKING,
    curves="",
    masks=markup.WAITING,
    checked="",
    shown=None,
    better=Offer(),
)
NOTHING = replace(
    WORKING, card=cards.waiting("explain"), answer=markup.WAITING, target=Menu([]), instead=Menu([]), like=Menu([])
)


STOPPED = replace(WORKING, card=cards.failed("explain"), answer=explain_markup.STOPPED)


def refused(sentence: str) -> ExplainView:
    """Why there is no map."""
    return replace(WORKING, card=cards.failed("explain"), answer=markup.error(sentence))


@dataclass(frozen=True)
class Explainer:
    """Answers every visitor, each one's last request only. Safe to call from several threads."""

    workbench: Workbench
    evidence: dict[str, Evidence]
    running: Running
    checks: Running
    remembered: Remembered[Explanation] = field(default_factory=lambda: Remembered(explanation_bytes))

    def ask(
        self,
        chosen: Chosen | None,
        requests: Sequence[ExplainRequest],
        visitor: str,
        show: Show,
        wanted: Callable[[], None] | None = None,
    ) -> ExplainView:
        """Draw the map of each request, not measured yet.

        Args:
            wanted: raises once the visitor no longer waits for it; asked for now where none is given.
        """
        if chosen is None:
            return NOTHING
        if chosen.reading is None:  # it could not be classified, which was said already, or is about to be
            return ExplainView()
        task = self.workbench.task(chosen.reading.task)
        about = self.about(requests[0].method, task)
        self.checks.supersede(visitor)  # of the map before
        wanted = wanted or self.running.begin(visitor)
        told = _told(wanted, show, "Reading some patches at a time")
        try:
            wanted()  # it may have had to wait for its turn
            sessions = tuple(self.workbench.ask(chosen.picture, task.name, r) for r in requests)
            found = tuple(self._once(visitor, chosen, s, "map", partial(s.explain, told)) for s in sessions)
            wanted()
        except SupersededError:
            # Nothing to measure afterwards: that would take the place of the answer that is under way now.
            return ExplainView(shown=None)
        except RequestError as fault:
            return replace(refused(str(fault)), about=about)
        except StoppedError:
            return replace(STOPPED, about=about)
        shown = Shown(chosen, sessions, found, wanted)
        return replace(
            _view(shown),
            target=Menu(classes_of(task), found[0].target),
            method=requests[0].method,
            curves=explain_markup.MEASURING,
            masks=explain_markup.masks(found[0], chosen.decoded.picture),
            checked="",
            about=about,
            better=Offer(),
        )

    def measure(self, shown: Shown | None, visitor: str, show: Show) -> ExplainView:
        """Measure how faithful the maps are that are shown."""
        if shown is None or shown.measured:
            return ExplainView()
        told = _told(shown.wanted, show, "Removing patches")
        try:
            shown.wanted()  # a map asked for since must not be superseded by the measuring of the one before
            found = tuple(
                self._once(visitor, shown.chosen, s, "measured", partial(s.measure, f, told))
                for s, f in zip(shown.sessions, shown.found, strict=True)
            )
            shown.wanted()
        except SupersededError:
            return ExplainView()
        except StoppedError:
            return ExplainView(curves=markup.quiet("Stopped before the map was measured."))
        shown = replace(shown, found=found)
        links = explain_markup.downloads(shown.chosen.decoded.picture, found[0])
        view = _view(shown)
        better = self._better(found[0], shown.task)
        return replace(view, answer=view.answer + links, curves=explain_markup.curves(found), better=better)

    def _once(
        self, visitor: str, chosen: Chosen, session: ExplainSession, step: str, make: Callable[[], Explanation]
    ) -> Explanation:
        """The same picture and request of the same visitor are answered from memory."""
        same = (
            step,
            images.pixel_hash(chosen.decoded.picture),
            chosen.decoded.warnings,
            session.task.name,
            session.request,
        )
        return self.remembered.answer(visitor, same, make)

    def best(self, shown: Shown | None) -> str | None:
        """The method to try in place of the one that is shown."""
        return best(self.evidence, shown.task) if shown else None

    def _better(self, found: Explanation, task: Task) -> Offer:
        """Leads from a map no better than chance to the best method for the task."""
        other = best(self.evidence, task)
        useful = explain_markup.doubtful(found) and other and other != found.method
        return Offer(f"Show {METHODS[other].title} instead" if useful else "")

    def check(self, shown: Shown | None, visitor: str, show: Show) -> str | None:
        """Whether the map that is shown depends on what it should depend on; None once another one is shown."""
        if shown is None:
            return markup.error("There is no map to check yet; choose a picture first.")
        # Counted apart: a check does not stop the curves that may still be under way.
        wanted = self.checks.begin(visitor)
        try:
            found = shown.sessions[0].check(shown.found[0], _told(wanted, show, "Drawing the other maps"))
            wanted()
            return explain_markup.check(found)
        except SupersededError:
            return None
        except StoppedError:
            return markup.quiet("Stopped.")

    def halt(self, visitor: str, drawn: bool = False) -> ExplainView:
        """Stop whatever is under way for a visitor, or waits for its turn.

        Args:
            drawn: whether the map that was asked for last is shown already.
        """
        self.checks.stop(visitor)
        stopped = self.running.stop(visitor)
        return STOPPED if stopped and not drawn else ExplainView()

    def classes(self, chosen: Chosen) -> ExplainView:
        """Which classes of a new picture can be asked about; it starts with its most likely one, as the map does."""
        if chosen.reading is None:
            return ExplainView()
        task = self.workbench.task(chosen.reading.task)
        choices = classes_of(task)
        return ExplainView(
            target=Menu(choices, first_target(chosen, task)),
            instead=Menu([("nothing: explain the class alone", ""), *choices], ""),
            like=Menu([NO_CASE], ""),
        )

    def cases(self, chosen: Chosen) -> ExplainView:
        """Which cases a new picture can be compared with."""
        if chosen.reading is None:
            return ExplainView()
        task = self.workbench.task(chosen.reading.task)
        return ExplainView(like=Menu(cases_to_compare(self.workbench, chosen.picture, task.name), ""))

    def first(
        self, chosen: Chosen | None, method: str, second: str, quick: bool, seed: float | None
    ) -> list[ExplainRequest]:
        """What is asked about a new picture: its most likely class, unless an address says otherwise."""
        wish = chosen.wish if chosen else Wish()
        return self.requests(chosen, wish.target or None, wish.method or method, None, None, second, quick, seed)

    def requests(
        self,
        chosen: Chosen | None,
        target: str | None,
        method: str,
        instead: str | None,
        like: str | None,
        second: str,
        quick: bool,
        seed: float | None,
    ) -> list[ExplainRequest]:
        """What the widgets ask for: a request a method; the most likely class where the picture's task has no other."""
        reading = chosen.reading if chosen else None
        wanted = target
        if reading is not None and target not in self.workbench.task(reading.task).head.classes:
            wanted = reading.label
        methods = dict.fromkeys(m for m in (method, second) if m)
        return [ExplainRequest(wanted, instead or None, like or None, m, int(seed or 0), bool(quick)) for m in methods]

    def about(self, method: str, task: Task | None) -> str:
        """What the method does in one sentence, and the better one where the evidence has one."""
        return markup.quiet(f"{METHODS[method].sentence} {recommend(self.evidence, task, method)}")


def _view(shown: Shown) -> ExplainView:
    """The maps and what is known of them."""
    picture, reading = shown.chosen.decoded.picture, shown.chosen.reading
    strange = reading is not None and not reading.scope.familiar
    return ExplainView(
        card=explain_markup.card(shown.found[0], picture, strange),
        answer=explain_markup.answer(shown.found, picture, shown.task, _kept(shown), strange),
        shown=shown,
    )


def _kept(shown: Shown) -> tuple[str, str]:
    """The method and the class that an address has to say, "" for what it has not."""
    found, reading = shown.found[0], shown.chosen.reading
    likely = reading is None or reading.label == found.target
    return "" if found.method == METHOD else found.method, "" if likely else found.target


def _told(check: Callable[[], None], show: Show, what: str) -> Progress:
    """Shows progress, unless the visitor has stopped waiting."""

    def tell(done: int, total: int) -> None:
        check()
        show(done, total, what)

    return tell

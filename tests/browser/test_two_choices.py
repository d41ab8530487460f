"""Two pictures chosen one after the other: what is slow about the first never stands beside the second."""

from __future__ import annotations

import threading

import pytest

from dinoscope.workbench import Workbench
from fixtures.visiting import picture_file, serving

pytestmark = pytest.mark.browser


class Gate:
    """Holds up the first call of a verb about a task until it is opened."""

    def __init__(self) -> None:
        self.asking, self.held, self.opened = threading.Event(), threading.Event(), threading.Event()

    def __call__(self) -> None:
        if self.asking.is_set() and not self.held.is_set():
            self.held.set()
            assert self.opened.wait(60)


@pytest.mark.parametrize("verb", ["classify", "query"])
def test_the_second_picture_keeps_its_own_answers(workbench, visit_at, monkeypatch, verb):
    gate, made = Gate(), getattr(Workbench, verb)

    def slow(self, *given, **asked):
        found = made(self, *given, **asked)
        gate()
        return found

    monkeypatch.setattr(Workbench, verb, slow)
    with serving(workbench) as (address, _):
        visit = visit_at(address)
        gate.asking.set()
        visit.upload(picture_file("first.png", "stripes", "down"))
        assert gate.held.wait(30)
        visit.upload(picture_file("second.png", "colours", "red"))
        visit.page.wait_for_timeout(2000)  # while the first is held up, the second has all the time that it needs
        gate.opened.set()
        visit.page.wait_for_timeout(3000)
        visit.page.locator("#similar-answer .card", has_text="phantom_red").first.wait_for(state="attached")
        asked = visit.page.locator("#classify-answer [data-asked]").text_content()
        assert workbench.tasks["colours"].title in asked
        assert visit.page.locator("#case-picture").get_attribute("alt") == "second.png"

"""What the server no longer remembers is said to be forgotten, and never answered about another picture."""

from __future__ import annotations

from threading import Event

import pytest

from fixtures.visiting import picture_file, serving

pytestmark = pytest.mark.browser


@pytest.fixture
def forgetful(workbench, visit_at):
    """Somebody with a picture of their own in front of them, and what makes the server forget all visits."""
    with serving(workbench) as (address, demo):
        visit = visit_at(address)
        visit.upload(picture_file("mine.png", "colours", "red"))
        visit.page.wait_for_selector("#curves svg", state="attached", timeout=60_000)
        visit.page.wait_for_selector("#similar-answer .card", state="attached", timeout=60_000)
        yield visit, demo.state_holder.session_data.clear


def test_a_visit_begins_with_its_arrival_and_can_ask_about_it_at_once(workbench, visit_at):
    with serving(workbench) as (address, _):
        visit = visit_at(address)
        with visit.page.expect_download(timeout=60_000) as kept:
            visit.page.locator("#report").click()
        assert kept.value.suggested_filename.startswith("dinoscope_")
        assert visit.complaints == []


def test_every_room_says_that_a_visit_was_forgotten(forgetful):
    visit, forget = forgetful
    forget()
    visit.open("Explain")
    visit.page.locator("#method input").click()
    visit.page.get_by_role("option", name="Grad-CAM", exact=True).click()
    assert "forgotten" in visit.read("#explain-answer .error")
    visit.open("Similar cases")
    visit.page.locator("#similar-answer [data-act=use]").first.click()
    assert "forgotten" in visit.read("#similar-answer .error")
    visit.page.locator("#report").click()
    visit.page.get_by_text("forgotten").nth(2).wait_for(timeout=30_000)
    assert visit.page.locator("#case-picture").get_attribute("alt") == "mine.png"


def test_a_search_about_the_arrival_never_stands_beside_the_next_picture(workbench, visit_at, monkeypatch):
    held, released = Event(), Event()
    similar = type(workbench).similar

    def slow(*asked):
        if not held.is_set():
            held.set()
            released.wait(60)
        return similar(*asked)

    with serving(workbench) as (address, _):
        visit = visit_at(address)
        visit.open("Similar cases")
        monkeypatch.setattr(type(workbench), "similar", slow)
        visit.page.locator("#similar-answer [data-act=use]").first.click()
        assert held.wait(30)
        board = visit.page.locator("#similar-answer")
        first = board.inner_html()
        visit.upload(picture_file("mine.png", "colours", "blue"))
        shown = "([was]) => document.querySelector('#similar-answer .card') && document.querySelector("
        visit.page.wait_for_function(shown + "'#similar-answer').innerHTML != was", arg=[first], timeout=60_000)
        visit.page.wait_for_timeout(2000)
        of_mine = board.inner_text()
        released.set()
        visit.page.wait_for_timeout(8000)
        assert board.inner_text() == of_mine

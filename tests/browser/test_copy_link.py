"""Copy link says what came of it: also over plain http, also where nothing could be copied."""

from __future__ import annotations

import pytest

from fixtures.visiting import picture_file, serving

pytestmark = pytest.mark.browser

NO_CLIPBOARD = "() => Object.defineProperty(navigator, 'clipboard', {value: undefined})"
"""As browsers have it where a page comes over plain http."""
NOTING = "() => { document.execCommand = () => { window.took = document.activeElement.value; return true; }; }"


@pytest.fixture
def visit(workbench, visit_at):
    with serving(workbench) as (address, _):
        visit = visit_at(address)
        visit.page.evaluate(NO_CLIPBOARD)
        yield visit


def said(visit) -> str:
    button = visit.page.locator("#copy-link")
    button.click()
    visit.page.wait_for_function("document.querySelector('#copy-link').textContent.trim() !== 'Copy link'")
    return button.inner_text()


def test_a_link_is_copied_without_a_clipboard(visit):
    visit.page.evaluate(NOTING)
    assert said(visit) == "Copied"
    assert visit.page.evaluate("() => window.took") == visit.page.url
    visit.page.wait_for_function("document.querySelector('#copy-link').textContent.trim() === 'Copy link'")


def test_what_could_not_be_copied_is_not_called_copied(visit):
    visit.page.evaluate("() => { document.execCommand = () => false; }")
    assert said(visit) == "Not copied"
    visit.page.goto(f"{visit.page.url.partition('?')[0]}program")
    visit.page.evaluate(NO_CLIPBOARD)
    visit.page.evaluate("() => { document.execCommand = () => false; }")
    visit.page.locator(".lines button").first.click()
    visit.page.get_by_text("Not copied", exact=True).wait_for()


def test_a_link_cannot_hold_a_picture_of_ones_own(visit):
    visit.upload(picture_file("mine.png", "colours", "red"))
    assert said(visit) == "A link cannot hold your own picture"


def test_a_link_cannot_hold_a_drawing_that_is_nobodys(visit):
    visit.page.get_by_text("Draw a new one").click()
    visit.page.locator("#draw").click()
    visit.page.wait_for_selector('#case-picture[data-example=""]')
    assert said(visit) == "A link cannot hold this picture"

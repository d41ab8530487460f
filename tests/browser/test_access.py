"""Everybody can use the page: axe finds nothing serious, in both modes at both widths; motion stays off where asked."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
"""The one rule that a change of mode can break."""


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_axe_finds_nothing_serious(browser, app, width, height):
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light", reduced_motion="reduce")
    page.goto(f"{app.src}?__theme=light")
    page.wait_for_selector("#card-similar[role=tab]", timeout=60_000)
    found = []

    def look(place: str) -> None:
        for mode, options in (("light", {}), ("dark", CONTRAST)):
            page.evaluate("(dark) => document.body.classList.toggle('dark', dark)", mode == "dark")
            answer = Axe().run(page, options=options | {"resultTypes": ["violations"]}).response
            found.extend((place, mode, v) for v in answer["violations"])
        page.evaluate("() => document.body.classList.remove('dark')")

    for card in ("#card-classify", "#card-explain", "#card-similar"):
        page.locator(card).click()
        look(card)
    page.get_by_role("tab", name="Evidence").click()
    page.wait_for_selector("#evidence-task .headline")
    look("evidence")
    page.goto(f"{app.src}program")
    found += [("program", "light", v) for v in Axe().run(page).response["violations"]]
    page.close()
    serious = [
        (*where, v["id"], v["nodes"][0]["html"]) for *where, v in found if v["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_nothing_moves_where_motion_is_not_wanted(browser, app):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(app.src)
    page.wait_for_selector("#card-similar[role=tab]", timeout=60_000)
    still = "<span class=still><i></i></span>"
    page.locator("#card-explain").evaluate("(card, still) => card.insertAdjacentHTML('beforeend', still)", still)
    assert page.locator("#cards .still i").last.evaluate("e => getComputedStyle(e).animationName") == "none"
    context.close()


def test_a_menu_that_is_left_as_it_was_asks_nothing_anew(visit):
    visit.page.wait_for_selector("#curves svg", state="attached")
    visit.page.evaluate("() => document.querySelectorAll('.answer').forEach((a) => a.setAttribute('data-kept', ''))")
    kept = visit.page.locator(".answer[data-kept]").count()
    task = visit.page.get_by_label("Task").first
    task.focus()
    visit.page.keyboard.press("Tab")
    task.click()
    visit.page.locator("h1").click()
    visit.page.locator("#card-explain").click()
    visit.page.get_by_label("Method").first.click()
    visit.page.locator("h1").click()
    visit.page.wait_for_timeout(2000)
    assert visit.page.locator(".answer[data-kept]").count() == kept
    # One that is used still is.
    visit.page.locator("#card-classify").click()
    task.click()
    visit.page.get_by_role("option", name="Retina", exact=True).click()
    visit.page.locator("#classify-answer", has_text="Asked: Retina.").wait_for(timeout=60_000)
    task.click()
    visit.page.get_by_role("option").first.click()
    visit.page.locator("#classify-answer", has_text="Guessed from the nearest cases").wait_for(timeout=60_000)

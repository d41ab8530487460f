"""Menus: one choice is one question, by mouse and by keyboard, and a menu that is only left asks nothing."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

RUNS = """() => Object.fromEntries(window.gradio_config.dependencies.map((d) => [d.id, d.targets[0][1]]))"""


def asked(visit) -> list[int]:
    """The events from now on; what a menu says each time that it is used is none yet."""
    kinds = visit.page.evaluate(RUNS)
    found: list[int] = []

    def note(request) -> None:
        if "queue/join" in request.url and kinds[str(request.post_data_json["fn_index"])] != "input":
            found.append(request.post_data_json["fn_index"])

    visit.page.on("request", note)
    return found


def opened(visit) -> None:
    visit.open("Explain")
    visit.page.wait_for_selector(".plots svg", state="attached", timeout=90_000)


def take(visit, box: str) -> None:
    """Another entry, without a mouse."""
    visit.page.locator(f"#{box} input").focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        visit.page.keyboard.press(key)


def test_an_entry_of_a_menu_is_asked_for_once(visit):
    opened(visit)
    found = asked(visit)
    before = visit.page.locator("#card-explain img").get_attribute("src")
    visit.page.locator("#target input").click()
    visit.page.get_by_role("option", selected=False).last.click()
    visit.page.wait_for_function(
        "(before) => document.querySelector('#card-explain img')?.src !== before", arg=before, timeout=30_000
    )
    assert found
    assert len(found) == len(set(found))


def test_a_menu_that_is_left_as_it_was_asks_nothing(visit):
    opened(visit)
    found = asked(visit)
    for box in ("target", "method"):
        visit.page.locator(f"#{box} input").click()
        visit.page.keyboard.press("Escape")
        visit.page.keyboard.press("Tab")
    visit.page.wait_for_timeout(1500)
    assert found == []


def test_every_menu_can_be_used_from_the_keyboard(visit):
    opened(visit)
    take(visit, "method")
    visit.page.wait_for_selector('#explain-answer [data-method]:not([data-method=""])', state="attached")
    shown = visit.page.locator("#explain-answer [data-class]").get_attribute("data-class")
    take(visit, "target")
    visit.page.wait_for_selector(f'#explain-answer [data-class]:not([data-class="{shown}"])', state="attached")
    visit.page.get_by_role("button", name="What the network sees").click()
    visit.page.wait_for_selector(".sight-stage", timeout=60_000)
    take(visit, "see-beside")
    visit.page.wait_for_function("() => document.querySelectorAll('.sight-stage').length === 2", timeout=60_000)
    visit.open("Evidence")
    visit.page.wait_for_selector("#evidence-task h2, #evidence-task h3, #evidence-task .answer", timeout=60_000)
    before = visit.page.locator("#evidence-task").inner_text()
    take(visit, "measured")
    visit.page.wait_for_function(
        "(before) => document.querySelector('#evidence-task').innerText !== before", arg=before, timeout=30_000
    )

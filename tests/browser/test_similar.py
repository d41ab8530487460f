"""The Similar cases tab in a real browser: filter, differential, region, feedback, the next query, a phone."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

CARDS = "#similar-answer .card"
FARTHEST = """() => {
  const at = (circle) => {
    const box = circle.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  const all = [...document.querySelectorAll("#case-map circle[data-case]")];
  const gaps = [...document.querySelectorAll("#case-map .near circle")].map((one) => Math.min(...all
    .filter((other) => other.dataset.case !== one.dataset.case)
    .map((other) => Math.hypot(at(one)[0] - at(other)[0], at(one)[1] - at(other)[1]))));
  const index = gaps.indexOf(Math.max(...gaps));
  return [index, gaps[index]];
}"""
"""Which of the nearest cases' points stands farthest from any other point, and how far in pixels."""


def begin(visit) -> None:
    """An example with its similar cases on screen."""
    visit.choose("brain_mri")
    visit.page.wait_for_selector("#card-similar .thumbs", timeout=90_000)
    visit.open("Similar cases")
    visit.page.wait_for_selector(CARDS, timeout=90_000)


def ids(visit) -> list[str]:
    return visit.page.locator(f"{CARDS} .id").all_inner_texts()


def changed(visit, before: list[str]) -> list[str]:
    """The ids once they are others."""
    visit.page.wait_for_function(
        "(before) => { const now = [...document.querySelectorAll('#similar-answer .card .id')].map(e => e.innerText);"
        " return now.length && now.join() !== before.join(); }",
        arg=before,
        timeout=60_000,
    )
    return ids(visit)


def test_feedback_moves_the_list_and_back_undoes_it(visit):
    begin(visit)
    start = ids(visit)
    visit.page.locator(f"{CARDS} [data-act=less]").first.click()
    moved = changed(visit, start)
    assert start[0] not in moved
    assert f"less like {start[0]}" in visit.read("#similar-answer .trail .chip")
    visit.page.locator("#similar-answer [data-act=back]").click()
    assert changed(visit, moved) == start
    visit.page.locator("#similar-answer [data-act=forward]").click()
    assert changed(visit, start) == moved
    assert visit.complaints == []


def test_a_result_becomes_the_query_and_a_public_one_says_that_its_picture_is_not_here(visit):
    begin(visit)
    drawn = ids(visit)
    visit.page.get_by_text("Filters", exact=True).click()
    visit.page.get_by_label("public cases", exact=True).click()
    start = changed(visit, drawn)
    visit.page.locator(f"{CARDS}:has(.unseen) [data-act=use]").first.click()
    changed(visit, start)
    assert "what the index stores of this case" in visit.read("#similar-answer")
    assert "case " in visit.read("#similar-answer .trail .query")


def test_every_other_class_has_a_row_and_a_case_of_it_becomes_the_query(visit):
    begin(visit)
    start, differential = ids(visit), visit.page.locator("#similar-answer .differential")
    assert differential.locator(".row h3").count() == 3  # brain MRI has four classes
    asked = differential.locator(".row").last.locator("button").first
    wanted = asked.get_attribute("data-case")
    asked.click()
    assert wanted not in changed(visit, start)
    assert wanted in visit.read("#similar-answer .trail .query")


def test_a_region_drawn_with_the_mouse_outlines_where_each_case_holds_it(visit):
    begin(visit)
    visit.page.get_by_text("Search with a region").click()
    edge = visit.page.locator("#region .picker").bounding_box()
    visit.page.locator("#region .picker").scroll_into_view_if_needed()
    edge = visit.page.locator("#region .picker").bounding_box()
    visit.page.mouse.move(edge["x"] + edge["width"] * 0.3, edge["y"] + edge["height"] * 0.3)
    visit.page.mouse.down()
    visit.page.mouse.move(edge["x"] + edge["width"] * 0.6, edge["y"] + edge["height"] * 0.6, steps=4)
    visit.page.mouse.up()
    visit.page.wait_for_selector(f"{CARDS} .outline", timeout=60_000)
    assert visit.page.locator(f"{CARDS} .outline").count() == 8
    assert visit.page.locator(f"{CARDS} .pair").count() == visit.page.locator(f"{CARDS}:not(.row)").count()
    visit.page.locator("#region [data-act=whole]").click()
    visit.page.wait_for_function("() => !document.querySelector('#similar-answer .outline')", timeout=60_000)


def test_a_region_is_moved_and_searched_with_the_keyboard_alone(visit):
    begin(visit)
    visit.page.get_by_text("Search with a region").click()
    visit.page.locator("#region .picker").focus()
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Enter"):
        visit.page.keyboard.press(key)
    visit.page.wait_for_selector(f"{CARDS} .outline", timeout=60_000)


def test_a_point_of_the_map_opens_its_case(visit):
    begin(visit)
    visit.page.get_by_text("Map of the cases").click()
    point = visit.page.locator("#case-map .near circle").first
    name = point.get_attribute("data-case")
    point.click()
    assert name in visit.read("#opened .card .id")


def test_a_point_near_the_pointer_shows_its_case_and_a_finger_beside_it_opens_it(visit, phone):
    for visitor in (visit, phone):
        begin(visitor)
        visitor.page.get_by_text("Map of the cases").click()
        visitor.page.wait_for_selector("#case-map .near circle", timeout=60_000)
        index, gap = visitor.page.evaluate(FARTHEST)
        point = visitor.page.locator(f"#case-map .near circle >> nth={index}")
        point.scroll_into_view_if_needed()
        edge, name = point.bounding_box(), point.get_attribute("data-case")
        beside = min(3, gap / 5)  # near enough that no other point is nearer
        x, y = edge["x"] + edge["width"] / 2 + beside, edge["y"] + edge["height"] / 2 + beside
        if visitor is visit:
            visitor.page.mouse.move(x, y)
            visitor.page.wait_for_selector("#case-map .case-tip", timeout=20_000)
            if name.startswith("phantom"):
                visitor.page.wait_for_selector("#case-map .case-tip img", timeout=20_000)
        else:
            visitor.page.touchscreen.tap(x, y)
            assert name in visitor.read("#opened .card .id")
        assert name in visitor.read("#case-map .case-tip span")
        assert visitor.strangers == []
        assert visitor.complaints == []


def test_filters_that_leave_nothing_name_the_culprit(visit):
    begin(visit)
    visit.page.get_by_text("Filters", exact=True).click()
    low = visit.page.locator("#filter-lesion_size-from input")
    low.fill("99")
    low.blur()
    assert "The filter “Lesion size” leaves no case" in visit.read("#similar-answer .placeholder")


def test_a_phone_taps_a_patch_and_likes_a_case_without_scrolling_sideways(phone):
    begin(phone)
    phone.page.get_by_text("Search with a region").tap()
    phone.page.locator("#region .picker").scroll_into_view_if_needed()
    edge = phone.page.locator("#region .picker").bounding_box()
    phone.page.touchscreen.tap(edge["x"] + edge["width"] / 2, edge["y"] + edge["height"] / 2)
    phone.page.wait_for_selector(f"{CARDS} .outline", timeout=60_000)
    start = ids(phone)
    phone.page.locator(f"{CARDS} [data-act=more]").first.tap()
    changed(phone, start)
    assert phone.page.evaluate("() => document.documentElement.scrollWidth") <= 391


def test_the_map_is_walked_and_its_cases_opened_with_the_keyboard_alone(visit):
    begin(visit)
    visit.page.get_by_text("Map of the cases").click()
    visit.page.locator("#case-map .case-map").focus()
    names = []
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"):
        visit.page.keyboard.press(key)
        names.append(visit.page.locator("#case-map .case-tip span").inner_text())
    assert len(set(names)) > 2
    case = visit.page.locator("#case-map .hit").get_attribute("data-case")
    visit.page.keyboard.press("Enter")
    visit.page.locator("#opened .card", has_text=case).wait_for(timeout=30_000)
    visit.page.keyboard.press("Escape")
    assert visit.page.locator("#case-map .case-tip").is_hidden()
    assert "arrow keys" in visit.page.locator("#case-map .case-map").get_attribute("aria-label").lower()
    assert visit.complaints == []


def test_the_card_says_what_the_board_says(visit):
    begin(visit)
    line = visit.page.locator("#card-similar")
    visit.page.get_by_text("Filters", exact=True).click()
    box = visit.page.locator("#panel-similar input[type=checkbox]").first
    box.click()
    line.get_by_text("No vote").wait_for(timeout=60_000)
    box.click()
    line.get_by_text("No vote").wait_for(state="detached", timeout=60_000)

"""What the network sees, in a real browser: by mouse, keyboard and touch, beside a case, and on to a search."""

from __future__ import annotations

import pytest

from dinoscope_lab.benchmark import see_served

pytestmark = pytest.mark.browser

STAGE = see_served.STAGE


def unfold(visit) -> None:
    """The view, open on an example."""
    visit.choose("brain_mri")
    visit.open("Explain")
    visit.page.get_by_role("button", name="What the network sees").click()
    visit.page.wait_for_selector(STAGE, timeout=90_000)


def lit(visit) -> bool:
    return visit.page.locator(f"{STAGE} canvas").first.is_visible()


def share(visit) -> int:
    return int(visit.read(".sight-share:not(:empty)").split(" %")[0])


def test_the_pointer_lights_up_what_is_alike_and_asks_the_server_nothing(visit):
    unfold(visit)
    assert not lit(visit)
    asked = []
    visit.page.on("request", lambda r: asked.append(r.url))
    for _ in range(40):  # what the example itself still asks for: its curves, its cases
        asked.clear()
        visit.page.wait_for_timeout(1500)
        if not asked:
            break
    visit.page.locator(STAGE).hover(position={"x": 120, "y": 120})
    assert lit(visit)
    first = share(visit)
    assert 0 < first <= 100
    visit.page.locator(".sight-level").fill("95")
    assert share(visit) <= first
    # Every patch once, as the measurement does it.
    row = see_served.pointer(visit.page)
    assert row["measured"] == 784
    assert 0 < row["median"] <= row["late"]
    assert asked == []
    visit.page.mouse.move(5, 5)
    assert not lit(visit)
    assert visit.complaints == []
    assert visit.strangers == []


def test_the_arrow_keys_move_the_point_and_escape_lets_go(visit):
    unfold(visit)
    visit.page.locator(STAGE).focus()
    visit.page.keyboard.press("ArrowRight")
    before = visit.page.locator(".sight-point").get_attribute("style")
    visit.page.keyboard.press("ArrowDown")
    assert visit.page.locator(".sight-point").get_attribute("style") != before
    assert lit(visit)
    visit.page.keyboard.press("Escape")
    assert not lit(visit)


def test_a_case_beside_it_lights_up_too_and_a_kept_point_searches_with_its_region(visit):
    unfold(visit)
    visit.page.locator("#see-beside input").click()
    visit.page.get_by_role("option").nth(1).click()
    visit.page.wait_for_function(f"() => document.querySelectorAll('{STAGE}').length === 2", timeout=60_000)
    assert visit.page.locator(".sight-pairs text").count() >= 2
    visit.page.locator(STAGE).first.click(position={"x": 120, "y": 120})
    assert visit.page.locator(f"{STAGE} canvas:visible").count() == 2
    visit.page.locator(".sight-search").click()
    assert "A region of" in visit.read("#similar-answer .trail .query:has-text('region')")


def test_a_tap_keeps_the_point_on_a_phone(phone):
    unfold(phone)
    phone.page.locator(STAGE).tap(position={"x": 100, "y": 100})
    assert lit(phone)
    assert share(phone) > 0
    assert phone.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


VECTORS = "() => document.querySelector('.sight-stage').dataset.vectors.slice(0, 400)"


def test_the_next_picture_lights_up_by_its_own_features(visit):
    unfold(visit)
    visit.page.locator(".sight-blend").fill("20")
    visit.page.locator(STAGE).click(position={"x": 120, "y": 120})
    first, share_of_first = visit.page.evaluate(VECTORS), share(visit)
    visit.page.locator('#examples button[data-example^="busi/"]').first.click()
    visit.page.wait_for_function(f"(first) => ({VECTORS})() !== first", arg=first, timeout=60_000)
    assert not lit(visit)
    blend = "() => getComputedStyle(document.querySelector('.sight-colours')).opacity"
    assert visit.page.evaluate(blend) == "0.2"
    visit.page.locator(STAGE).click(position={"x": 120, "y": 120})
    kept, share_of_second = visit.page.evaluate(VECTORS), share(visit)
    # The same picture on a board that has never shown another one.
    visit.page.reload()
    visit.page.get_by_role("button", name="What the network sees").click()
    visit.page.wait_for_function(
        f"(kept) => document.querySelector('.sight-stage') && ({VECTORS})() === kept", arg=kept
    )
    visit.page.locator(STAGE).click(position={"x": 120, "y": 120})
    assert share(visit) == share_of_second
    assert share_of_second != share_of_first


def test_a_region_pointed_out_on_the_picture_is_searched_in_it_wherever_the_trail_has_led(visit):
    unfold(visit)
    visit.open("Similar cases")
    visit.page.locator("#similar-answer .card [data-act=use]").nth(1).click()
    visit.page.wait_for_selector('#similar-answer .trail:not([data-case=""])', timeout=60_000)
    visit.open("Explain")
    visit.page.locator(STAGE).click(position={"x": 120, "y": 120})
    visit.page.locator(".sight-search").click()
    assert "this picture" in visit.read("#similar-answer .trail .query:has-text('region')")

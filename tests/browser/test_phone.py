"""A phone: its camera, an Evidence of three screens without the picture, and nothing sent that is not looked at."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

import dinoscope_phantoms as phantoms

pytestmark = pytest.mark.browser


def test_a_phone_takes_a_picture_and_a_desktop_offers_no_camera(phone, visit, tmp_path: Path):
    picture = tmp_path / "just taken.png"
    phantoms.draw("eye_diseases", "glaucoma", 90210).picture.save(picture)
    camera = phone.page.locator("#camera input")
    assert camera.get_attribute("capture") == "environment"
    assert phone.page.locator("#camera label").bounding_box()["height"] >= 40
    camera.set_input_files(picture)
    phone.page.wait_for_selector("#picture .facts:has-text('just taken.png')")
    assert not visit.page.locator("#camera label").is_visible()


def test_the_evidence_comes_when_it_is_opened_in_three_screens_without_the_picture(phone, app):
    assert "Every measurement" not in httpx.get(app.src, timeout=60).text
    assert phone.page.locator("#evidence-task .headline").count() == 0
    phone.open("Evidence")
    phone.page.wait_for_selector("#evidence-all .section")
    assert not phone.page.locator("#case-panel").is_visible()
    assert phone.page.evaluate("document.documentElement.scrollHeight / innerHeight") <= 3
    task = phone.page.locator("#measured input").input_value()
    phone.page.get_by_role("tab", name="This picture").click()
    assert phone.page.locator("#task input").input_value() == f"Guessed: {task}"
    assert phone.complaints == []


def test_a_tapped_card_brings_its_answer_to_the_top_of_the_screen(phone):
    for room in ("explain", "similar", "classify"):
        phone.page.evaluate("scrollTo(0, 0)")
        phone.page.locator(f"#card-{room}").tap()
        phone.page.wait_for_function(
            f"() => {{ const top = document.getElementById('panel-{room}').getBoundingClientRect().top;"
            " return top >= 0 && top < innerHeight / 4; }",
            timeout=5000,
        )


def test_what_the_network_sees_is_at_most_three_screens_down(phone):
    phone.page.locator("#card-explain").tap()
    phone.read("#curves summary")
    opener = phone.page.get_by_role("button", name="What the network sees")
    assert opener.evaluate("e => (e.getBoundingClientRect().top + scrollY) / innerHeight") <= 3
    assert phone.page.locator("#curves svg").first.is_hidden()
    phone.page.locator("#curves summary").tap()
    assert phone.page.locator("#curves svg").first.is_visible()


def test_the_promise_about_ones_own_picture_is_made_on_a_phone_too(phone):
    assert phone.page.locator("#promise").get_by_text("deleted after it").is_visible()
    assert "drop" not in phone.page.locator("#drop").inner_text()

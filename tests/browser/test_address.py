"""The address keeps what is on the page; a visitor's own picture outlives everything but the visit, and no address."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import dinoscope_phantoms as phantoms

pytestmark = pytest.mark.browser


def choose(visit, box: str, name: str, shown: str) -> None:
    """Take an entry of a menu and wait for the map that it asks for."""
    visit.page.locator(f"#{box} input").click()
    visit.page.get_by_role("option", name=name, exact=True).click()
    arrived(visit, f"#explain-answer [{shown}]")


def arrived(visit, selector: str) -> None:
    visit.page.wait_for_selector(selector, state="attached", timeout=90_000)


def test_method_class_and_case_are_in_the_address_and_lead_back(visit):
    key = visit.choose("brain_mri")
    visit.open("Explain")
    arrived(visit, "#explain-answer [data-method]")
    choose(visit, "method", "Grad-CAM", "data-method=gradcam")
    first = visit.page.locator("#target input").input_value()
    label, name = ("meningioma_tumor", "meningioma") if first == "glioma" else ("glioma_tumor", "glioma")
    choose(visit, "target", name, f"data-class={label}")
    visit.page.wait_for_url(f"**method=gradcam&class={label}**")
    visit.open("Similar cases")
    visit.page.locator("#similar-answer .card [data-act=use]").nth(1).click()
    arrived(visit, '#similar-answer .trail:not([data-case=""])')
    case = visit.page.locator("#similar-answer .trail").get_attribute("data-case")
    visit.page.wait_for_url(f"**case={case}**")
    visit.page.reload()
    arrived(visit, f'#similar-answer .trail[data-case="{case}"]')
    arrived(visit, f"#explain-answer [data-method=gradcam][data-class={label}]")
    assert visit.page.locator("#case-picture").get_attribute("data-example") == key
    assert visit.page.locator("#target input").input_value() == name
    assert visit.page.locator("#card-similar").get_attribute("aria-selected") == "true"
    visit.page.go_back()
    arrived(visit, '#similar-answer .trail[data-case=""]')
    visit.page.go_back()
    arrived(visit, '#explain-answer [data-method=gradcam][data-class=""]')
    assert visit.page.locator("#target input").input_value() == first
    visit.page.go_forward()
    arrived(visit, f"#explain-answer [data-class={label}]")


def test_ones_own_picture_survives_a_tab_and_a_lost_connection_and_forward_leads_to_it(visit):
    key = visit.choose("brain_mri")
    arrived(visit, "#explain-answer [data-method]")
    buffer = io.BytesIO()
    phantoms.draw("busi", "benign", 4).picture.save(buffer, "PNG")
    visit.upload({"name": "mine.png", "mimeType": "image/png", "buffer": buffer.getvalue()})
    arrived(visit, "#explain-answer [data-method]")
    visit.open("Evidence")
    visit.page.context.set_offline(True)
    visit.page.wait_for_timeout(1500)
    visit.page.context.set_offline(False)
    visit.open("Explain")
    choose(visit, "method", "Grad-CAM", "data-method=gradcam")
    assert visit.page.locator("#case-picture").get_attribute("alt") == "mine.png"
    assert "mine" not in visit.page.url
    assert "method" not in visit.page.url
    visit.page.go_back()
    arrived(visit, f'#case-picture[data-example="{key}"]')
    visit.page.go_forward()
    arrived(visit, '#case-picture[data-example=""]')
    assert visit.page.locator("#case-picture").get_attribute("alt") == "mine.png"


def test_the_report_is_a_page_to_keep(visit):
    arrived(visit, "#explain-answer [data-method]")
    with visit.page.expect_download(timeout=90_000) as kept:
        visit.page.locator("#report").click()
    assert kept.value.suggested_filename.startswith("dinoscope_")
    text = Path(kept.value.path()).read_text(encoding="utf-8")
    assert "the head answers" in text
    assert text.count("<figure>") == 3
    assert visit.complaints == []
    assert visit.strangers == []


def mine(number: int) -> dict:
    buffer = io.BytesIO()
    phantoms.draw("busi", "benign", number).picture.save(buffer, "PNG")
    return {"name": f"mine{number}.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


def test_back_leads_to_the_very_picture_of_ones_own_and_never_to_another_in_a_drawings_place(visit):
    def shows(name: str) -> None:
        arrived(visit, f'#case-picture[alt^="{name}"]')
        arrived(visit, "#explain-answer [data-method]")

    arrived(visit, "#explain-answer [data-method]")
    for number in (1, 2):
        visit.upload(mine(number))
        shows(f"mine{number}")
    visit.page.get_by_text("Draw a new one").click()
    visit.page.locator("#draw").click()
    shows("Drawn just now")
    key = visit.page.locator("#examples button[data-example]").first.get_attribute("data-example")
    visit.page.locator(f'#examples button[data-example="{key}"]').click()
    arrived(visit, f'#case-picture[data-example="{key}"]')
    arrived(visit, "#explain-answer [data-method]")
    visit.page.go_back()  # a drawing cannot be brought again: what is shown stays
    visit.page.wait_for_timeout(1500)
    assert visit.page.locator("#case-picture").get_attribute("data-example") == key
    visit.page.go_back()
    shows("mine2")
    visit.page.go_back()
    shows("mine1")
    visit.page.go_forward()
    shows("mine2")
    assert visit.complaints == []

"""The first view: three finished answers, which are the tabs; and the whole page takes a picture."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

import dinoscope_phantoms as phantoms
from dinoscope_lab.benchmark import on_page

pytestmark = pytest.mark.browser

DROP = """(files) => {
  const carrier = new DataTransfer();
  for (const [name, bytes] of files) carrier.items.add(new File([new Uint8Array(bytes)], name, {type: "image/png"}));
  const target = document.querySelector("#case-picture");
  for (const kind of ["dragenter", "dragover", "drop"])
    if (target.dispatchEvent(new DragEvent(kind, {dataTransfer: carrier, bubbles: true, cancelable: true})))
      throw new Error(`${kind} would leave the page`);
}"""


def png(seed: int) -> list[int]:
    buffer = io.BytesIO()
    phantoms.draw("brain_mri", "glioma_tumor", seed).picture.save(buffer, "PNG")
    return list(buffer.getvalue())


def test_a_finished_answer_is_there_on_arrival_and_fits_the_window(browser, app):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(app.src)
    page.wait_for_selector("#card-similar .thumbs", timeout=60_000)
    assert (
        "random order" in page.locator("#card-explain").inner_text()
        or "chance" in page.locator("#card-explain").inner_text()
    )
    assert page.locator("#card-classify strong").inner_text()
    for part in ("#case-picture", "#drop button", "#card-classify", "#card-explain img", "#card-similar .thumbs"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] >= 0, part
        assert box["y"] + box["height"] <= 900, part
    assert page.locator("#card-similar .thumbs img").count() >= 1
    context.close()


def test_the_cards_are_tabs_for_the_keyboard(visit):
    visit.page.locator("#card-classify").focus()
    opened = []
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "End", "Home"):
        visit.page.keyboard.press(key)
        opened.append(visit.page.locator("[role=tab][id^=card-][aria-selected=true]").get_attribute("id"))
        assert visit.page.evaluate("document.activeElement.id") == opened[-1]
        panel = visit.page.locator(f"#{opened[-1]}").get_attribute("aria-controls")
        assert visit.page.locator(f"#{panel}").is_visible()
    assert opened == ["card-explain", "card-similar", "card-classify", "card-similar", "card-classify"]
    assert visit.page.locator(".unfolded:visible").count() == 1


def test_a_picture_dropped_on_the_picture_is_read_and_the_page_stays(visit):
    address = visit.page.url
    visit.page.evaluate(DROP, [["dropped.png", png(4)]])
    visit.page.locator("#picture .facts", has_text="dropped.png").wait_for(timeout=60_000)
    assert visit.page.url.partition("?")[0] == address.partition("?")[0]
    assert visit.complaints == []


def test_a_pasted_data_address_is_read(visit):
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 60).save(buffer, "PNG")
    visit.page.evaluate(
        """(bytes) => {
          const carrier = new DataTransfer();
          carrier.setData("text/plain", `data:image/png;base64,${btoa(String.fromCharCode(...bytes))}`);
          document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: carrier, bubbles: true}));
        }""",
        list(buffer.getvalue()),
    )
    visit.page.locator("#picture .facts", has_text="pasted picture").wait_for(timeout=60_000)


def test_an_example_is_in_the_address_and_back_leads_to_the_one_before(visit):
    first = visit.page.locator("#case-picture").get_attribute("data-example")
    key = visit.another()
    visit.page.wait_for_url(f"**example={key.partition('/')[0]}**")
    visit.page.locator("#card-similar").click()
    assert "open=similar" in visit.page.url
    visit.page.reload()
    visit.page.wait_for_selector(f'#case-picture[data-example="{key}"]', timeout=60_000)
    assert visit.page.locator("#card-similar").get_attribute("aria-selected") == "true"
    visit.page.go_back()
    visit.page.wait_for_selector(f'#case-picture[data-example="{first}"]', timeout=60_000)


def test_a_visitors_own_picture_is_never_in_the_address(visit):
    visit.another()
    visit.page.wait_for_function("() => location.search.includes('example')")
    visit.upload({"name": "of a patient.png", "mimeType": "image/png", "buffer": bytes(png(8))})
    visit.page.wait_for_function("() => !location.search.includes('example')")
    assert "patient" not in visit.page.url


def test_the_first_answer_is_on_the_first_screen_of_a_phone(phone):
    box = phone.page.locator("#card-classify").bounding_box()
    assert box["y"] + box["height"] <= 844
    assert phone.page.evaluate("() => document.documentElement.scrollWidth") <= 391


def test_what_a_visitor_waits_for_is_measured_from_the_press_to_each_answer(browser, app):
    with ThreadPoolExecutor(1) as beside:  # one thread cannot drive two browsers
        waits = beside.submit(on_page.measure, app.src, 1).result()
    each = [waits[what][0] for what in on_page.ANSWERS]
    assert all(0 < seconds < on_page.LONGEST / 1000 for seconds in each)
    assert waits[on_page.ALL] == [max(each)]
    assert {row["what"] for row in on_page.rows(waits)} == {
        on_page.FIRST,
        on_page.ALL,
        on_page.CLASS,
        *on_page.ANSWERS,
    }
    assert 0 < waits[on_page.CLASS][0] < on_page.LONGEST / 1000

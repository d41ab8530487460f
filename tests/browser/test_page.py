"""The page in a real browser: the flows of a visitor, and each mistake a visitor can make."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

import dinoscope_phantoms as phantoms
from dinoscope.ui.markup import NOTICE

pytestmark = pytest.mark.browser


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A drawn fundus photograph, in no bundled file."""
    path = tmp_path / "fundus of a friend.png"
    phantoms.draw("eye_diseases", "glaucoma", 90210).picture.save(path)
    return path


def answered(visit) -> bool:
    """Whether Classify has an answer, with or without the nearest cases behind it."""
    visit.page.wait_for_selector("#card-classify strong", timeout=60_000)
    answer = visit.page.locator("#classify-answer").text_content()
    return "Most likely" in answer or "The head says" in answer


def as_file(name: str, data: bytes) -> dict:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def png(size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0]), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_visitor_uploads_classifies_explains_searches_and_changes_the_class(visit, picture):
    visit.upload(picture)
    assert "fundus of a friend.png" in visit.read("#case-panel .facts")
    assert answered(visit)

    visit.open("Explain")
    visit.page.wait_for_selector("#explain-answer .stage .heat", timeout=90_000)
    visit.page.wait_for_selector(".plots svg", state="attached", timeout=90_000)
    first = visit.read("#explain-answer .answer")
    assert "faithful" in first
    assert "random" in visit.page.locator(".plots").first.text_content()
    visit.page.locator("#opacity-slider").evaluate(
        "(s) => { s.value = 20; s.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    assert visit.page.locator(".stage .heat").evaluate("e => getComputedStyle(e).opacity") == "0.2"

    current = visit.page.locator("#target input").input_value()
    other = next(name for name in ("cataract", "normal", "glaucoma") if name != current)
    visit.page.locator("#target input").click()
    visit.page.get_by_role("option", name=other, exact=True).click()
    visit.page.wait_for_function(
        "(before) => document.querySelector('#explain-answer .answer')?.innerText !== before", arg=first, timeout=90_000
    )
    assert f"the score for {other}" in visit.read("#explain-answer .answer")

    visit.open("Similar cases")
    # A drawing may be unlike every known case, which is then said.
    assert re.search("nearest cases|None is really near", visit.read("#similar-answer .answer"))
    assert visit.page.locator("#similar-answer .card").count() == 8

    visit.open("Evidence")
    assert visit.read(".headline .figure, #readings .placeholder")
    assert visit.complaints == []
    assert visit.strangers == []


def test_two_methods_are_compared_and_their_sliders_keep_their_place(visit):
    visit.choose("brain_mri")
    visit.open("Explain")
    visit.page.wait_for_selector(".plots svg", state="attached", timeout=90_000)
    visit.page.locator("#contour-slider").evaluate(
        "(s) => { s.value = 20; s.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    assert visit.read("#contour-share") == "20 %"
    drawn = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0)"
    assert visit.page.locator(".stage .contour").evaluate(drawn)
    visit.page.get_by_text("Compare and adjust").click()
    visit.page.locator("#second input").click()
    visit.page.get_by_role("option", name="Grad-CAM").last.click()
    visit.page.wait_for_function("() => document.querySelectorAll('.stage .heat').length === 2", timeout=90_000)
    assert visit.page.locator("#contour-slider").input_value() == "20"
    visit.page.wait_for_function("() => document.querySelectorAll('.plots svg').length === 8", timeout=90_000)
    assert visit.complaints == []


def test_an_explanation_that_takes_too_long_is_stopped(visit):
    visit.choose("brain_mri")
    visit.open("Explain")
    visit.page.wait_for_selector(".plots svg", state="attached", timeout=90_000)
    visit.page.locator("#method input").click()
    visit.page.get_by_role("option", name="ViT-CX, as published").click()
    visit.page.locator("#stop").click(timeout=30_000)
    # Whether it was the map that was stopped, or already its measuring.
    visit.page.get_by_text(re.compile("^Stopped")).first.wait_for(timeout=30_000)


def test_a_random_map_is_called_a_baseline_before_and_after_it_is_measured(visit):
    visit.page.locator("#examples button").first.click()
    visit.open("Explain")
    visit.page.wait_for_selector(".plots svg", state="attached", timeout=90_000)
    visit.page.locator("#method input").click()
    visit.page.get_by_role("option", name="Random map").click()
    sentence = visit.page.get_by_text("A random map, drawn without looking at the picture: a baseline")
    sentence.wait_for(timeout=30_000)
    visit.page.wait_for_selector(".plots svg", state="attached", timeout=90_000)
    assert sentence.is_visible()
    assert "cause" not in visit.read("#explain-answer .answer")


def test_a_class_compared_with_itself_is_answered_by_a_sentence(visit):
    visit.choose("brain_mri")
    visit.open("Explain")
    visit.page.wait_for_selector(".plots svg", state="attached", timeout=90_000)
    visit.page.get_by_text("Compare and adjust").click()
    shown = visit.page.locator("#target input").input_value()
    visit.page.locator("#instead input").click()
    visit.page.get_by_role("option", name=shown, exact=True).last.click()
    assert "cannot be compared with itself; choose another class" in visit.read("#explain-answer .error")


def test_the_filter_leaves_only_the_class_that_was_ticked(visit):
    visit.choose("brain_mri")
    visit.open("Similar cases")
    visit.read("#similar-answer .answer")
    visit.page.get_by_text("Filters", exact=True).click()
    visit.page.locator("#filter-labels label", has_text="pituitary").click()
    visit.page.wait_for_function(
        "() => [...document.querySelectorAll('#similar-answer .card .name')]"
        ".every((name) => name.innerText.includes('pituitary'))"
    )
    assert visit.page.locator("#similar-answer .card").count() == 8


def test_choosing_a_task_reads_the_same_picture_with_its_head_and_shows_its_examples(visit):
    visit.choose("brain_mri")
    assert "Guessed" in visit.page.locator("#task input").input_value()
    visit.page.locator("#task input").click()
    visit.page.get_by_role("option", name="Retina", exact=True).click()
    visit.page.wait_for_function("() => document.querySelector('#classify-answer').innerText.includes('Asked:')")
    # A brain is no retina: the head's answer is there, and folded.
    assert "Unfamiliar" in visit.read("#classify-answer .answer")
    assert "cataract" in visit.page.locator("#classify-answer .bars").text_content()
    # Those of that task alone, as far as its drawn cases are read well enough.
    assert visit.page.locator('#examples button:not([data-example^="eye_diseases/"])').count() == 0


def test_a_new_phantom_is_drawn_on_request(visit):
    visit.page.get_by_text("Draw a new one").click()
    visit.page.locator("#draw").click()
    visit.page.get_by_text("Drawn just now").wait_for(timeout=60_000)
    assert answered(visit)


def test_a_pasted_picture_is_read(visit, picture):
    visit.page.evaluate(
        """(bytes) => {
          const carrier = new DataTransfer();
          carrier.items.add(new File([new Uint8Array(bytes)], "pasted.png", {type: "image/png"}));
          document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: carrier, bubbles: true}));
        }""",
        list(picture.read_bytes()),
    )
    visit.page.locator("#picture .facts", has_text="pasted.png").wait_for(timeout=60_000)


def test_no_answer_about_an_earlier_picture_stands_beside_the_next_one(visit):
    visit.choose("brain_mri")
    visit.open("Explain")
    visit.page.wait_for_selector("#explain-answer .stage", timeout=90_000)
    visit.page.locator('#examples button:not([data-example^="brain_mri/"])').first.click()
    visit.page.wait_for_function("() => !document.querySelector('#explain-answer .stage')")
    # Curves that were just done when the new picture came may still arrive; they must not stay.
    visit.page.wait_for_function(
        "() => { const answer = document.querySelector('#explain-answer .answer');"
        " return answer && !answer.innerText.includes('tumour'); }",
        timeout=90_000,
    )
    visit.page.wait_for_selector(".plots svg", state="attached", timeout=90_000)
    assert "tumour" not in visit.read("#explain-answer .answer")


def test_the_upload_box_takes_one_file_after_another(visit, picture):
    visit.upload(as_file("first.txt", b"no picture"))
    assert '"first.txt" is not a picture' in visit.read("#case-panel .error")
    visit.upload(picture)
    assert "fundus of a friend.png" in visit.read("#case-panel .facts")
    assert visit.page.locator("#case-panel .error").count() == 0


def test_a_picture_unlike_the_cases_is_called_unfamiliar_before_anything_else_is_said(visit):
    visit.upload(as_file("noise.png", png((200, 200))))
    assert visit.read("#classify-answer .answer").startswith("Unfamiliar")
    assert "Unlike anything this head knows" in visit.read("#card-classify strong")
    assert not visit.page.locator("#classify-answer .bars").is_visible()
    visit.page.get_by_text("Show the answer anyway").click()
    assert visit.page.locator("#classify-answer .bars").is_visible()


def test_examples_are_reached_and_chosen_with_the_keyboard_alone(visit):
    unpressed = "() => document.activeElement.matches('#examples button[aria-pressed=false]')"
    for _ in range(40):
        visit.page.keyboard.press("Tab")
        if visit.page.evaluate(unpressed):
            break
    key = visit.page.evaluate("() => document.activeElement.dataset.example")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector(f'#case-picture[data-example="{key}"]', timeout=60_000)
    visit.page.wait_for_selector(f'#examples button[aria-pressed=true][data-example="{key}"]')


def test_a_phone_shows_everything_without_scrolling_sideways(phone):
    phone.choose("brain_mri", touch=True)
    for tab in ("Explain", "Similar cases", "Evidence", "Classify"):
        phone.open(tab)
        assert phone.page.evaluate("() => document.documentElement.scrollWidth") <= 391, tab
    assert phone.complaints == []


def test_the_notice_is_on_the_page_before_anything_else_happens(visit):
    assert NOTICE in visit.read(".scope-notice")


MISTAKES = {
    "nothing in it": (lambda: as_file("scan.png", b" "), "is not a picture"),
    "cut short": (lambda: as_file("scan.png", png((200, 200))[:9000]), "is cut short"),
    "not a picture": (lambda: as_file("letter.txt", b"Dear colleague, " * 40), "is not a picture"),
    "a PDF": (lambda: as_file("report.pdf", b"%PDF-1.7\n" + b"0" * 200), "is a PDF"),
    "too small": (lambda: as_file("icon.png", png((20, 20))), "20 x 20 pixels; each side needs at least 32"),
    "too long": (lambda: as_file("strip.png", png((1000, 40))), "16 times as long as wide"),
    "a DICOM file without a picture": (
        lambda: as_file("report.dcm", Path(get_testdata_file("reportsi.dcm")).read_bytes()),
        "DICOM file without a picture",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_answered_by_its_own_sentence(visit, mistake):
    build, sentence = MISTAKES[mistake]
    visit.upload(build())
    assert sentence in visit.read("#case-panel .error")
    assert visit.page.locator("#classify-answer .answer").count() == 0


CAUTIONS = {
    "nearly blank": (lambda: _flat(), "one flat colour"),
    "larger than it is read": (lambda: png((5000, 600)), "Scaled down from 5000 x 600 to 4096"),
    "animated": (lambda: _frames("GIF"), "Animated: frame 1 of 3 is shown"),
    "long": (lambda: png((900, 150)), "times as long as wide"),
}


@pytest.mark.parametrize("caution", CAUTIONS)
def test_each_doubtful_picture_is_read_with_its_own_warning(visit, caution):
    build, sentence = CAUTIONS[caution]
    visit.upload(as_file("doubtful.img", build()))
    assert sentence in visit.read("#case-panel .warning")
    assert answered(visit)


def _flat() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (200, 200), "grey").save(buffer, "PNG")
    return buffer.getvalue()


def _frames(kind: str) -> bytes:
    buffer = io.BytesIO()
    frames = [Image.fromarray(np.random.default_rng(i).integers(0, 255, (90, 90), dtype=np.uint8)) for i in range(3)]
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:])
    return buffer.getvalue()

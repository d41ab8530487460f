"""Evidence tab in a real browser: a task is chosen, its figures follow, and nothing runs over a phone's edge."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


def test_choosing_a_task_shows_its_own_confusion_matrix(visit):
    visit.open("Evidence")
    visit.read("#evidence-task .headline .figure")
    visit.page.locator("#measured input").click()
    visit.page.get_by_role("option", name="Retina", exact=True).click()
    visit.page.wait_for_function("() => document.querySelector('#evidence-task').textContent.includes('glaucoma')")
    visit.page.locator("#evidence-task details.more > summary").click()
    assert "glaucoma" in visit.page.locator("#evidence-task").inner_text()
    assert visit.complaints == []


def test_the_tab_follows_the_task_of_the_picture(visit):
    visit.choose("brain_mri")
    visit.open("Evidence")
    visit.page.wait_for_function("() => document.querySelector('#evidence-task').textContent.includes('meningioma')")


def test_everything_that_was_measured_fits_on_a_phone(phone):
    phone.open("Evidence")
    for summary in phone.page.locator(".measurement > summary").all():
        summary.click()
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 391

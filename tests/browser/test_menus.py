"""Menus: one choice is one question."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


def test_an_entry_of_a_menu_is_asked_for_once(visit):
    visit.open("Explain")
    visit.page.wait_for_selector(".plots svg", state="attached", timeout=90_000)
    asked = []
    visit.page.on("request", lambda r: asked.append(r.post_data_json["fn_index"]) if "queue/join" in r.url else None)
    before = visit.page.locator("#card-explain img").get_attribute("src")
    visit.page.locator("#target input").click()
    visit.page.get_by_role("option", selected=False).last.click()
    visit.page.wait_for_function(
        "(before) => document.querySelector('#card-explain img')?.src !== before", arg=before, timeout=30_000
    )
    assert asked
    assert len(asked) == len(set(asked))

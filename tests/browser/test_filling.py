"""A page that is served while cases are still being made ready says so, and stops saying so by itself."""

from __future__ import annotations

import pytest

from fixtures.visiting import serving

pytestmark = pytest.mark.browser


def test_what_is_still_being_filled_is_said_and_passes_without_a_reload(workbench, browser):
    workbench.complete()
    with serving(workbench) as (address, _):
        workbench.index.expect("late", lambda: None)
        first, second = browser.new_page(), browser.new_page()
        for visitor in (first, second):
            visitor.goto(address)
            visitor.get_by_text("The cases of one task are still being made ready").wait_for(timeout=60_000)
        assert workbench.complete() == 1
        for visitor in (first, second):
            visitor.get_by_text("still being made ready").wait_for(state="detached", timeout=10_000)
            visitor.close()

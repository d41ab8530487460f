"""Browsing: a real Chromium on the running app, where there is one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

WIDE: ViewportSize = {"width": 1440, "height": 900}


@contextmanager
def page() -> Iterator[Page | None]:
    """A page of a desktop's width; None, and a word about it, where there is no Chromium."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("no Chromium here, so that nothing on the page is timed", flush=True)
        yield None
        return
    from playwright.sync_api import sync_playwright  # needed here alone

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser.new_page(viewport=WIDE)
        browser.close()

"""A real Chromium, and visitors who use it."""

from __future__ import annotations

import json
import shutil

import pytest

from dinoscope.settings import ROOT

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


@pytest.fixture(scope="session")
def browser():
    """Chromium, headless."""
    if not shutil.which(CHROMIUM):
        pytest.skip("no Chromium here; `apt-get install chromium` brings it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


class Visit:
    """A page with everything it complained about and everything it asked other hosts for."""

    def __init__(self, page, url: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.complaints.append(str(e)))
        page.on("request", lambda r: self._note(r.url))
        page.goto(url)
        page.wait_for_selector("#card-similar[role=tab]", timeout=60_000)

    def _note(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1", "http://localhost", "data:", "blob:")):
            self.strangers.append(url)

    def open(self, tab: str) -> None:
        """Bring a tab to the front: one of the answers about this picture, or one of the level above."""
        if tab in ("Classify", "Explain", "Similar cases"):
            self.page.get_by_role("tab", name="This picture").click()
        self.page.get_by_role("tab", name=tab).click()

    def choose(self, task: str, touch: bool = False) -> str:
        """Take an example of a task and wait until it is classified; gives its name in the address.

        A task whose drawn cases are not read well enough has none in the strip, and is asked for by the address.
        """
        button = self.page.locator(f'#examples button[data-example^="{task}/"]').first
        if button.count():
            key = button.get_attribute("data-example")
            if self.page.locator(f'#case-picture[data-example="{key}"]').count():
                return key  # the page began with it, and every answer is there
            button.tap() if touch else button.click()
        else:
            with (ROOT / "model_assets" / "tasks" / task / "phantoms.jsonl").open() as lines:
                key = f"{task}/{json.loads(next(lines))['id']}"
            self.page.goto(f"{self.page.url.partition('?')[0]}?example={key}")
        self.page.wait_for_selector(f'#case-picture[data-example="{key}"]', timeout=60_000)
        self.page.wait_for_selector("#card-classify strong", timeout=60_000)
        return key

    def another(self) -> str:
        """Take an example that the page does not begin with."""
        there = self.page.locator("#case-picture").get_attribute("data-example").partition("/")[0]
        return self.choose("busi" if there == "brain_mri" else "brain_mri")

    def upload(self, files) -> None:
        """Give files and wait until one of them is shown, or refused."""
        self.page.evaluate("() => document.getElementById('case-picture')?.setAttribute('data-before', '')")
        self.page.set_input_files("#drop input[type=file]", files)
        self.page.wait_for_selector(
            '#case-picture[data-example=""]:not([data-before]), #picture .error', timeout=60_000
        )

    def read(self, selector: str, seconds: float = 90) -> str:
        """Text of the first match, once it is visible."""
        return self.page.wait_for_selector(selector, timeout=1000 * seconds).inner_text()


@pytest.fixture
def visit_at(browser):
    """(address) -> somebody at a desk who visits the app there."""
    contexts = []

    def there(address: str) -> Visit:
        contexts.append(browser.new_context(viewport={"width": 1440, "height": 900}))
        return Visit(contexts[-1].new_page(), address)

    yield there
    for context in contexts:
        context.close()


@pytest.fixture
def visit(browser, app):
    """A desktop visitor."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Visit(context.new_page(), app.src)
    context.close()


@pytest.fixture
def phone(browser, app):
    """A visitor with a phone."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    yield Visit(context.new_page(), app.src)
    context.close()

"""On the page: what a visitor waits for in the browser, from a press of an example to each of its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import browsing

if TYPE_CHECKING:
    from playwright.sync_api import Page

ANSWERS = {
    "example pressed to its class": "#card-classify strong",
    "example pressed to its first map": "#card-explain img",
    "example pressed to its nearest cases": "#card-similar .thumbs",
}
ALL, FIRST = "example pressed to all of these", "page asked for to its three answers"
CLASS = "another class asked for to its first map"
VISITS = 10
"""Visits, and examples pressed, at most."""
LONGEST = 60_000
"""Milliseconds that an answer may take."""
PAUSE = 1_500
PRESS = """([key, answers, longest]) => new Promise((done, fail) => {
  const cards = Object.entries(answers).map(([what, selector]) => {
    const card = document.querySelector(selector.split(" ")[0]);
    return { what, selector, before: card.innerHTML };
  });
  const found = {}, began = performance.now();
  const look = () => {
    const now = performance.now() - began;
    for (const { what, selector, before } of cards) {
      const card = document.querySelector(selector.split(" ")[0]);
      if (!(what in found) && card.innerHTML !== before && document.querySelector(selector)) found[what] = now;
    }
    if (Object.keys(found).length === cards.length) done(found);
    else if (now > longest) fail(new Error("no answer to " + key));
    else requestAnimationFrame(look);
  };
  document.querySelector(`#examples button[data-example="${key}"]`).click();
  look();
})"""
"""Press an example, and note when each card has changed and holds its answer; milliseconds."""
ASKED = """() => {
  const shown = () => document.querySelector("#card-explain img")?.src, before = shown();
  document.addEventListener("mousedown", () => { window.began = performance.now(); }, { once: true, capture: true });
  window.mapped = 0;
  const look = () => {
    if (shown() && shown() !== before) window.mapped = performance.now() - window.began;
    else requestAnimationFrame(look);
  };
  look();
}"""
"""Note how long after the next press of the mouse another map is shown; milliseconds."""
ARRIVAL = """() => { const look = () => {
  if (document.querySelector("#card-classify strong") && document.querySelector("#card-explain img")
    && document.querySelector("#card-similar .thumbs")) window.arrived = performance.now();
  else requestAnimationFrame(look); }; look(); }"""


def measure(address: str, most: int) -> dict[str, list[float]]:
    """What was waited for -> seconds, at most so many visits and examples; nothing without a browser."""
    with browsing.page() as page:
        return {} if page is None else _waits(page, address, most)


def _waits(page: Page, address: str, most: int) -> dict[str, list[float]]:
    page.add_init_script(f"({ARRIVAL})()")
    waits: dict[str, list[float]] = {FIRST: []}
    for _ in range(most):
        page.goto(address)
        page.wait_for_function("() => window.arrived", timeout=LONGEST)
        waits[FIRST].append(page.evaluate("window.arrived") / 1000)
    page.wait_for_timeout(PAUSE)
    shown = page.locator("#case-picture").get_attribute("data-example")
    keys = page.locator("#examples button").evaluate_all("buttons => buttons.map(b => b.dataset.example)")
    for key in [k for k in keys if k != shown][:most]:
        found = page.evaluate(PRESS, [key, ANSWERS, LONGEST])
        for what, milliseconds in found.items():
            waits.setdefault(what, []).append(milliseconds / 1000)
        waits.setdefault(ALL, []).append(max(found.values()) / 1000)
        page.wait_for_timeout(PAUSE)  # the map is measured meanwhile, which nobody waits for
    page.get_by_role("tab", name="Explain").click()
    known = [page.locator("#target input").input_value()]
    for _ in range(most):
        page.locator("#target input").click()
        page.wait_for_timeout(PAUSE)
        entries = page.get_by_role("option").all_inner_texts()
        # Each once: an answer that was given before is remembered.
        new = [i for i, entry in enumerate(entries) if not any(name in entry for name in known)]
        if not new:
            break
        known.append(entries[new[0]].strip().splitlines()[-1])
        page.evaluate(ASKED)
        page.get_by_role("option").nth(new[0]).click()
        page.wait_for_function("() => window.mapped", timeout=LONGEST)
        waits.setdefault(CLASS, []).append(page.evaluate("window.mapped") / 1000)
        page.wait_for_timeout(2 * PAUSE)
    return waits


def rows(waits: dict[str, list[float]]) -> list[dict]:
    """A row for each kind of wait: its number, median and 95th percentile in seconds."""
    return [
        {
            "what": what,
            "answers": len(seconds),
            "median": round(float(np.median(seconds)), 3),
            "late": round(float(np.percentile(seconds, 95)), 3),
        }
        for what, seconds in waits.items()
    ]

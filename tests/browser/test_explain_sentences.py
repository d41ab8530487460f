"""What the page says of a map, sentence by sentence, in a real browser; the maps and their measures are made up."""

from __future__ import annotations

import socket
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dinoscope.evidence import Column, Evidence, Table
from dinoscope.explain.faithfulness import Curve, Curves
from dinoscope.explain.localisation import Localisation
from dinoscope.explain.methods import METHODS
from dinoscope.explain.session import ExplainSession
from dinoscope.settings import Settings
from dinoscope.ui import page as ui
from dinoscope.ui.recommendation import GAINS

pytestmark = pytest.mark.browser


def curves(deletion: float, insertion: float) -> Curves:
    """A map with these areas beside random orders from 0.3 to 0.6."""
    share, random = np.array([0, 1.0]), np.linspace(0.3, 0.6, 10)[:, None] * np.ones(2)
    return Curves(*(Curve(share, np.full(2, area), random) for area in (deletion, insertion)))


GOOD, BAD = curves(0.1, 0.9), curves(0.9, 0.1)
ON, OFF = Localisation(True, 0.6, 0.5, 0.1), Localisation(False, 0.0, 0.1, 0.1)
HANGS = "The score hangs on empty background: without it, it falls from 0.90 to 0.20."
MADE = {
    "attention_gradients": (GOOD, GOOD, ON),
    "gradcam": (GOOD, GOOD, OFF),
    "rollout": (GOOD, BAD, ON),
    "occlusion": (BAD, BAD, None),
    "rise": (GOOD, GOOD, None),
    "random": (GOOD, GOOD, ON),
}
"""Method -> its curves by tokens and by pixels, and where its map lies; of any other all is well."""


@pytest.fixture(scope="module")
def served(browser, workbench):
    """One page for all of them; the evidence calls Grad-CAM the most faithful method."""
    draw_map = ExplainSession.explain

    def explain(self, progress=None):
        method = self.request.method
        drawn = draw_map(replace(self, request=replace(self.request, method="rollout")), progress)
        where = MADE.get(method, (GOOD, GOOD, None))[2]
        cautions = (HANGS,) if method == "rise" else ()
        return replace(drawn, method=method, localisation=where, warnings=cautions)

    def measure(self, found, progress=None):
        tokens, pixels, _ = MADE.get(self.request.method, (GOOD, GOOD, None))
        return replace(found, by_tokens=tokens, by_pixels=pixels)

    best = [{"task": t, "method": "gradcam", **dict.fromkeys(GAINS, 0.5)} for t in workbench.tasks]
    headline = {"label": "made up", "value": 0.5, "low": None, "high": None, "unit": ""}
    columns = (Column("task"), Column("method"), *(Column(gain, digits=2) for gain in GAINS))
    table = Table("faithful", "", "table", columns, best, "task")
    evidence = {"explain": Evidence("explain", headline, "made up", 0, "", "", "", 1.0, [], [table])}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ExplainSession, "explain", explain)
        patch.setattr(ExplainSession, "measure", measure)
        demo = ui.build(workbench, evidence, lambda task, label, seed: Image.new("RGB", (64, 64)))
        shown = browser.new_page(viewport={"width": 1280, "height": 900})
        shown.goto(ui.launch(demo, Settings(port=port)))
        shown.wait_for_selector("#card-similar[role=tab]", timeout=60_000)
        shown.get_by_role("tab", name="Explain").click()
        yield shown
        shown.close()
        demo.close(verbose=False)


@pytest.fixture
def said(served):
    """(method) -> the sentence about its map once it is measured, and what stands first on its card."""

    def choose(method: str) -> tuple[str, str]:
        served.locator("#method input").click()
        served.get_by_role("option", name=METHODS[method].title, exact=True).click()
        there = (
            "title => document.querySelector('#explain-answer figcaption')?.innerText.includes(title)"
            " && document.querySelector('#explain-answer .downloads')"
            " && document.querySelector('#card-explain strong').innerText !== 'Map drawn'"
        )
        # Twice: the map may stand there before its card, which still tells of the map before.
        served.wait_for_function(there, arg=METHODS[method].title, timeout=60_000)
        served.wait_for_timeout(1_000)
        served.wait_for_function(there, arg=METHODS[method].title, timeout=60_000)
        return served.inner_text("#explain-answer .answer"), served.inner_text("#card-explain strong")

    return choose


def test_a_faithful_map_on_the_lesion(said):
    sentence, card = said("attention_gradients")
    assert "The bright regions cause the score" in sentence
    assert "faithful, and on the lesion" in sentence
    assert card == "Faithful, and on the lesion"


def test_a_faithful_map_that_is_not_on_the_lesion(said):
    sentence, card = said("gradcam")
    assert "faithful, but not on the lesion" in sentence
    assert card == "Faithful, not on the lesion"


def test_a_map_that_is_faithful_by_tokens_alone(said):
    sentence, card = said("rollout")
    assert "half faithful, and on the lesion: no better than chance on deletion by pixels" in sentence
    assert "cause" not in sentence
    assert card == "Half faithful, and on the lesion"


def test_a_random_map_is_a_baseline_and_causes_nothing(said):
    sentence, card = said("random")
    assert sentence.startswith("A random map, drawn without looking at the picture: a baseline")
    assert "cause" not in sentence
    assert "faithful" not in sentence
    assert card == "A random map"


def test_a_score_that_hangs_on_the_empty_background_is_a_finding(said, served):
    said("rise")
    assert HANGS in served.inner_text("#explain-answer")


def test_a_map_no_better_than_chance_is_pale_and_the_best_method_is_one_click_away(said, served):
    sentence, card = said("occlusion")
    assert sentence.startswith("This map is no better than chance, so do not read it")
    assert card == "No better than chance"
    shade = "() => getComputedStyle(document.querySelector('#explain-answer .stages img.heat')).filter"
    assert "saturate(0.2)" in served.evaluate(shade)
    served.get_by_role("button", name="Show Grad-CAM instead").click()
    served.wait_for_function("() => document.querySelector('#explain-answer .answer').innerText.includes('but not on')")
    assert served.locator("#better").is_hidden()
    assert served.evaluate(shade) == "none"

"""Names from outside - classes, case ids, files, evidence - are text wherever they appear on the page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from dinoscope.evidence import Column, Evidence, Table
from dinoscope.reading.images import Decoded
from dinoscope.similar import SearchRequest, SimilarCase
from dinoscope.ui import cards, charts, evidence_markup, explain_markup, markup, similar_map, similar_markup
from dinoscope.ui.examples import Example
from dinoscope.ui.render import part
from dinoscope.ui.trail import Step, Trail
from dinoscope.ui.visit import Chosen
from fixtures.tiny import drawn

HOSTILE = "<script>alert(1)</script>\"' onerror=alert(2) {{ 7 * 7 }} {% raw %} </title> &"


@pytest.fixture(scope="module")
def task(workbench):
    """A task whose every name is hostile."""
    task = workbench.tasks["colours"]
    facts = {key: HOSTILE if isinstance(value, str) else value for key, value in task.facts.items()}
    facts |= {"classes": dict.fromkeys(task.head.classes, HOSTILE), "flaw": HOSTILE}
    cases = [replace(c, id=f"{HOSTILE}{i}", image="", url=f"https://{HOSTILE}") for i, c in enumerate(task.cases)]
    return replace(task, name=HOSTILE, facts=facts, cases=cases)


@pytest.fixture(scope="module")
def query(workbench):
    return workbench.query(drawn("colours", "red", 501, strength=60), "colours")


def step(query) -> Step:
    return Step(query, HOSTILE, SearchRequest(liked=(HOSTILE,), disliked=(HOSTILE,)))


def explained(workbench, task, **more):
    found = workbench.explain(drawn("colours", "red", 3), "colours", target="red")
    return replace(found, warnings=(HOSTILE,), task=HOSTILE, **more)


def evidence() -> Evidence:
    headline = {"label": HOSTILE, "value": 1.0, "low": 0.5, "high": 2.0, "unit": HOSTILE}
    columns = (Column("of"), Column("by"), Column("value", HOSTILE, HOSTILE, 1), Column(HOSTILE))
    rows = [{"of": of, "by": HOSTILE, "value": 1.0, HOSTILE: HOSTILE} for of in ("colours", HOSTILE)]
    table = Table(HOSTILE, HOSTILE, "bars", columns, rows, "of", y="value", by=("by",))
    return Evidence(HOSTILE, headline, HOSTILE, 0, HOSTILE, HOSTILE, HOSTILE, 1.0, [HOSTILE], [table], HOSTILE)


PARTS = {
    "header": lambda w, t, q: markup.header(HOSTILE, 1, [HOSTILE]),
    "error": lambda w, t, q: markup.error(HOSTILE),
    "picture": lambda w, t, q: markup.picture(
        Chosen(
            Decoded(Image.new("RGB", (40, 40)), facts=(HOSTILE,), warnings=(HOSTILE,)),
            HOSTILE,
            example=HOSTILE,
            remark=HOSTILE,
        )
    ),
    "strip": lambda w, t, q: markup.strip([Example(t, w.tasks["colours"].examples()[0])], named=True),
    "card of the answer": lambda w, t, q: cards.classify(w.classify(drawn("colours", "red", 3), "colours"), t),
    "card of the cases": lambda w, t, q: cards.similar([SimilarCase(t.cases[0], 0.5)], t, similar_markup.Told("red")),
    "classification": lambda w, t, q: markup.classification(
        replace(w.classify(drawn("colours", "red", 3), "colours"), warnings=(HOSTILE,)), t
    ),
    "explanation": lambda w, t, q: explain_markup.answer([explained(w, t)], drawn("colours", "red", 3), t),
    "contrast": lambda w, t, q: explain_markup.answer(
        [explained(w, t, instead_of="blue")], drawn("colours", "red", 3), t
    ),
    "like a case": lambda w, t, q: explain_markup.answer(
        [explained(w, t, like=t.cases[0].id)], drawn("colours", "red", 3), t
    ),
    "downloads": lambda w, t, q: explain_markup.downloads(drawn("colours", "red", 3), explained(w, t)),
    "found cases": lambda w, t, q: similar_markup.found_cases(
        [SimilarCase(c, 0.5, 0.5) for c in t.cases[:3]], t, Trail((step(q),)), "", similar_markup.Told("red")
    ),
    "nothing found": lambda w, t, q: similar_markup.found_cases([], t, Trail((step(q),)), HOSTILE),
    "differential": lambda w, t, q: similar_markup.differential({"red": [SimilarCase(t.cases[0], 0.5)]}, t, None),
    "map of cases": lambda w, t, q: similar_map.draw(t, q, [SimilarCase(t.cases[0], 0.5)]),
    "dots": lambda w, t, q: charts.dots([charts.Dot(HOSTILE, 1, 0, 2)], 0, 2, HOSTILE, level=HOSTILE),
    "confusion": lambda w, t, q: charts.confusion([[1]], [HOSTILE]),
    "curves": lambda w, t, q: charts.curves([charts.Series(HOSTILE, ((0, 1), (1, 2)))], HOSTILE, HOSTILE),
    "evidence of a task": lambda w, t, q: evidence_markup.task(t, {HOSTILE: evidence()}, HOSTILE),
    "evidence": lambda w, t, q: evidence_markup.everything({HOSTILE: evidence()}, {HOSTILE: HOSTILE}, "f" * 64),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_hostile_name_is_text(name, workbench, task, query):
    page = str(PARTS[name](workbench, task, query))
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "</title> &" not in page
    assert "{{ 7 * 7 }}" in page
    # No attribute can be left: a quote of the name is never a quote of the page.
    assert '" onerror' not in page
    assert "' onerror" not in page


def test_a_part_says_which_value_it_lacks():
    with pytest.raises(Exception, match="sentence"):
        part("page", "error")


def test_numbers_never_round_to_certainty():
    assert [markup.percent(p) for p in (0.0, 0.004, 0.5, 0.996, 1.0)] == ["0 %", "< 1 %", "50 %", "> 99 %", "100 %"]

"""docs/EVIDENCE.md and the README's table: complete, and made of nothing but the evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dinoscope.evidence import Column, Evidence, Table
from dinoscope_lab import claims, readme
from dinoscope_lab.benchmark import backbone
from dinoscope_lab.benchmark.baselines import RESIDUAL, SCRATCH
from dinoscope_lab.evidence import tried
from dinoscope_lab.replications import encoders as encoders_room
from dinoscope_lab.replications import frozen as frozen_room
from dinoscope_lab.replications import fusion as fusion_room
from dinoscope_lab.replications import labels as labels_room
from dinoscope_lab.replications import start as start_room

HEADLINE = {"label": "Headline", "value": 78, "low": 75, "high": 80, "unit": "%"}


def evidence(name, tables=(), value=7):
    headline = {"label": "Headline", "value": value, "low": None, "high": None, "unit": "%"}
    return Evidence(name, headline, "dinoscope", 0, "f" * 64, "a machine", "2026-11-20", 1.0, ["A note."], list(tables))


def table(name, rows):
    columns = tuple(Column(k, digits=None if isinstance(v, str) else 0) for k, v in rows[0].items())
    return Table(name, name.title(), "table", columns, rows)


def test_one_table_stands_open_and_the_rest_is_folded():
    tables = [table("first", [{"set": "brain_mri", "n": 1}]), table("second", [{"other": 2}])]
    text = readme.page({"x": evidence("x", tables)}, "f" * 64)
    before, folded = text.split("<details>")
    assert "| Brain MRI tumour | 1 |" in before
    assert "Second\n\n| other |" in folded
    assert "A note." in folded
    assert "7 %" in before


def test_a_long_table_is_left_to_its_file():
    rows = [{"set": s, "n": i} for s in ("a", "b", "mean") for i in range(30)]
    tables = [table("long", rows), table("short", [{"mean": 3}])]
    before, folded = readme.page({"x": evidence("x", tables)}, "f" * 64).split("<details>")
    assert "| mean |\n| --- |\n| 3 |" in before
    assert "| a |" not in before + folded
    assert "1 larger table: `model_assets/evidence/x.json`" in folded


def test_what_was_measured_on_another_backbone_says_so():
    measured = {"x": evidence("x", [table("t", [{"set": "brain_mri", "n": 1}])])}
    assert "earlier backbone" in readme.page(measured, "e" * 64)
    assert "earlier backbone" not in readme.page(measured, "f" * 64)


def test_the_readmes_table_has_every_rival_the_best_first():
    means = [("backbone, linear", 78.0, {}), ("pixels", 60.0, {})]
    means += [("small ResNet", 79.5, {"value_low": 77.0, "value_high": 81.0}), ("backbone, kNN", 77.0, {})]
    rows = [{"set": "mean", "method": m, "value": v} | ends for m, v, ends in means]
    gains = [
        {"set": "mean", "method": m, "ahead": 78 - v, "ahead_low": 1.0, "ahead_high": 2.0} for m, v, _ in means[1:]
    ]
    tables = [backbone.sets_table(rows), backbone.differences_table(gains)]
    lines = readme.rivals({"backbone": replace(evidence("backbone", tables), headline=HEADLINE)}).splitlines()
    assert lines[2:] == [
        "| **frozen backbone, linear head** | **78** (75 to 80) | | |",
        "| small ResNet | 79.5 | -1.5 | 1 to 2 |",
        "| pixels | 60 | 18 | 1 to 2 |",
    ]


def test_without_evidence_it_says_so():
    assert readme.page({}, "").endswith("Nothing has been measured yet.\n")
    assert readme.rivals({}) == "Nothing has been measured yet."


def gain(ahead):
    return {"ahead": ahead, "ahead_low": ahead - 1, "ahead_high": ahead + 1}


def frozen():
    row = {"split": "grouped", "set": "brain_mri"}
    rows = [row | {"method": "backbone, linear", "accuracy": 80.0}]
    rows += [row | {"method": "supervised from scratch", "accuracy": 70.5}]
    rows += [row | {"method": "small ResNet from scratch", "accuracy": 82.5}]
    rows += [{"split": "official", "set": "brain_mri", "method": "backbone, linear", "accuracy": 61.5}]
    gains = [{"split": "grouped", "set": "mean", "method": m} | gain(a) for m, a in ((SCRATCH, 9.0), (RESIDUAL, -2.0))]
    listed = tried([{"encoder": "facebook/dinov2-small", "ran": "no", "why": "no network"}])
    return [*frozen_room.tables([], rows, gains, []), listed]


def labels():
    ends = {"logistic regression": 70.0, "small ResNet from scratch": 75.0}
    few = {"logistic regression": 61.0, "small ResNet from scratch": 48.5}
    curve = [{"set": "mean", "labels": 10.0, "method": m, "value": v} for m, v in few.items()]
    enough = [{"set": "mean", "method": m, "full": v, "wanted": 1.0, "labels": 30.0} for m, v in ends.items()]
    pair = {"method": "logistic regression", "rival": "small ResNet from scratch"}
    return labels_room.tables(curve, enough, [pair | {"labels": "all labels"} | gain(-5.0)])


def start():
    row = {"findings": 1, "mean": 0.1, "leads": 1, "surely": 1, "behind": 0}
    pairs = [(w, o) for w in ("frozen", "fine-tuned") for o in ("supervised", "random", "earlier")]
    return start_room.tables([row | {"way": w, "against": o} for w, o in pairs], [])


def encoders():
    values = (("segmentation", "bundled", 0.5), ("segmentation", "mean shape", 0.3))
    values += (("segmentation", "random weights", 0.4), ("age", "bundled", 0.21))
    rows = [{"set": "busi", "question": q, "method": m, "value": v} for q, m, v in values]
    ran = [{"encoder": name, "ran": "yes", "why": ""} for name in ("bundled", "random weights")]
    return [*encoders_room.tables(rows, [], "bundled"), tried(ran)]


def fusion():
    row = {"set": "s", "share": 1.0}
    kappas = {"self-attention": 0.41, "best single encoder": 0.37, "concatenation": 0.39}
    gains = row | {"method": "best single encoder", "ahead": 0.04, "ahead_low": -0.01, "ahead_high": 0.09}
    alone = [row | {"method": f"{m}, alone", "value": 0.3} for m in ("bundled", "random weights")]
    return fusion_room.tables([*alone, *(row | {"method": m, "value": k} for m, k in kappas.items())], [gains])


WORDS = {
    "frozen": (
        frozen,
        [
            "80.0 %",
            "70.5 %",
            "82.5 %",
            "ahead of the first on 1 and of the second on 0 of 1 sets, in balanced accuracy by 9 (8 to 10) and -2",
            "Brain MRI tumour 61.5 %",
            "1 encoders did not run",
        ],
    ),
    "labels": (
        labels,
        ["70 %", "75 %", "48.5 %", "61 %", "ahead by -5 (-6 to -4) points with all labels", "with 7 labels a class"],
    ),
    "start": (start, ["frozen, against the supervised start, it is ahead on 1 of 1 findings (1 significantly, and 0"]),
    "encoders": (
        encoders,
        ["Dice of 0.50", "random weights 0.40,", "0.30.", "Breast ultrasound 0.21.", "50 by guessing): unmeasured"],
    ),
    "fusion": (
        fusion,
        [
            "2 encoders (bundled, random weights)",
            "0.41 against 0.37 and 0.39",
            "7 of 1 comparisons",
            "significantly ahead in 0 and behind in 0",
        ],
    ),
}


@pytest.mark.parametrize("name", claims.SOURCES)
def test_each_sources_paragraph_is_filled_from_its_own_file(name):
    tables, words = WORDS[name]
    text = claims.paragraphs({name: evidence(name, tables())})
    assert [w for w in words if w not in text] == []


def test_a_source_that_was_not_repeated_has_no_paragraph():
    assert claims.paragraphs({"backbone": evidence("backbone")}) == ""
    assert "What the sources claimed" not in readme.page({"x": evidence("x")}, "f" * 64)

"""docs/EVIDENCE.md and the README's table: complete, and made of nothing but the evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dinoscope.evidence import Evidence
from dinoscope_lab import claims, readme

HEADLINE = {"label": "Headline", "value": 78, "low": 75, "high": 80, "unit": "%"}


def evidence(name, rows, value=7):
    headline = {"label": "Headline", "value": value, "low": None, "high": None, "unit": "%"}
    return Evidence(name, headline, "dinoscope", 0, "f" * 64, "a machine", "2026-11-20", 1.0, rows, ["A note."])


def test_one_table_stands_open_and_the_rest_is_folded():
    rows = [{"set": "brain_mri", "n": 1}, {"other": 2}]
    text = readme.page({"x": evidence("x", rows)}, "f" * 64)
    before, folded = text.split("<details>")
    assert "| Brain MRI tumour | 1 |" in before
    assert "| other |" in folded
    assert "A note." in folded
    assert "7 %" in before


def test_a_long_table_is_left_to_its_file():
    rows = [{"set": s, "n": i} for s in ("a", "b", "mean") for i in range(30)]
    before, folded = readme.page({"x": evidence("x", [{"mean": 3}, *rows])}, "f" * 64).split("<details>")
    assert "| mean |\n| --- |\n| 3 |" in before
    assert "| a |" not in before + folded
    assert "1 longer tables: `model_assets/evidence/x.json`" in folded


def test_what_could_not_run_never_stands_open_in_place_of_the_results():
    rows = [{"set": "a", "n": i} for i in range(30)] + [{"encoder": "far away", "ran": "no", "why": "no network"}]
    before, folded = readme.page({"x": evidence("x", rows)}, "f" * 64).split("<details>")
    assert "far away" not in before
    assert "far away" in folded


def test_what_was_measured_on_another_backbone_says_so():
    measured = {"x": evidence("x", [{"set": "brain_mri", "n": 1}])}
    assert "earlier backbone" in readme.page(measured, "e" * 64)
    assert "earlier backbone" not in readme.page(measured, "f" * 64)


def test_the_readmes_table_has_every_rival_the_best_first():
    rows = [
        {"baseline": name, "mean": mean, "backbone better by": round(78 - mean, 1), "from": 1.0, "to": 2.0}
        for name, mean in (("pixels", 60.0), ("small ResNet", 79.5))
    ]
    lines = readme.rivals({"backbone": replace(evidence("backbone", rows, 78), headline=HEADLINE)}).splitlines()
    assert lines[2:] == [
        "| **frozen backbone, linear head** | **78** (75 to 80) | | |",
        "| small ResNet | 79.5 | -1.5 | 1 to 2 |",
        "| pixels | 60 | 18 | 1 to 2 |",
    ]


def test_without_evidence_it_says_so():
    assert readme.page({}, "").endswith("Nothing has been measured yet.\n")
    assert readme.rivals({}) == "Nothing has been measured yet."


def frozen():
    row = {"split": "grouped", "set": "brain_mri"}
    rows = [{"mean of": "1 sets", "method": "backbone, linear", "accuracy": 80.0}]
    rows += [row | {"method": "backbone, linear", "accuracy": 80.0}]
    rows += [row | {"method": "supervised from scratch", "accuracy": 70.5}]
    rows += [row | {"method": "small ResNet from scratch", "accuracy": 82.5}]
    rows += [{"split": "official", "set": "brain_mri", "method": "backbone, linear", "accuracy": 61.5}]
    return [*rows, {"encoder": "facebook/dinov2-small", "ran": "no", "why": "no network"}]


def labels():
    row = {"set": "mean", "95 % of it": 1, "labels a class": 30}
    ends = {"logistic regression": 70.0, "small ResNet from scratch": 75.0}
    few = {"logistic regression": 61.0, "small ResNet from scratch": 48.5}
    curve = {"set": "mean", "labels a class": 10.0}
    rows = [{"method": m, "10 a class": v} for m, v in few.items()]
    rows += [curve | {"method": m, "balanced accuracy": v} for m, v in few.items()]
    return [*rows, *(row | {"method": m, "with all labels": v} for m, v in ends.items())]


def start():
    row = {"difference": 0.1, "p, Holm": 0.01}
    return [row | {"way": w, "against": o} for w in ("frozen", "fine-tuned") for o in ("supervised", "random")]


def encoders():
    row = {"set": "busi", "probe": "segmentation", "measure": "Dice", "value": 0.5, "method": "bundled"}
    age = {"set": "odir: age", "probe": "metadata", "measure": "R2", "value": 0.21, "method": "bundled"}
    baseline = row | {"method": "mean shape", "value": 0.3}
    random = row | {"method": "random weights", "value": 0.4}
    ran = [{"encoder": name, "ran": "yes", "why": ""} for name in ("bundled", "random weights")]
    return [row, random, baseline, age, *ran]


def fusion():
    row = {"set": "s", "labels, %": 1.0}
    kappas = {"self-attention": 0.41, "best single encoder": 0.37, "concatenation": 0.39}
    gain = row | {"kappa of self-attention above the best single encoder's": 0.04, "from": -0.01, "to": 0.09}
    return [*(row | {"method": m, "kappa": k} for m, k in kappas.items()), gain]


WORDS = {
    "frozen": (
        frozen,
        [
            "80.0 %",
            "70.5 %",
            "82.5 %",
            "ahead of the first on 1 and of the second on 0 of 1",
            "Brain MRI tumour 61.5 %",
            "1 encoders of the hub did not run",
        ],
    ),
    "labels": (labels, ["70 %", "75 %", "48.5 %", "61 %", "fall behind", "with 7 labels a class"]),
    "start": (start, ["frozen against a supervised start it is ahead on 1 of 1 findings (1 significantly, and 0"]),
    "encoders": (encoders, ["Dice of 0.5", "random weights 0.4,", "0.3;", "0.21", "unmeasured"]),
    "fusion": (
        fusion,
        ["0.41 against 0.37 and 0.39", "7 of 1 comparisons", "significantly ahead in 0 and behind in 0"],
    ),
}


@pytest.mark.parametrize("name", claims.SOURCES)
def test_each_sources_paragraph_is_filled_from_its_own_file(name):
    rows, words = WORDS[name]
    text = claims.paragraphs({name: evidence(name, rows())})
    assert [w for w in words if w not in text] == []


def test_a_source_that_was_not_repeated_has_no_paragraph():
    assert claims.paragraphs({"backbone": evidence("backbone", [])}) == ""
    assert "What the sources claimed" not in readme.page({"x": evidence("x", [])}, "f" * 64)

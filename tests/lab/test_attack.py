"""The attack in small: the same choices for the same seed, nothing but this machine, and no fault found."""

from __future__ import annotations

from pathlib import Path

import pytest

from dinoscope_lab import attack
from dinoscope_lab.attack import calls, files, same
from dinoscope_lab.caller import ANSWER, Caller, Outcome


def test_the_same_seed_makes_the_same_files_of_which_none_is_like_another():
    first, second = (list(files.malformed(60, 3)) for _ in range(2))
    assert first == second
    assert len({data for _, data in first}) > 50
    assert list(files.malformed(60, 4)) != first


def test_the_same_seed_makes_the_same_calls_and_the_few_are_all_tried():
    page = {"dependencies": [{"id": 0, "inputs": [1], "targets": [[2, "click"]]}]}
    first, second = ([a.what for a in calls.abusive(200, 3, page, "case")] for _ in range(2))
    assert first == second
    assert len(first) == 200
    assert {a for a in first if a.startswith("GET")} == {f"GET {path:.60}" for path in calls.ROUTES}


def test_no_other_machine_is_ever_attacked():
    for address in ("http://example.invalid:7860", "https://127.0.0.1.example.invalid", "http://localhost:7860"):
        with pytest.raises(ValueError, match="is not on this machine"):
            Caller(address)


def test_an_answer_that_differs_under_load_is_found(monkeypatch, tmp_path):
    (tmp_path / "a.png").touch()
    asked = []

    class Fickle:
        def __init__(self, address):
            pass

        def upload(self, name, data):
            return {}

        def call(self, verb, *values):
            asked.append(verb)
            return Outcome(ANSWER, "", 0, [{"task": "x", "cases": [0.5, 0.25 if len(asked) != 9 else 0.5]}])

    monkeypatch.setattr(same, "Caller", Fickle)
    told = same.answers("", [("x", "case", tmp_path / "a.png")], 12, 0)
    assert len(told) == 1
    assert told[0].endswith("('/0/cases/1', 0.25) / ('/0/cases/1', 0.5)")


@pytest.mark.slow
def test_strangers_in_small_find_no_fault(tiny_assets: Path, tmp_path: Path):
    size = attack.Size(files=12, calls=150, visitors=2, seconds=2, same=60, settle=0)
    rows = list(attack._strangers(tiny_assets, size, 0, tmp_path))
    assert {row["attack"]: row["faults"] for row in rows if row["faults"]} == {}
    assert sum(row["tried"] for row in rows) > 150

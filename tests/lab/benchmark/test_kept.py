"""The harness: a part is measured once, and again when what its numbers depend on has changed."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from dinoscope import evidence
from dinoscope.evidence import TABLE, Column, Table
from dinoscope_lab.benchmark import kept, source
from dinoscope_lab.benchmark.kept import Kept, Made, PausedError
from dinoscope_lab.benchmark.study import Report, Study, headline

MADE = Made(0, "code", "network", "split")


@pytest.fixture
def study(encoder, public_pictures, tmp_path):
    """A study on the tiny backbone and the made-up sets."""
    return Study(
        "thing", "dinoscope benchmark thing", encoder, public_pictures, tmp_path / "cache", tmp_path / "assets"
    )


def counted(calls: list, n: int = 1):
    def measure():
        calls.append(n)
        yield {"n": n}

    return measure


def test_a_finished_part_is_not_measured_again_by_a_later_run(tmp_path):
    calls: list = []
    for _ in range(2):
        assert Kept(tmp_path / "x.jsonl").part("a", counted(calls), MADE) == [{"n": 1}]
    assert calls == [1]


@pytest.mark.parametrize("field", ["seed", "code", "network", "split"])
def test_a_part_is_forgotten_when_anything_it_depends_on_has_changed(tmp_path, field):
    Kept(tmp_path / "x.jsonl").part("a", counted([], 1), MADE)
    changed = replace(MADE, **{field: 7 if field == "seed" else "other"})
    assert Kept(tmp_path / "x.jsonl").part("a", counted([], 2), changed) == [{"n": 2}]
    assert Kept(tmp_path / "x.jsonl").part("a", counted([], 3), changed) == [{"n": 2}]


def test_parts_of_earlier_code_are_taken_up_where_somebody_insists_and_are_counted(tmp_path):
    Kept(tmp_path / "x.jsonl").part("a", counted([], 1), MADE)
    stubborn = Kept(tmp_path / "x.jsonl", stubborn=True)
    assert stubborn.part("a", counted([], 2), replace(MADE, code="new")) == [{"n": 1}]
    assert stubborn.older == 1
    assert stubborn.part("a", counted([], 2), replace(MADE, code="new", network="new")) == [{"n": 2}]


def test_a_line_that_a_kill_cut_off_is_measured_again_and_the_rest_is_kept(tmp_path):
    path, calls = tmp_path / "x.jsonl", []
    for key in "ab":
        Kept(path).part(key, counted(calls), MADE)
    path.write_text(path.read_text()[:-20])
    again = Kept(path)
    for key in "abc":
        again.part(key, counted(calls), MADE)
    assert len(calls) == 4
    last = Kept(path)
    for key in "abc":
        last.part(key, counted(calls), MADE)
    assert len(calls) == 4


def test_what_was_done_before_a_part_is_told_by_the_run_that_goes_on(tmp_path, monkeypatch):
    now, path = [0.0], tmp_path / "x.jsonl"
    monkeypatch.setattr(kept, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def in_ten_seconds():
        now[0] += 10
        return [{"n": 1}]

    first = Kept(path)
    now[0] += 3  # a network that the parts read is trained
    for key in "ab":
        first.part(key, in_ten_seconds, MADE)
        now[0] += 2
    assert first.spent == now[0] == 27
    again = Kept(path)
    now[0] += 1
    for key in "ab":
        again.part(key, in_ten_seconds, MADE)
    now[0] += 5
    assert again.spent == 3 + 10 + 2 + 10 + 5


def test_no_part_is_begun_once_the_time_is_over_and_what_is_finished_is_kept(tmp_path):
    path = tmp_path / "x.jsonl"
    Kept(path).part("a", counted([], 1), MADE)
    late = Kept(path, until=time.monotonic() - 1)
    assert late.part("a", counted([], 2), MADE) == [{"n": 1}]
    with pytest.raises(PausedError, match="b"):
        late.part("b", counted([], 2), MADE)


def test_the_time_left_is_what_the_parts_ahead_took_before(tmp_path):
    path, said = tmp_path / "x.jsonl", []
    lines = [{"key": k, "made": {}, "seconds": 90.0, "rows": []} for k in "abc"]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    kept = Kept(path, say=said.append)
    kept.unsaid -= 10
    kept.part("a", counted([]), MADE)
    assert said == ["x: a in 0 s, about 3 min left"]


def test_the_code_that_counts_is_what_a_module_says_and_imports_not_how_it_is_told(tmp_path):
    room = tmp_path / "dinoscope_lab"
    room.mkdir()
    (room / "__init__.py").write_text("")
    (room / "one.py").write_text('"""Says."""\nfrom .two import two\n\ndef one():\n    return two()\n')
    (room / "two.py").write_text("def two():\n    return 2\n")

    def now() -> str:
        for cached in (source.fingerprint, source._imports, source._meaning):
            cached.cache_clear()
        return source.fingerprint("dinoscope_lab.one", tmp_path)

    first = now()
    (room / "one.py").write_text('"""Other words."""\nfrom .two import two\n\n# why\ndef one():\n    return two()\n')
    assert now() == first
    (room / "two.py").write_text("def two():\n    return 3\n")
    assert now() != first


def test_a_measurement_is_written_with_its_split_and_the_seconds_of_all_its_parts(study):
    study.part("a", lambda: [{"n": 1}])
    (line,) = (json.loads(x) for x in study.parts.path.read_text().splitlines())
    study.parts.path.write_text(json.dumps(line | {"seconds": 1234.5}) + "\n")
    again = replace(study)
    again.part("a", list)
    table = Table("t", "T", TABLE, (Column("n", digits=0),), [{"n": 1}])
    path = again.write(Report(headline("L", 1), [table], ["Note."]))
    found = evidence.read(path.parent)["thing"]
    assert 1234 <= found.seconds < 1300
    assert found.tables == [table]
    assert (path, found.command) == (study.assets / "evidence" / "thing.json", study.command)


def test_a_quick_run_takes_a_few_pictures_and_leaves_the_evidence_alone(study):
    quick = replace(study, quick=True)
    assert len(quick.pool("colours").samples) <= len(study.pool("colours").samples)
    assert not quick.write(Report(headline("L", 1), [], [])).is_relative_to(study.assets)
    assert not study.assets.exists()


def test_another_fold_of_a_picture_is_another_split(study):
    pool = study.pool("colours")
    assert pool.split == study.pool("colours").split
    assert replace(pool, fold=(pool.fold + 1) % 5).split != pool.split

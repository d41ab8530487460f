"""Measuring everything: two at a time, one that fails stops the rest and is named, and no line of evidence is lost."""

from __future__ import annotations

import argparse
import math
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dinoscope import manifest
from dinoscope.evidence import TABLE, Column, Table
from dinoscope_lab import evidence
from dinoscope_lab.benchmark import NAMES, everything
from dinoscope_lab.benchmark.study import headline


def test_a_measurement_that_fails_is_named_and_stops_the_rest(run_python, tmp_path):
    run = run_python("-m", "dinoscope", "benchmark", "all", "--images", str(tmp_path))
    assert run.returncode == 1
    assert "not measured, for the reason above: " in run.stderr
    begun = [name for name in NAMES if f"{name}, 1 of {len(NAMES)}: 0 s so far" in run.stdout]
    assert begun
    assert all(name in run.stderr.splitlines()[-1] for name in begun)
    assert str(tmp_path) in run.stderr
    assert "Traceback" not in run.stderr
    assert "replications/frozen" not in run.stdout + run.stderr
    assert "conformance" not in run.stdout + run.stderr


def test_a_measurement_waits_for_what_another_one_trains_while_no_lane_stands_idle(monkeypatch):
    began, ended = {}, {}

    def one(run, name, threads=None):
        began[name] = time.monotonic()
        time.sleep(0.4 if name == "replications/start" else 0.01)
        ended[name] = time.monotonic()
        run.ahead.pop(name)

    monkeypatch.setattr(everything.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(everything._Run, "one", one)
    everything.measure(argparse.Namespace(quick=False, minutes=math.inf))
    assert set(ended) == set(NAMES)
    assert began["replications/labels"] < ended["replications/start"] < began["replications/encoders"]
    assert max(ended[n] for names in everything.CHAINS for n in names) < min(began[n] for n in everything.ALONE)


def test_what_is_long_begins_first_together_with_what_waits_for_it(monkeypatch):
    began = []
    times = dict.fromkeys(NAMES, 1.0) | {"phantoms": 30.0, "trust": 30.0, "replications/encoders": 50.0}

    def one(run, name, threads=None):
        began.append(name)
        run.ahead.pop(name)

    monkeypatch.setattr(everything, "LANES", 1)
    monkeypatch.setattr(everything, "_expected", lambda quick: dict(times))
    monkeypatch.setattr(everything._Run, "one", one)
    everything.measure(argparse.Namespace(quick=False, minutes=math.inf))
    assert began[:4] == ["phantoms", "trust", "replications/start", "replications/encoders"]
    assert began[-len(everything.ALONE) :] == list(everything.ALONE)


def test_a_measurement_that_waits_for_one_that_was_not_finished_is_named_with_it(monkeypatch, capsys):
    def one(run, name, threads=None):
        if name.endswith(("start", "encoders")):
            run.paused.append(name)
        else:
            run.ahead.pop(name)

    monkeypatch.setattr(everything._Run, "one", one)
    everything.measure(argparse.Namespace(quick=False, minutes=math.inf))
    assert "paused before replications/start, replications/encoders" in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_told_before_anything_is_loaded(run_python, tmp_path):
    run = run_python("-m", "dinoscope", "benchmark", "backbone", "--images", str(tmp_path / "nowhere"))
    assert run.returncode == 1
    assert "nowhere; --images names the one with the data sets" in run.stderr


def test_measurements_that_end_together_lose_no_line_of_the_manifest(tmp_path):
    folder = tmp_path / "evidence"
    folder.mkdir()
    for name in manifest.BACKBONE:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    manifest.write(tmp_path)
    table = Table("tiny", "Made up", TABLE, (Column("task"),), [{"task": "colours"}])
    paths = [folder / f"{i}.json" for i in range(12)]

    def ends(path: Path) -> None:
        evidence.write(path, headline("right", 0.9), evidence.How("tiny", 0, "", 1.0), [table], [])

    with ThreadPoolExecutor(len(paths)) as pool:
        list(pool.map(ends, paths))
    listed = (tmp_path / manifest.MANIFEST).read_text()
    assert all(f"evidence/{p.name}" in listed for p in paths)

"""Measuring everything: one measurement that fails stops the rest, and says which it was."""

from __future__ import annotations

from dinoscope_lab.benchmark import NAMES


def test_a_measurement_that_fails_is_named_and_stops_the_rest(run_python, tmp_path):
    run = run_python("-m", "dinoscope", "benchmark", "all", "--images", str(tmp_path))
    assert run.returncode == 1
    assert "backbone was not measured" in run.stderr
    assert str(tmp_path) in run.stderr
    assert run.stdout.startswith(f"1 of {len(NAMES)}, backbone: 0 s so far")
    assert "Traceback" not in run.stderr
    assert "phantoms" not in run.stdout + run.stderr


def test_a_folder_that_is_not_there_is_told_before_anything_is_loaded(run_python, tmp_path):
    run = run_python("-m", "dinoscope", "benchmark", "backbone", "--images", str(tmp_path / "nowhere"))
    assert run.returncode == 1
    assert "nowhere; --images names the one with the data sets" in run.stderr

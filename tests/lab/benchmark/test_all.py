"""Measuring everything: one measurement that fails stops the rest, and says which it was."""

from __future__ import annotations


def test_a_measurement_that_fails_is_named_and_stops_the_rest(run_python, tmp_path):
    run = run_python("-m", "dinoscope", "benchmark", "all", "--images", str(tmp_path / "nowhere"))
    assert run.returncode == 1
    assert "backbone was not measured" in run.stderr
    assert "nowhere" in run.stderr
    assert "Traceback" not in run.stderr
    assert "phantoms" not in run.stdout + run.stderr

"""Evidence: what is written is what is read, and long tables turn into wide ones without losing a number."""

from __future__ import annotations

from dinoscope_lab import evidence


def test_a_wide_table_has_a_row_for_each_name_and_averages_what_falls_together():
    rows = [
        {"method": "kNN", "labels": 10, "score": 60.0},
        {"method": "kNN", "labels": 10, "score": 70.25},
        {"method": "kNN", "labels": 50, "score": 80.0},
        {"method": "SVM", "labels": 50, "score": 0.58444},
    ]
    assert evidence.wide(rows, "method", lambda r: f"{r['labels']} a class", "score") == [
        {"method": "kNN", "10 a class": 65.1, "50 a class": 80.0},
        {"method": "SVM", "10 a class": None, "50 a class": 0.584},
    ]

"""Sizes: fold 1 chooses by pictures it has not been fitted to, and fold 0 is not even opened."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from dinoscope.fitting import datasets
from dinoscope_lab.benchmark import sizes
from dinoscope_lab.benchmark.pool import Pool
from fixtures.coloured import rows_of, write_set


@pytest.fixture
def study(encoder, tmp_path):
    """What the measurement asks of a study, on one small set under every name."""
    folder = write_set(tmp_path / "colours", rows_of())
    for path in (s.path for s in datasets.read(folder, None) if s.fold == 0):
        path.write_bytes(b"not to be read")
    return SimpleNamespace(encoder=encoder, quick=True, pool=lambda name: Pool.of(name, datasets.read(folder, None)))


def test_each_side_is_judged_on_fold_one_and_no_picture_of_fold_zero_is_opened(study):
    rows = list(sizes._measured(study, (28,)))
    assert [r["set"] for r in rows] == ["mean", *sizes.SETS[1:3]]
    assert {r["side"] for r in rows} == {"28"}
    assert rows[0]["linear"] == pytest.approx(np.mean([r["linear"] for r in rows[1:]]), abs=0.1)
    assert rows[1]["pictures"] == sum(s.fold == 1 for s in study.pool("x").samples)
    assert rows[1]["linear"] > 60  # three colours, a third of them by chance


def test_two_sides_are_read_as_one_longer_description(study):
    pool = sizes._chooses(study.pool("x"))
    small, large, both = (sizes._features(study, pool, sides)[0] for sides in ((28,), (56,), (28, 56)))
    assert np.allclose(both, np.concatenate([small, large], axis=1), atol=1e-5)

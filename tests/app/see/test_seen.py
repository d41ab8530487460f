"""What the network sees, through the workbench: the same for everybody, on the task's own axes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dinoscope.errors import RequestError
from dinoscope.fitting import axes as fitting
from dinoscope.see import sight
from dinoscope.see.axes import FILE, Axes
from fixtures.tiny import drawn


def test_a_task_brings_its_axes_and_a_picture_its_colours(workbench):
    seen = workbench.see(drawn("colours", "red", 700))
    assert seen.task == "colours"
    assert seen.colours.shape == (28, 28, 3)
    assert seen.vectors.shape == (784, 32)
    again = workbench.see(drawn("colours", "red", 700), "colours")
    np.testing.assert_array_equal(again.vectors, seen.vectors)
    assert 0 < seen.share <= 1


def test_the_coloured_share_is_of_all_that_varies_in_the_picture_not_of_the_components_that_are_kept(workbench):
    picture, axes = drawn("colours", "red", 700), workbench.tasks["colours"].axes
    (tokens,), (empty,) = sight.read(workbench.encoder, [picture])
    rows = ((tokens - axes.mean) / axes.spread)[~empty].astype(float)
    coloured = (rows @ axes.components[:, :3]).var(0).sum()
    assert workbench.see(picture, "colours").share == pytest.approx(coloured / rows.var(0).sum(), rel=1e-3)
    # Of axes that keep only what they colour, these are not everything.
    few = replace(axes, components=axes.components[:, :3])
    assert sight.look(workbench.encoder, few, picture).share < 0.999


def test_colours_are_the_tasks_own_whatever_picture_is_shown(workbench):
    picture = drawn("stripes", "across", 3)
    own, other = workbench.see(picture, "stripes"), workbench.see(picture, "colours")
    assert not np.array_equal(own.colours, other.colours)


def test_axes_are_fitted_again_the_same_and_without_a_test_picture(encoder, tiny_assets, public_pictures, tmp_path):
    told = []
    folder = tmp_path / "colours"
    folder.mkdir()
    for name in ("cases.jsonl",):
        (folder / name).write_bytes((tiny_assets / "tasks" / "colours" / name).read_bytes())
    fitted = fitting.write(encoder, folder, public_pictures / "colours", None, told.append)
    stored = Axes.load(tiny_assets / "tasks" / "colours" / FILE, encoder.fingerprint)
    np.testing.assert_array_equal(fitted.components, stored.components)
    assert told[-1].startswith("colours: colours from ")


def test_a_task_without_axes_says_what_to_do(workbench):
    tasks = {name: replace(task, axes=None) for name, task in workbench.tasks.items()}
    with pytest.raises(RequestError, match="was fitted without colours; fit it again with `dinoscope fit`"):
        replace(workbench, tasks=tasks).see(drawn("colours", "red", 700))

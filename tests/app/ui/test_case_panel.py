"""What can be put into the panel: a visitor's files, and examples by their names."""

from __future__ import annotations

import pytest

from dinoscope.errors import RequestError
from dinoscope.ui import examples
from dinoscope.ui.case_panel import AUTO
from fixtures.tiny import drawn


def test_of_several_files_the_first_is_read_and_the_others_are_spoken_of(panel, tmp_path):
    paths = []
    for name in ("a.png", "b.png", "c.png"):
        drawn("colours", "red", 3).save(tmp_path / name)
        paths.append(str(tmp_path / name))
    view = panel.upload(paths, AUTO)
    assert view.chosen.name == "a.png"
    assert "3 files came" in view.picture
    assert "this is a.png. The other 2 were left" in view.picture
    assert "files came" not in panel.upload(paths[:1], AUTO).picture


@pytest.mark.parametrize("key", ["", "colours", "colours/", "colours/none", "none/x", "../secret", "colours/../../x"])
def test_an_example_is_looked_up_and_never_a_path(workbench, panel, key):
    with pytest.raises(RequestError, match="no such example"):
        examples.named(workbench, key)
    assert "no such example" in panel.example({"example": key}, AUTO).picture

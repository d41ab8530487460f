"""The board of what the network sees: any case whose picture is at hand may stand beside the visitor's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dinoscope.errors import RequestError
from dinoscope.reading import images
from dinoscope.see.sight import Sight
from dinoscope.similar import Case, SimilarCase, thumbnails
from dinoscope.ui import see_view
from dinoscope.ui.see_view import Seer
from dinoscope.ui.visit import Chosen
from dinoscope.workbench import Workbench
from fixtures.tiny import drawn

OWN = Case("ours/1", ("red",), "own")
FAR = Case("far", ("red",), "public")


@pytest.fixture(scope="module")
def chosen(workbench) -> Chosen:
    decoded = images.read(drawn("colours", "red", 700))
    return Chosen(decoded, "a.png", reading=workbench.classify(decoded, "colours"))


def answering(workbench, monkeypatch, extra: list[SimilarCase]) -> Seer:
    """Searches find these besides what they find anyway."""
    search = Workbench.similar
    monkeypatch.setattr(Workbench, "similar", lambda self, *asked: [*extra, *search(self, *asked)])
    return Seer(workbench)


def test_an_own_or_fetched_case_stands_beside_the_picture_by_its_thumbnail(workbench, chosen, monkeypatch):
    small = thumbnails.make(drawn("colours", "red", 5))
    seer = answering(workbench, monkeypatch, [SimilarCase(OWN, 0.999, thumbnail=small), SimilarCase(FAR, 0.998)])
    offered = seer.cases(chosen)
    assert offered[0] == ("red (ours/1, from its thumbnail)", "ours/1")
    assert "far" not in [case_id for _, case_id in offered], "there is no picture of it"
    assert any(case_id.startswith("phantom_") for _, case_id in offered)
    board = seer.board(chosen, "ours/1")
    assert board.count('class="sight-stage"') == 2
    assert "from its thumbnail" in board
    assert 'class="sight-pairs"' in board


def test_a_bundled_case_is_shown_whole_and_an_unknown_one_not_at_all(workbench, chosen):
    seer = Seer(workbench)
    name, case_id = seer.cases(chosen)[0]
    assert "thumbnail" not in name
    assert seer.board(chosen, case_id).count('class="sight-stage"') == 2
    assert seer.board(chosen, "../secret").count('class="sight-stage"') == 1


def test_a_search_that_fails_leaves_the_colours_alone(workbench, chosen, monkeypatch):
    def fails(self, *asked):
        raise RequestError("The similar cases cannot be searched.")

    monkeypatch.setattr(Workbench, "similar", fails)
    seer = Seer(workbench)
    assert seer.cases(chosen) == []
    assert seer.board(chosen, "any").count('class="sight-stage"') == 1
    unread = replace(chosen, reading=None)
    assert (seer.cases(unread), seer.board(unread)) == ([], "")


def test_pairs_of_alike_places_leave_the_empty_border_out(workbench):
    grid = (2, 2)
    vectors = np.eye(4, dtype=np.int8) * 100
    here = Sight("colours", grid, np.zeros((2, 2, 3), np.uint8), vectors, np.array([1, 1, 0, 0], bool), 1.0)
    there = Sight("colours", grid, np.zeros((2, 2, 3), np.uint8), vectors, np.array([1, 0, 0, 0], bool), 1.0)
    assert see_view._pairs(here, there) == [[(25.0, 75.0), (75.0, 75.0)]] * 2

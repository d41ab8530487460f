"""What is pressed on the similar cases becomes the next request: liked, disliked and region stand in one place."""

from __future__ import annotations

import pytest

from dinoscope.errors import RequestError
from dinoscope.similar import SearchRequest
from dinoscope.similar.regions import Box
from dinoscope.ui.similar_view import Searcher
from dinoscope.ui.trail import Step, Trail
from fixtures.tiny import drawn


@pytest.fixture(scope="module")
def start(workbench):
    return Trail((Step(workbench.query(drawn("colours", "red", 501), "colours"), "your picture"),))


def test_each_button_changes_the_request_it_names(workbench, start):
    trail = start
    for said in (
        {"act": "more", "case": "phantom_red_1"},
        {"act": "less", "case": "phantom_blue_1"},
        {"act": "region", "box": [0.1, 0.2, 0.5, 0.6]},
    ):
        trail = Searcher(workbench).moved(trail, said)
    assert trail.now.request == SearchRequest(
        liked=("phantom_red_1",), disliked=("phantom_blue_1",), region=Box(0.1, 0.2, 0.5, 0.6)
    )
    assert Searcher(workbench).moved(trail, {"act": "whole"}).now.request.region is None
    assert Searcher(workbench).moved(trail, {"act": "forget", "case": "phantom_red_1"}).now.request.liked == ()
    assert Searcher(workbench).moved(trail, {"act": "back"}).now.request.region is None
    assert Searcher(workbench).moved(trail, {"act": "use", "case": "phantom_red_1"}).now.request == SearchRequest()
    with pytest.raises(RequestError, match="no case of"):
        Searcher(workbench).moved(trail, {"act": "use", "case": "nobody"})

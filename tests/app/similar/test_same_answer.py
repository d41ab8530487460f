"""The same question has the same answer: whoever asked before, how many ask at once, and where vectors tie."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dinoscope.explain.methods import METHODS
from dinoscope.reading.scope import unit
from dinoscope.similar import Case, CaseIndex, Storage
from dinoscope.similar.regions import Box
from fixtures import qdrant_server
from fixtures.looking import by_class, looks, search
from fixtures.tiny import drawn

RNG = np.random.default_rng(0)
VECTORS, CELLS = unit(RNG.normal(size=(400, 64))), unit(RNG.normal(size=(400, 4, 8)))
CASES = [Case(f"case_{i:03}", (("ant", "bee")[i % 2],), "public") for i in range(400)]


@pytest.fixture(params=["memory", "folder", "server"])
def index(request, tmp_path):
    """An empty index in each place that can hold one."""
    if request.param == "server":
        with qdrant_server.running() as server:
            yield CaseIndex(Storage(url=server.url))
        return
    index = CaseIndex(Storage(path=tmp_path if request.param == "folder" else None))
    yield index
    index.close()


def said(hits) -> list:
    return [(h.case.id, h.similarity) for h in hits]


def answers(index: CaseIndex) -> list:
    """Searches of every kind, as they are told."""
    plain = [said(search(index, looks("insects", v), 9)) for v in VECTORS[::4]]
    regions = [said(search(index, looks("insects", VECTORS[0], patches=c[:2]), 9)) for c in CELLS[::40]]
    liked = [
        said(search(index, looks("insects", v), 9, liked=("case_001",), disliked=("case_002",))) for v in VECTORS[:9]
    ]
    classes = [{k: said(v) for k, v in by_class(index, looks("insects", v), 3, 2).items()} for v in VECTORS[:9]]
    return [plain, regions, liked, classes]


def test_a_search_leaves_no_trace_in_the_index():
    index = CaseIndex()
    index.fill("insects", CASES, VECTORS, CELLS)
    kept = [index.get("insects", c.id)[1].tobytes() for c in CASES]
    first = answers(index)
    assert [index.get("insects", c.id)[1].tobytes() for c in CASES] == kept
    assert [answers(index) for _ in range(2)] == [first] * 2


def test_equal_similarities_are_ordered_by_id_however_the_cases_were_added(index):
    same = [np.eye(8, dtype=np.float32)[0]] * 40
    order = np.random.default_rng(1).permutation(40)
    index.attach("twins", 8, 0, "")
    index.add("twins", [CASES[i] for i in order], np.stack(same), None)
    query = unit(np.ones(8))
    for k in (1, 3, 7, 39):  # more tie than any first page of the index holds
        found = search(index, looks("twins", query), k, one_a_group=False)
        assert [h.case.id for h in found] == [c.id for c in CASES[:k]]
    groups = by_class(index, looks("twins", query), 2, 2)
    assert {k: [h.case.id for h in v] for k, v in groups.items()} == {
        "ant": ["case_000", "case_002"],
        "bee": ["case_001", "case_003"],
    }
    assert list(groups) == ["ant", "bee"]


def test_a_thousand_answers_at_once_are_the_ones_given_one_by_one(workbench):
    pictures = [drawn("colours", label, seed) for label in ("red", "green", "blue") for seed in (501, 502)]
    box = Box(0.2, 0.2, 0.7, 0.7)
    asks = [
        lambda p: workbench.classify(p, "colours"),
        lambda p: workbench.similar(p, "colours", k=9),
        lambda p: workbench.similar(p, "colours", k=5, region=box),
        lambda p: workbench.similar(p, "colours", k=5, liked=("phantom_red_1",), disliked=("phantom_blue_1",)),
        lambda p: workbench.differential(p, "colours"),
    ]
    work = [(ask, picture) for ask in asks for picture in pictures]
    alone = [ask(picture) for ask, picture in work]
    shuffled = np.random.default_rng(2).permutation(np.arange(1020) % len(work))
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda i: work[i][0](work[i][1]), shuffled))
    assert together == [alone[i] for i in shuffled]


def test_maps_drawn_at_once_are_the_ones_drawn_one_by_one(workbench):
    work = [(m, drawn("colours", label, 501)) for m in METHODS for label in ("red", "green")]

    def draw(i: int) -> bytes:
        method, picture = work[i]
        return workbench.explain(picture, "colours", method=method, seed=3, quick=True).saliency.tobytes()

    alone = [draw(i) for i in range(len(work))]
    order = np.random.default_rng(3).permutation(np.arange(4 * len(work)) % len(work))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(draw, order)) == [alone[i] for i in order]

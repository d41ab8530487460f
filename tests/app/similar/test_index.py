"""The case index answers like a plain scan of all vectors and leaves out what it should, wherever it is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from dinoscope.reading.scope import unit
from dinoscope.similar import Case, CaseIndex, Filters, Storage
from fixtures import qdrant_server
from fixtures.looking import by_class, looks, search

N, D, PATCHES, PATCH = 300, 16, 4, 8
LABELS = ("ant", "bee", "cow")


def alone(i: int) -> Case:
    """Case number i, in a group of its own."""
    origin = "phantom" if i % 5 == 0 else "public"
    return Case(f"case_{i}", (LABELS[i % 3],), origin, group=f"g{i}", pixels=f"{i:064x}", metadata={"age": i})


CASES = [alone(i) for i in range(N)]
VECTORS = unit(np.random.default_rng(0).normal(size=(N, D)))
CELLS = unit(np.random.default_rng(2).normal(size=(N, PATCHES, PATCH)))
QUERIES = unit(np.random.default_rng(1).normal(size=(40, D)))


@pytest.fixture(scope="module", params=["memory", "folder", "server"])
def engine(request, tmp_path_factory):
    """An index in each place that can hold one, with nothing in it yet."""
    if request.param == "server":
        with qdrant_server.running() as server:
            yield CaseIndex(Storage(url=server.url))
        return
    folder = tmp_path_factory.mktemp("index") if request.param == "folder" else None
    index = CaseIndex(Storage(path=folder))
    yield index
    index.close()


@pytest.fixture(scope="module")
def index(engine):
    """An index of insects, with their patches."""
    engine.fill("insects", CASES, VECTORS, CELLS)
    return engine


def scan(score: np.ndarray, k: int, wanted=lambda case: True) -> list[str]:
    """Ids of the k cases with the highest score, the slow way."""
    return [CASES[i].id for i in np.argsort(-score) if wanted(CASES[i])][:k]


def ids(found) -> list[str]:
    return [s.case.id for s in found]


def number(found) -> int:
    return int(found.case.id[5:])


def test_search_finds_what_a_scan_of_all_cases_finds(index):
    for query in QUERIES[:12]:
        found = search(index, looks("insects", query), 7)
        assert ids(found) == scan(VECTORS @ query, 7)
        assert [h.similarity for h in found] == pytest.approx([VECTORS[number(h)] @ query for h in found], abs=1e-5)
        assert all(a.similarity >= b.similarity for a, b in pairwise(found))


def test_a_found_case_is_the_case_that_was_put_in(index):
    hit = search(index, looks("insects", QUERIES[0]), 1)[0]
    assert hit.case == CASES[number(hit)]
    assert hit.case.metadata == {"age": number(hit)}


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (Filters(), lambda c: True),
        (Filters(labels=("bee",)), lambda c: c.labels == ("bee",)),
        (Filters(labels=("bee", "cow")), lambda c: c.labels[0] != "ant"),
        (Filters(origins=("phantom",)), lambda c: c.origin == "phantom"),
        (Filters(("ant",), ("public",)), lambda c: c.labels == ("ant",) and c.origin == "public"),
        (Filters(ranges={"age": (40, 90)}), lambda c: 40 <= c.metadata["age"] <= 90),
        (Filters(("cow",), ranges={"age": (None, 90)}), lambda c: c.labels == ("cow",) and c.metadata["age"] <= 90),
    ],
)
def test_filters_narrow_the_search_without_changing_its_order(index, filters, wanted):
    for query in QUERIES[:4]:
        assert ids(search(index, looks("insects", query), 6, filters=filters)) == scan(VECTORS @ query, 6, wanted)


def test_a_filter_that_nothing_meets_finds_nothing(index):
    assert search(index, looks("insects", QUERIES[0]), 5, filters=Filters(labels=("dog",))) == []


def test_the_filter_that_leaves_nothing_is_named(index):
    assert index.emptied_by("insects", Filters(("ant",), choices={"sex": ("male",)})) == ["Sex"]
    # Case 15 is an ant and drawn, but no other of these ages is.
    together = Filters(("bee",), ("phantom",), ranges={"age": (0, 9)})
    assert index.emptied_by("insects", together) == ["Class", "Origin", "Age"]
    assert index.count("insects", replace(together, labels=())) == 2


def test_the_same_picture_among_the_cases_is_left_out(index):
    assert ids(search(index, looks("insects", VECTORS[17]), 1)) == ["case_17"]
    found = search(index, looks("insects", VECTORS[17], pixels=CASES[17].pixels), 5)
    assert ids(found) == scan(VECTORS @ VECTORS[17], 5, lambda c: c.id != "case_17")


def test_a_case_is_given_back_with_its_vector_and_patches_and_an_unknown_one_is_not(index):
    case, vector, patches = index.get("insects", "case_17")
    assert case == CASES[17]
    np.testing.assert_allclose(vector, VECTORS[17], atol=1e-5)
    np.testing.assert_allclose(patches, CELLS[17], atol=1e-5)
    assert index.get("insects", "case_999") is None
    assert index.known("insects", ["case_3", "case_999"]) == {"case_3"}


def test_the_nearest_of_every_class_are_those_a_filter_on_the_class_finds(index):
    for query in QUERIES[:3]:
        found = by_class(index, looks("insects", query), 2, 3)
        assert set(found) == set(LABELS)
        best = [hits[0].similarity for hits in found.values()]
        assert best == sorted(best, reverse=True)
        for label, hits in found.items():
            assert ids(hits) == ids(search(index, looks("insects", query), 2, filters=Filters(labels=(label,))))


def test_a_class_of_which_all_cases_are_farthest_is_found_too(engine):
    query = np.eye(D, dtype=np.float32)[0]
    near = unit(query + 0.01 * VECTORS)
    near[-2:] = -query
    cases = [replace(c, labels=("dodo",) if i >= N - 2 else ("ant",)) for i, c in enumerate(CASES)]
    engine.fill("rare", cases, near)
    found = by_class(engine, looks("rare", query), 3, 2)
    assert [len(hits) for hits in found.values()] == [3, 2]
    assert {h.case.id for h in found["dodo"]} == {cases[-1].id, cases[-2].id}
    dodos = search(engine, looks("rare", query), 2, filters=Filters(labels=("dodo",)))
    assert {h.case.id for h in dodos} == {cases[-1].id, cases[-2].id}


def test_liked_cases_draw_the_search_towards_them_and_disliked_ones_push_it_away(index):
    query, liked, disliked = QUERIES[0], 5, 9
    wanted = 2 * (query + VECTORS[liked]) / 2 - VECTORS[disliked]
    found = search(index, looks("insects", query), 5, liked=("case_5",), disliked=("case_9",))
    assert ids(found) == scan(VECTORS @ wanted, 5, lambda c: c.id not in ("case_5", "case_9"))
    # The similarity is still the one with the picture.
    assert [h.similarity for h in found] == pytest.approx([VECTORS[number(h)] @ query for h in found], abs=1e-5)


def test_a_region_ranks_by_the_best_patch_of_each_case(index):
    asked = unit(np.random.default_rng(3).normal(size=(3, PATCH)))
    score = np.einsum("qd,npd->nqp", asked, CELLS).max(axis=2).mean(axis=1)
    found = search(index, looks("insects", QUERIES[0], patches=asked), 5)
    assert ids(found) == scan(score, 5)
    assert [h.similarity for h in found] == pytest.approx([score[number(h)] for h in found], abs=1e-5)
    np.testing.assert_allclose(found[0].patches, CELLS[number(found[0])], atol=1e-5)
    cows = by_class(index, looks("insects", QUERIES[0], patches=asked), 2, 3)["cow"]
    assert ids(cows) == scan(score, 2, lambda c: c.labels == ("cow",))


def test_fewer_cases_than_asked_for_are_all_returned(engine):
    engine.fill("few", CASES[:3], np.eye(3, D, dtype=np.float32))
    assert sorted(ids(search(engine, looks("few", QUERIES[0]), 50))) == ["case_0", "case_1", "case_2"]


def test_one_case_a_patient_however_many_pictures_the_patient_has(engine):
    # The 60 nearest are all of one patient; behind them come five others.
    near = np.array([1.0, 0.0]) + np.linspace(0, 0.1, 60)[:, None] * [0, 1]
    far = np.array([[0.5, 1], [0.4, 1], [0.3, 1], [0.2, 1], [0.1, 1]])
    members = [Case(f"a{i}", ("ant",), "public", group="patient a") for i in range(60)]
    others = [Case(f"b{i}", ("bee",), "public", group=f"patient {i}") for i in range(5)]
    engine.fill("people", members + others, np.concatenate([near, far]).astype(np.float32))
    query = np.array([1, 0], np.float32)
    assert ids(search(engine, looks("people", query), 5)) == ["a0", "b0", "b1", "b2", "b3"]
    assert ids(search(engine, looks("people", query), 50)) == ["a0", "b0", "b1", "b2", "b3", "b4"]
    assert ids(search(engine, looks("people", query), 4, one_a_group=False)) == ["a0", "a1", "a2", "a3"]
    assert ids(search(engine, looks("people", query, group="patient a"), 2)) == ["b0", "b1"]


def test_cases_without_a_group_do_not_crowd_each_other_out(engine):
    engine.fill("loose", [Case(f"c{i}", ("ant",), "public") for i in range(4)], np.eye(4, D, dtype=np.float32))
    assert len(search(engine, looks("loose", QUERIES[0]), 4)) == 4


def test_filling_again_sends_nothing_and_changes_nothing(index):
    before = search(index, looks("insects", QUERIES[0]), 10)
    assert index.fill("insects", CASES, VECTORS, CELLS) == 0
    assert index.count("insects") == N
    assert search(index, looks("insects", QUERIES[0]), 10) == before


def test_filling_sends_only_what_is_missing_or_has_changed(engine):
    engine.fill("moved", CASES[:40], VECTORS[:40])
    changed = [replace(c, licence="CC0") if i == 7 else c for i, c in enumerate(CASES[:50])]
    assert engine.fill("moved", changed, VECTORS[:50]) == 11
    assert engine.get("moved", "case_7")[0].licence == "CC0"


def test_filling_anew_forgets_the_old_cases_but_not_those_that_were_added(engine):
    engine.fill("changing", CASES[:20], VECTORS[:20])
    assert engine.add("changing", CASES[20:25], VECTORS[20:25], None) == 5
    engine.fill("changing", CASES[:10], VECTORS[:10])
    assert engine.count("changing") == 15
    assert engine.get("changing", "case_15") is None
    assert engine.get("changing", "case_22") is not None


def test_vectors_of_another_backbone_are_kept_apart(engine):
    engine.fill("spaces", CASES[:10], VECTORS[:10], space="one backbone")
    engine.fill("spaces", CASES[:4], VECTORS[4:8], space="another")
    assert engine.count("spaces") == 4
    assert engine.fill("spaces", CASES[:10], VECTORS[:10], space="one backbone") == 0


def test_tasks_do_not_see_each_others_cases(engine):
    engine.fill("one", CASES[:3], VECTORS[:3])
    engine.fill("two", CASES[3:6], VECTORS[3:6])
    assert sorted(ids(search(engine, looks("one", VECTORS[4]), 10))) == ["case_0", "case_1", "case_2"]


def test_eight_threads_find_what_one_finds(index):
    asked = [(looks("insects", q), f) for q in QUERIES[:20] for f in (Filters(), Filters(labels=("bee",)))]
    alone_ = [search(index, q, 5, filters=f) for q, f in asked]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda a: search(index, a[0], 5, filters=a[1]), asked * 2))
    assert together == alone_ * 2


def test_a_case_survives_a_file_and_ignores_keys_of_a_later_version():
    entry = {"id": "x", "labels": ["ant", "bee"], "origin": "public", "metadata": {"age": 40}, "added_later": 1}
    assert Case.of(entry) == Case("x", ("ant", "bee"), "public", metadata={"age": 40})


def test_a_collection_that_is_expected_is_filled_once_by_whoever_asks_first():
    index, filled = CaseIndex(), []

    def fill(task: str) -> None:
        filled.append(task)
        index.fill(task, CASES, VECTORS)

    for task in ("ants", "bees"):
        index.expect(task, lambda task=task: fill(task))
    said = "The cases of {} are still being made ready; a search among them takes a little longer."
    assert index.filling == (said.format("2 tasks"),)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: index.count("ants"), range(8))) == {N}
    assert filled == ["ants"]
    assert index.filling == (said.format("one task"),)
    assert index.complete() == 1
    assert filled == ["ants", "bees"]
    assert index.complete() == 0
    assert index.filling == ()
    assert index.count("bees") == N

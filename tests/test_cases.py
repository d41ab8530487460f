"""The case index answers like a plain scan of all vectors, and leaves out what it should."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest

from src.cases import Case, CaseIndex, Filters
from src.scope import unit

N, D = 300, 16
LABELS = ("ant", "bee", "cow")


def alone(i: int) -> Case:
    """Case number i, in a group of its own."""
    origin = "phantom" if i % 5 == 0 else "public"
    return Case(f"case_{i}", (LABELS[i % 3],), origin, group=f"g{i}", pixels=f"{i:064x}", metadata={"age": i})


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [alone(i) for i in range(N)]


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return unit(np.random.default_rng(0).normal(size=(N, D)))


@pytest.fixture(scope="module")
def index(cases, vectors):
    index = CaseIndex()
    index.fill("insects", cases, vectors)
    yield index
    index.close()


def queries(n: int = 12) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(n, D)).astype(np.float32)


def scan(query: np.ndarray, cases: list[Case], vectors: np.ndarray, k: int, wanted=lambda case: True) -> list[str]:
    """Ids of the k nearest by cosine, the slow way."""
    cosine = vectors @ query / np.linalg.norm(query) / np.linalg.norm(vectors, axis=1)
    return [cases[i].id for i in np.argsort(-cosine) if wanted(cases[i])][:k]


def ids(found) -> list[str]:
    return [s.case.id for s in found]


def test_search_finds_what_a_scan_of_all_cases_finds(index, cases, vectors):
    for query in queries():
        found = index.search("insects", query, 7)
        assert ids(found) == scan(query, cases, vectors, 7)
        cosines = [float(vectors[int(s.case.id[5:])] @ query / np.linalg.norm(query)) for s in found]
        assert [s.similarity for s in found] == pytest.approx(cosines, abs=1e-5)
        assert all(a.similarity >= b.similarity for a, b in pairwise(found))


def test_a_found_case_is_the_case_that_was_put_in(index, cases):
    case = index.search("insects", queries(1)[0], 1)[0].case
    assert case == cases[int(case.id[5:])]
    assert case.metadata == {"age": int(case.id[5:])}


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (Filters(), lambda c: True),
        (Filters(labels=("bee",)), lambda c: c.labels == ("bee",)),
        (Filters(labels=("bee", "cow")), lambda c: c.labels[0] != "ant"),
        (Filters(origins=("phantom",)), lambda c: c.origin == "phantom"),
        (Filters(("ant",), ("public",)), lambda c: c.labels == ("ant",) and c.origin == "public"),
    ],
)
def test_filters_narrow_the_search_without_changing_its_order(index, cases, vectors, filters, wanted):
    for query in queries(4):
        assert ids(index.search("insects", query, 6, filters)) == scan(query, cases, vectors, 6, wanted)


def test_a_filter_that_nothing_meets_finds_nothing(index):
    assert index.search("insects", queries(1)[0], 5, Filters(labels=("dog",))) == []


def test_the_same_picture_among_the_cases_is_left_out(index, cases, vectors):
    query = vectors[17]
    assert ids(index.search("insects", query, 1)) == ["case_17"]
    found = index.search("insects", query, 5, pixels=cases[17].pixels)
    assert ids(found) == scan(query, cases, vectors, 5, lambda c: c.id != "case_17")


def test_a_case_asked_for_by_its_id_is_left_out_itself(index, cases, vectors):
    found = index.search("insects", "case_17", 5)
    assert ids(found) == scan(vectors[17], cases, vectors, 5, lambda c: c.id != "case_17")


def test_an_unknown_id_is_named(index):
    with pytest.raises(KeyError, match="insects has no case 'case_999'"):
        index.search("insects", "case_999", 5)


def test_fewer_cases_than_asked_for_are_all_returned():
    index = CaseIndex()
    index.fill("few", [alone(i) for i in range(3)], np.eye(3, D, dtype=np.float32))
    assert sorted(ids(index.search("few", queries(1)[0], 50))) == ["case_0", "case_1", "case_2"]


def test_one_case_a_patient_however_many_pictures_the_patient_has():
    # The 60 nearest are all of one patient; behind them come five others.
    near = np.array([1.0, 0.0]) + np.linspace(0, 0.1, 60)[:, None] * [0, 1]
    far = np.array([[0.5, 1], [0.4, 1], [0.3, 1], [0.2, 1], [0.1, 1]])
    members = [Case(f"a{i}", ("ant",), "public", group="patient a") for i in range(60)]
    others = [Case(f"b{i}", ("bee",), "public", group=f"patient {i}") for i in range(5)]
    index = CaseIndex()
    index.fill("people", members + others, np.concatenate([near, far]).astype(np.float32))
    query = np.array([1, 0], np.float32)
    assert ids(index.search("people", query, 5)) == ["a0", "b0", "b1", "b2", "b3"]
    assert ids(index.search("people", query, 50)) == ["a0", "b0", "b1", "b2", "b3", "b4"]
    assert ids(index.search("people", query, 4, one_a_group=False)) == ["a0", "a1", "a2", "a3"]


def test_cases_without_a_group_do_not_crowd_each_other_out():
    index = CaseIndex()
    index.fill("loose", [Case(f"c{i}", ("ant",), "public") for i in range(4)], np.eye(4, D, dtype=np.float32))
    assert len(index.search("loose", queries(1)[0], 4)) == 4


def test_filling_twice_changes_nothing(cases, vectors):
    index = CaseIndex()
    index.fill("insects", cases, vectors)
    before = index.search("insects", queries(1)[0], 10)
    index.fill("insects", cases, vectors)
    assert index.count("insects") == N
    assert index.search("insects", queries(1)[0], 10) == before


def test_filling_anew_forgets_the_old_cases(cases, vectors):
    index = CaseIndex()
    index.fill("insects", cases, vectors)
    index.fill("insects", cases[:10], vectors[:10])
    assert index.count("insects") == 10
    with pytest.raises(KeyError, match="insects has no case 'case_20'"):
        index.search("insects", "case_20", 3)


def test_tasks_do_not_see_each_others_cases(vectors):
    index = CaseIndex()
    index.fill("one", [alone(i) for i in range(3)], vectors[:3])
    index.fill("two", [alone(i) for i in range(3, 6)], vectors[3:6])
    assert sorted(ids(index.search("one", vectors[4], 10))) == ["case_0", "case_1", "case_2"]


def test_eight_threads_find_what_one_finds(index):
    asked = [*queries(40), *(f"case_{i}" for i in range(40))]
    alone_ = [index.search("insects", q, 5) for q in asked]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda q: index.search("insects", q, 5), asked * 3))
    assert together == alone_ * 3


def test_a_case_survives_a_file_and_ignores_keys_of_a_later_version():
    entry = {"id": "x", "labels": ["ant", "bee"], "origin": "public", "metadata": {"age": 40}, "added_later": 1}
    assert Case.of(entry) == Case("x", ("ant", "bee"), "public", metadata={"age": 40})

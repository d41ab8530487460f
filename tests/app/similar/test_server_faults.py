"""A search server that misbehaves: a sentence in time, a recovery by itself, and nobody else waits for it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from dinoscope.errors import RequestError
from dinoscope.similar import Case, CaseIndex, Filters, IndexFault, Storage, server, standby
from dinoscope.workbench import Workbench
from fixtures import qdrant_server
from fixtures.tiny import drawn

SENTENCES = {
    "silent": "takes too long to answer; try again in a moment",
    "drips": "takes too long to answer; try again in a moment",
    "cuts": "broke off in the middle of an answer; try again in a moment",
    "busy": "has too much to do; try again in a moment",
    "waits": "has too much to do; try again in 3 s",
    "ill": "is out of order (503); try again in a moment",
    "down": "is out of order (502); try again in a moment",
    "moved": "answered 301 Moved Permanently; check QDRANT_URL",
    "babbles": "does not speak as Qdrant does; check QDRANT_URL",
    "empty": "does not speak as Qdrant does; check QDRANT_URL",
}
CASES = [Case(f"c{i}", ("ant",), "public") for i in range(1000)]
VECTORS = np.random.default_rng(0).normal(size=(1000, 8)).astype(np.float32)


@pytest.fixture
def picture():
    return drawn("colours", "red", 501)


@pytest.fixture
def hasty(monkeypatch):
    """Whatever waits in order to try again waits a moment only."""
    monkeypatch.setattr(server, "REST", 0.0)
    monkeypatch.setattr(server, "LONGEST_REST", 0.0)
    monkeypatch.setattr(standby, "AGAIN", 0.1)


def same(found, wanted) -> None:
    """The same cases; what the stand-in keeps its points in rounds their similarity a little differently each time."""
    assert [s.case for s in found] == [s.case for s in wanted]
    assert [s.similarity for s in found] == pytest.approx([s.similarity for s in wanted], abs=2e-6)


def until(true) -> None:
    """Wait for what happens in the background."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.mark.parametrize("illness", SENTENCES)
def test_a_search_on_an_ill_server_is_told_in_time_and_works_again_once_it_is_well(
    there, bench, picture, hasty, illness
):
    before = bench.similar(picture, "colours", k=7)
    there.illness, began = illness, time.monotonic()
    with pytest.raises(RequestError) as caught:
        bench.similar(picture, "colours", k=7)
    assert time.monotonic() - began < 10
    assert str(caught.value).startswith("The similar cases cannot be searched: ")
    assert there.url in str(caught.value)
    assert str(caught.value).endswith(SENTENCES[illness] + ".")
    there.illness = ""
    same(bench.similar(picture, "colours", k=7), before)


@pytest.mark.parametrize("verb", ["differential", "query", "own_cases", "why_empty"])
def test_every_verb_that_asks_the_server_tells_its_fault(there, bench, picture, hasty, verb):
    there.illness = "ill"
    asks = {
        "differential": lambda: bench.differential(picture, "colours"),
        "query": lambda: bench.query_case("phantom_red_1", "colours"),
        "own_cases": lambda: bench.own_cases("colours"),
        "why_empty": lambda: bench.why_empty("colours", Filters(labels=("red",))),
    }
    with pytest.raises(RequestError, match=r"cannot be searched: the Qdrant server .* is out of order \(503\)"):
        asks[verb]()


def test_classify_and_explain_never_ask_the_server(there, bench, picture):
    there.illness, before = "silent", len(there.calls)
    assert bench.classify(picture, "colours").task == "colours"
    assert bench.explain(picture, "colours", quick=True).saliency.shape == (64, 64)
    assert bench.explain(picture, "colours", like="phantom_red_1", quick=True).saliency.shape == (64, 64)
    assert len(there.calls) == before


def test_who_comes_right_after_a_fault_is_told_at_once(there, bench, picture):
    there.illness = "ill"
    asked = []
    for _ in range(20):
        before = len(there.calls)
        with pytest.raises(RequestError, match="out of order"):
            bench.similar(picture, "colours")
        asked.append(len(there.calls) - before)
    assert asked.count(0) >= 15  # now and then the server is asked whether it is well again


def test_a_refused_key_is_told_in_the_middle_of_a_visit(there, bench, picture):
    there.key = "another"
    with pytest.raises(RequestError, match="refuses the key; check QDRANT_API_KEY"):
        bench.similar(picture, "colours")


@pytest.mark.parametrize("illness", SENTENCES)
def test_a_start_with_an_ill_server_searches_in_memory_until_it_is_well(
    there, tiny_settings, workbench, picture, hasty, monkeypatch, illness
):
    monkeypatch.setattr(standby, "FIRST_WAIT", 1.0)
    monkeypatch.setattr(server, "TIMEOUT", 2.0)
    there.illness, began = illness, time.monotonic()
    bench = Workbench.load(replace(tiny_settings, qdrant_url=there.url), say=lambda _: None)
    assert time.monotonic() - began < 10
    assert bench.notices[0].startswith("Searching the bundled cases in memory: ")
    assert bench.similar(picture, "colours", k=7) == workbench.similar(picture, "colours", k=7)
    until(lambda: SENTENCES[illness] in bench.notices[0])
    there.illness = ""
    until(lambda: bench.notices == ())
    assert bench.index.storage.kind == "server"
    same(bench.similar(picture, "colours", k=7), workbench.similar(picture, "colours", k=7))
    bench.index.close()


def test_a_server_of_another_version_is_used_once_it_has_been_replaced(tiny_settings, hasty):
    with qdrant_server.running("1.7.4") as old:
        port = old.server_address[1]
        bench = Workbench.load(replace(tiny_settings, qdrant_url=old.url), say=lambda _: None)
        assert "is version 1.7.4; this app speaks to 1.12 and later versions 1" in bench.notices[0]
    with qdrant_server.running("1.20.1", port=port):
        until(lambda: bench.notices == ())
        bench.index.close()


def test_a_server_that_forgets_is_filled_again(there, bench, picture, hasty):
    before, held = bench.similar(picture, "colours", k=7), there.points()
    there.forget()
    with pytest.raises(RequestError, match="has lost the cases; they are being filled in again"):
        bench.similar(picture, "colours")
    until(lambda: there.points() == held)
    until(lambda: bench.notices == ())
    same(bench.similar(picture, "colours", k=7), before)


@pytest.mark.parametrize("illness", ["ill", "cuts", "busy", "babbles"])
def test_filling_goes_on_where_it_stopped(there, hasty, illness):
    index = CaseIndex(Storage(there.url))
    index.attach("insects", 8, 0, "")
    there.illness, there.ill_after = illness, 5  # each batch of 256 is two calls: asking what is there, and sending
    with pytest.raises(IndexFault):
        index.fill("insects", CASES, VECTORS)
    there.illness = ""
    held = sum(there.points().values())
    assert 0 < held < 1000
    assert index.fill("insects", CASES, VECTORS) == 1000 - held
    assert index.count("insects") == 1000


def test_a_collection_whose_making_was_cut_short_gets_the_indexes_it_lacks(there, hasty):
    index = CaseIndex(Storage(there.url))
    there.illness, there.ill_after = "ill", 6
    with pytest.raises(IndexFault):
        index.attach("insects", 8, 0, "")
    assert 0 < len(next(iter(there.indexed.values()))) < 12
    there.illness = ""
    index.attach("insects", 8, 0, "")
    assert set(next(iter(there.indexed.values()))) >= {"labels", "origin", "group", "age", "sex", "revision"}


def test_two_apps_that_fill_one_server_do_not_double_its_cases(there):
    indexes = [CaseIndex(Storage(there.url)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: i.fill("insects", CASES, VECTORS), indexes))
    assert list(there.points().values()) == [1000]
    # Both may have found no collection, and made one.
    for _ in range(2):
        indexes[0].storage.create(indexes[0].client, "twice", 8, 0)


def test_a_password_in_the_address_is_shown_to_nobody(there, hasty):
    there.illness = "ill"
    with pytest.raises(IndexFault) as caught:
        Storage(there.url.replace("http://", "http://user:secret@")).open()
    assert str(caught.value) == f"the Qdrant server at {there.url} is out of order (503); try again in a moment"

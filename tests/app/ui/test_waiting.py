"""A search server that fails or dawdles costs the similar cases, and nothing else on the page."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
import time
from types import SimpleNamespace

import gradio as gr
from gradio.state_holder import SessionState
from PIL import Image

from dinoscope.similar import standby
from dinoscope.ui import page
from dinoscope.ui.explain_view import NO_CASE, cases_to_compare
from fixtures.tiny import drawn


def test_a_failing_search_offers_no_cases_to_compare_with_and_loses_no_map(there, bench):
    picture = drawn("colours", "red", 501)
    assert len(cases_to_compare(bench, picture, "colours")) == 9
    there.illness = "ill"
    assert cases_to_compare(bench, picture, "colours") == [NO_CASE]


def test_the_map_does_not_wait_for_the_search(workbench):
    config = page.build(workbench, {}, lambda task, label, seed: Image.new("RGB", (64, 64))).config
    assert "Workbench(" not in str(config)  # Gradio writes into the page what it does not know
    named = {c["id"]: c["props"].get("elem_id") for c in config["components"]}
    events = {e["id"]: e for e in config["dependencies"]}

    def fills(event: dict, name: str) -> bool:
        return name in [named.get(o) for o in event["outputs"]]

    maps = [e for e in events.values() if fills(e, "explain-answer") and fills(e, "target")]
    assert maps
    for event in maps:
        while (before := event.get("trigger_after")) is not None:
            event = events[before]
            # Clearing the page for another picture fills everything, and searches nothing.
            assert fills(event, "explain-answer") or not fills(event, "similar-answer")


def test_what_is_the_matter_with_the_server_is_shown_as_long_as_it_lasts(there, bench, monkeypatch):
    monkeypatch.setattr(standby, "AGAIN", 0.1)
    demo = page.build(bench, {}, lambda task, label, seed: Image.new("RGB", (64, 64)))
    headers = next(f.fn for f in demo.fns.values() if f.name == "headers")

    def header() -> str:
        return asyncio.run(anext(headers()))

    async def all_headers() -> list[str]:
        return [shown async for shown in headers()]

    until(lambda: "Searching the bundled cases" not in header())
    there.forget()
    cases_to_compare(bench, drawn("colours", "red", 501), "colours")
    there.illness = "ill"
    until(lambda: "Searching the bundled cases in memory: the Qdrant server at" in header())
    threading.Timer(1, lambda: setattr(there, "illness", "")).start()
    shown = asyncio.run(all_headers())  # what one visit sees, without a reload
    assert "Searching the bundled cases" in shown[0]
    assert "Searching the bundled cases" not in shown[-1]
    until(lambda: "Searching the bundled cases" not in header())


def until(true) -> None:
    """Wait for what happens in the background."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_a_visit_is_begun_without_a_copy_of_the_answers_that_it_begins_with(bench, monkeypatch):
    demo = page.build(bench, {}, lambda task, label, seed: Image.new("RGB", (64, 64)))
    copied = []
    asdict = dataclasses.asdict
    monkeypatch.setattr(dataclasses, "asdict", lambda value, **more: copied.append(value) or asdict(value, **more))
    begun = SessionState(demo)
    assert copied == []
    states = [b for b in demo.blocks.values() if isinstance(b, gr.State)]
    assert not any(begun[s._id] for s in states)  # what was forgotten must not turn into the arrival
    begin = next(f.fn for f in demo.fns.values() if f.name == "begin" and f.targets[0][1] == "load")
    anna = SimpleNamespace(session_hash="anna")
    chosen, shown, trail = asyncio.run(begin(None, anna))
    assert shown.chosen.example == chosen.example
    assert trail.steps
    assert asyncio.run(begin(chosen, anna)) == (gr.skip(),) * 3  # an address was faster


def test_nothing_that_follows_an_event_is_left_out_while_it_is_under_way_for_another(workbench):
    config = page.build(workbench, {}, lambda task, label, seed: Image.new("RGB", (64, 64))).config
    after = [e for e in config["dependencies"] if e.get("trigger_after") is not None]
    assert len(after) > 10
    assert "once" not in {e["trigger_mode"] for e in after}


def test_what_a_widget_says_twice_is_heard_one_after_the_other(workbench):
    """Two at a time would each ask for a map, and the one that is stopped might be the one that is waited for."""
    demo = page.build(workbench, {}, lambda task, label, seed: Image.new("RGB", (64, 64)))
    heard = [fn for fn in demo.fns.values() if fn.name in ("choose", "choose_class", "ask", "ask_frame") and fn.outputs]
    heard = [fn for fn in heard if isinstance(fn.outputs[0], gr.State)]
    assert len(heard) == 10
    assert {(fn.concurrency_id, fn.concurrency_limit) for fn in heard} == {("choosing", 1)}

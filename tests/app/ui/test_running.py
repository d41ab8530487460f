"""Stopping an answer that its visitor no longer wants, and nobody else's."""

from __future__ import annotations

import gc

import pytest

from dinoscope.ui.running import Running, StoppedError, SupersededError


def test_an_answer_goes_on_until_it_is_stopped():
    running = Running()
    check = running.begin("anna")
    check()
    running.stop("anna")
    with pytest.raises(StoppedError):
        check()


def test_a_new_answer_takes_the_place_of_the_visitors_last_one():
    running = Running()
    first, second = running.begin("anna"), running.begin("anna")
    second()
    with pytest.raises(StoppedError):
        first()


def test_one_visitor_does_not_stop_another():
    running = Running()
    check = running.begin("anna")
    running.begin("bert")
    running.stop("bert")
    running.stop("nobody")
    check()


def test_an_answer_about_an_earlier_picture_is_told_apart_from_one_that_was_stopped():
    running = Running()
    stopped = running.begin("anna")
    running.stop("anna")
    replaced = running.begin("anna")
    dropped = running.begin("anna")
    running.supersede("anna")
    with pytest.raises(StoppedError) as caught:
        stopped()
    assert not isinstance(caught.value, SupersededError)
    for check in (replaced, dropped):
        with pytest.raises(SupersededError):
            check()


def test_nothing_is_kept_of_visitors_who_are_gone():
    running = Running()
    checks = [running.begin(f"visitor {i}") for i in range(50)]
    assert len(running._reasons) == 50
    del checks
    gc.collect()
    assert len(running._reasons) == 0

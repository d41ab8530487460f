"""The same question of the same visitor is answered once; nobody is given another's answer, and nothing grows."""

from __future__ import annotations

import threading
import time

import pytest

from dinoscope.ui.remembered import Remembered


def test_the_same_question_is_answered_once_and_another_visitor_gets_an_answer_of_their_own():
    made: list[str] = []
    remembered: Remembered[str] = Remembered(len)

    def ask(visitor: str, question: str) -> str:
        return remembered.answer(visitor, question, lambda: made.append(visitor) or f"{visitor}: {question}")

    assert [ask("anna", "map"), ask("anna", "map"), ask("bert", "map")] == ["anna: map", "anna: map", "bert: map"]
    assert made == ["anna", "bert"]


def test_a_question_asked_again_while_it_is_answered_waits_for_that_answer():
    made: list[int] = []
    remembered: Remembered[str] = Remembered(len)

    def make() -> str:
        made.append(1)
        time.sleep(0.1)
        return "map"

    threads = [threading.Thread(target=remembered.answer, args=("anna", "map", make)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert not remembered._making


def test_an_answer_that_failed_is_tried_again():
    remembered: Remembered[str] = Remembered(len)

    def fail() -> str:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        remembered.answer("anna", "map", fail)
    assert remembered.answer("anna", "map", lambda: "map") == "map"


def test_a_visitor_is_remembered_so_many_answers_and_all_of_them_so_many_bytes():
    remembered: Remembered[str] = Remembered(len, room=100, each=3)
    for i in range(10):
        remembered.answer("anna", i, lambda: "x" * 10)
    assert [key for key, _ in remembered._held] == ["anna"] * 3
    for i in range(100):
        remembered.answer(f"visitor {i}", 0, lambda: "x" * 30)
    assert sum(map(len, remembered._held.values())) <= 100

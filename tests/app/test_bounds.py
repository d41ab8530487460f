"""Every value that a visitor sends has a bound, and every bound a sentence that names it."""

from __future__ import annotations

import pytest

from dinoscope import bounds
from dinoscope.errors import RequestError

NO_WHOLE_NUMBER = ["5", "", [1], {}, True, 2.5, float("nan"), float("inf"), -1, 51, 10**400, -(10**400)]


@pytest.mark.parametrize("given", NO_WHOLE_NUMBER, ids=lambda g: repr(g)[:12])
def test_what_is_no_whole_number_in_range_is_refused_by_name(given: object):
    with pytest.raises(RequestError, match=r"^`k` is .{1,100}; give a whole number from 1 to 50$"):
        bounds.whole_number("k", given, 1, 50, 5)


def test_a_whole_number_may_come_as_json_has_it():
    assert [bounds.whole_number("k", given, 1, 50, 5) for given in (None, 7, 7.0)] == [5, 7, 7]


@pytest.mark.parametrize("given", ["0.5", None, [0.5], False, float("nan"), float("-inf"), 10**400, 1.01])
def test_what_is_no_number_in_range_is_refused_by_name(given: object):
    with pytest.raises(RequestError, match=r"^`region` is .*; give a number from 0 to 1$"):
        bounds.number("region", given, 0, 1)


def test_a_text_has_a_longest():
    assert bounds.text("task", "a" * 200) == "a" * 200
    with pytest.raises(RequestError, match=r"^`task` has 1,000,000 letters; the limit is 200$"):
        bounds.text("task", "a" * 1_000_000)
    with pytest.raises(RequestError, match=r"^`task` is a list of 1; give a text$"):
        bounds.text("task", ["a"])


def test_a_list_of_names_has_a_length_and_only_known_names():
    assert bounds.names("liked", ["a", "b", "a"]) == ("a", "b")
    assert bounds.names("liked", "a") == ("a",)
    assert bounds.names("liked", None) == ()
    with pytest.raises(RequestError, match=r"^`liked` has 400 entries; the limit is 50$"):
        bounds.names("liked", [f"x{i}" for i in range(400)])
    with pytest.raises(RequestError, match=r"^`labels` has no “pink”; choose from red, blue$"):
        bounds.names("labels", ["red", "pink"], ("red", "blue"))
    for given in (5, [5], {"a": 1}, [["a"]], [None]):
        with pytest.raises(RequestError, match=r"^`liked` is .*; give a list of case ids$"):
            bounds.names("liked", given, what="case ids")


def test_a_flag_is_true_or_false():
    assert [bounds.flag("quick", given) for given in (None, True, False)] == [False, True, False]
    with pytest.raises(RequestError, match=r"^`quick` is “yes”; give true or false$"):
        bounds.flag("quick", "yes")


def test_a_sentence_never_carries_a_long_or_invisible_value():
    with pytest.raises(RequestError) as caught:
        bounds.whole_number("k", "\x1b[31m\n" + "9" * 100_000, 1, 50, 5)
    assert len(str(caught.value)) < 150
    assert str(caught.value).isprintable()

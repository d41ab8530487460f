"""What a visitor sees of a picture, from the first moment to the last, without any widget."""

from __future__ import annotations

from dataclasses import replace

import gradio as gr
import pytest

from dinoscope.errors import RequestError
from dinoscope.explain.session import ExplainRequest, ExplainSession
from dinoscope.reading import images
from dinoscope.reading.scope import Scope
from dinoscope.similar import Filters, SearchRequest
from dinoscope.ui import cards, classify_tab, examples
from dinoscope.ui.answers import Reader, unread
from dinoscope.ui.case_panel import AUTO
from dinoscope.ui.explain_view import Explainer
from dinoscope.ui.running import Running
from dinoscope.ui.similar_view import Searcher, Wanted
from dinoscope.ui.view import SAME
from dinoscope.ui.visit import Chosen, current
from fixtures.tiny import drawn


@pytest.fixture(scope="module")
def reader(workbench):
    return Reader.of(workbench, {})


def chosen(label: str = "red", task: str | None = None) -> Chosen:
    return Chosen(images.read(drawn("colours", label, 9)), "mine.png", task=task)


def quiet(done: int, total: int, what: str) -> None:
    """Nobody waits."""


def test_an_earlier_answer_is_taken_down_before_the_next_one_is_there(reader):
    first, second = unread(chosen()), reader.read(chosen(task="colours"))
    assert all('class="still"' in view.card for view in (first.classify, first.explain, first.similar))
    assert first.explain.shown is None
    assert first.similar.trail is None
    assert "bars" in second.classify.answer
    assert second.explain is SAME
    assert second.chosen.reading.task == "colours"


def test_a_picture_that_was_read_is_not_encoded_again_by_any_room(reader, monkeypatch):
    last = reader.read(chosen(task="colours"))
    passes = []
    encoder = type(reader.workbench.encoder)
    tokens = encoder.tokens
    monkeypatch.setattr(
        encoder, "tokens", lambda e, p, hurried=False: (passes.append(hurried), tokens(e, p, hurried))[1]
    )
    reader.searcher.begin(last.chosen, Wanted())
    reader.explainer.ask(last.chosen, [ExplainRequest("red", method="gradcam")], "anna", quiet)
    reader.explainer.cases(last.chosen)
    other = reader.read(replace(last.chosen, task="stripes", reading=None))
    assert other.chosen.reading.task == "stripes"
    assert False not in passes


def test_the_same_picture_and_question_of_a_visitor_cost_one_map(reader, monkeypatch):
    made: list[str] = []
    explain, measure = ExplainSession.explain, ExplainSession.measure
    monkeypatch.setattr(ExplainSession, "explain", lambda self, *a: made.append("map") or explain(self, *a))
    monkeypatch.setattr(ExplainSession, "measure", lambda self, *a: made.append("measured") or measure(self, *a))
    last = reader.read(chosen())
    for visitor in ("carla", "carla", "dora"):
        drawn = reader.explainer.ask(last.chosen, [ExplainRequest("red", method="gradcam")], visitor, quiet)
        reader.explainer.measure(drawn.shown, visitor, quiet)
    assert made == ["map", "measured", "map", "measured"]


def test_a_picture_chosen_meanwhile_silences_the_one_before(reader):
    asked = reader.take(chosen(), "anna")
    reader.take(chosen("blue"), "bert")

    def read(value, meanwhile):
        found = reader.read(value)
        meanwhile()
        return found

    assert current(read)(asked, lambda: None).chosen.reading
    assert current(read)(asked, lambda: reader.take(chosen("blue"), "anna")) == gr.skip()


def test_a_picture_that_was_replaced_before_it_was_read_says_nothing(reader):
    before = reader.take(chosen(), "anna")
    assert reader.take(None, "anna") is None
    assert current(reader.read)(before) == gr.skip()
    assert current(reader.explainer.cases)(before) == gr.skip()


def test_what_cannot_be_read_is_said_in_every_room(reader, monkeypatch):
    def refuse(*_):
        raise RequestError("No.")

    monkeypatch.setattr(type(reader.workbench), "classify", refuse)
    last = reader.read(chosen())
    assert all("No answer" in view.card for view in (last.classify, last.explain, last.similar))
    assert "No." in last.classify.answer
    # The rooms that come after it have nothing to add.
    assert reader.explainer.ask(last.chosen, [ExplainRequest("red")], "anna", quiet).card is SAME
    assert reader.searcher.begin(last.chosen, Wanted()).card is SAME


def test_all_numbers_of_a_visits_own_head_name_no_secret(workbench):
    reading = replace(workbench.classify(drawn("colours", "red", 9), "colours"), task="own-0123456789abcdef")
    view = classify_tab.view(reading, {reading.task: workbench.tasks["colours"]})
    assert view.numbers["task"] == "own"


def test_nobody_arrives_at_an_empty_page(reader):
    first = reader.arrival()
    assert first.chosen.example
    assert "likely" in first.classify.answer or "says" in first.classify.answer
    assert "random orders" in first.explain.card or "better than chance" in first.explain.card
    assert "nearest" in first.similar.card
    assert "<svg" in first.explain.curves
    assert first.explain.target.value == first.chosen.reading.label


def test_what_was_drawn_is_said_beside_what_is_read_and_a_disagreement_is_not_hidden(workbench):
    task = workbench.tasks["colours"]
    read = workbench.classify(drawn("colours", "red", 9), "colours")
    other = next(c for c in task.head.classes if c != read.label)
    agreed = classify_tab.view(read, workbench.tasks, ("colours", read.label)).card
    assert f"Drawn as {task.display(read.label)}, and read so, by a head that learnt from drawings, too." in agreed
    real = tuple(replace(c, origin="public") for c in task.cases)
    honest = {"colours": replace(task, facts=task.facts | {"phantom_weight": 0.0}, cases=real)}
    agreed = classify_tab.view(read, honest, ("colours", read.label)).card
    assert f"Drawn as {task.display(read.label)}, and read so." in agreed
    disagreed = classify_tab.view(read, workbench.tasks, ("colours", other)).card
    assert f"Drawn as {task.display(other)}: the head reads something else." in disagreed
    assert "Drawn as" not in classify_tab.view(read, workbench.tasks).card
    assert "Drawn as" not in classify_tab.view(read, workbench.tasks, ("another task", other)).card


@pytest.mark.parametrize(
    ("percentile", "familiar", "words"),
    [
        (0.5, False, "Unlike anything this head knows"),
        (5.0, True, "At the edge of what the head knows: only 5 %"),
        (10.0, True, "Familiar: 10 %"),
    ],
)
def test_familiar_is_said_only_where_the_measure_says_so(workbench, percentile, familiar, words):
    task = workbench.tasks["colours"]
    read = workbench.classify(drawn("colours", "red", 9), "colours")
    reading = replace(read, scope=Scope(0.5, percentile, familiar))
    assert words in cards.classify(reading, task)
    answer = classify_tab.view(reading, workbench.tasks).answer
    assert ("Show the answer anyway" in answer) is not familiar
    if not familiar:
        assert answer.index("Unfamiliar") < answer.index("anyway") < answer.index('class="bars"')


def test_cases_do_not_vote_for_the_class_that_a_filter_left(workbench):
    searcher = Searcher(workbench)
    last = Reader.of(workbench, {}).read(chosen(task="colours"))
    trail = searcher.begin(last.chosen, Wanted()).trail
    blue = Wanted(SearchRequest(8, Filters(labels=("blue",))))
    view = searcher.view(last.chosen, trail, blue)
    assert "no vote" in view.board
    assert "no vote" in view.card.lower()


def test_the_card_is_of_the_picture_itself_also_once_the_trail_is_back_there(workbench):
    searcher = Searcher(workbench)
    last = Reader.of(workbench, {}).read(chosen(task="colours"))
    blue = Wanted(SearchRequest(8, Filters(labels=("blue",))))
    trail = searcher.moved(searcher.begin(last.chosen, Wanted()).trail, {"act": "more", "case": "phantom_red_1"})
    assert searcher.view(last.chosen, trail, blue).card is SAME
    assert "no vote" in searcher.view(last.chosen, trail.back(), blue).card.lower()


def test_neighbours_of_a_picture_like_none_are_not_called_near(workbench):
    last = Reader.of(workbench, {}).read(chosen(task="colours"))
    strange = replace(last.chosen, reading=replace(last.chosen.reading, scope=Scope(0.9, 0.0, False)))
    assert "None is really near" in Searcher(workbench).begin(strange, Wanted()).card


def test_a_request_about_another_class_than_the_tasks_falls_back_to_the_likely_one(workbench):
    explainer = Explainer(workbench, {}, Running(), Running())
    last = Reader.of(workbench, {}).read(chosen(task="colours"))
    asked = explainer.requests(last.chosen, "across", "gradcam", "", "", "gradcam", True, None)
    assert [(q.target, q.method, q.quick, q.seed) for q in asked] == [(last.chosen.reading.label, "gradcam", True, 0)]


def test_another_frame_is_read_anew_and_another_task_is_not(panel, reader):
    last = reader.read(chosen())
    assert panel.choose_task(last.chosen, "stripes").chosen.encoded is last.chosen.encoded
    assert panel.choose_task(last.chosen, "stripes").chosen.reading is None


def test_the_menu_says_that_a_task_was_guessed(panel, reader):
    last = reader.read(chosen())
    title = panel.workbench.tasks[last.chosen.reading.task].title
    assert panel.tasks(last.chosen).choices[0] == (f"Guessed: {title}", AUTO)
    assert panel.tasks(None).choices[0] == ("Guess from the picture", AUTO)


def test_an_address_says_what_is_asked_first(panel, reader):
    """A method, a class and a case; a name that there is not changes nothing."""
    key = examples.offered(panel.workbench, "colours")[0].key
    said = {"example": key, "task": "colours", "method": "gradcam", "class": "blue", "case": "phantom_red_1"}
    view = panel.example(said, AUTO)
    assert (view.chosen.task, view.task.value) == ("colours", "colours")
    last = reader.read(view.chosen)
    (question,) = reader.explainer.first(last.chosen, "vitcx", "", False, 0)
    assert (question.method, question.target) == ("gradcam", "blue")
    assert reader.explainer.classes(last.chosen).target.value == "blue"
    found = reader.searcher.begin(last.chosen, Wanted())
    assert 'data-case="phantom_red_1"' in found.board
    assert [s.name for s in found.trail.steps] == ["this picture", "case phantom_red_1"]
    wrong = panel.example(said | {"task": "none", "method": "none", "class": "none", "case": "none"}, AUTO).chosen
    last = reader.read(wrong)
    (question,) = reader.explainer.first(last.chosen, "rise", "", False, 0)
    assert (question.method, question.target) == ("vitcx", last.chosen.reading.label)
    assert len(reader.searcher.begin(last.chosen, Wanted()).trail.steps) == 1


def test_the_class_to_explain_is_that_of_the_map(reader):
    last = reader.read(chosen(task="colours"))
    assert reader.explainer.classes(last.chosen).target.value == last.chosen.reading.label
    view = reader.explainer.ask(last.chosen, [ExplainRequest("blue", method="gradcam")], "anna", quiet)
    assert (view.target.value, view.method) == ("blue", "gradcam")
    assert 'data-method="gradcam"' in view.answer
    assert 'data-class="blue"' in view.answer or last.chosen.reading.label == "blue"


def test_a_second_guess_is_told_where_it_is_close_and_can_be_asked(panel, reader, monkeypatch):
    monkeypatch.setattr("dinoscope.guess.CLOSE", 1e9)
    last = reader.read(chosen())
    reading, tasks = last.chosen.reading, reader.workbench.tasks
    assert {reading.task, reading.second} == set(tasks)
    other = tasks[reading.second].title
    assert f"{other}: ask that instead" in last.classify.answer
    assert f"A guess: {tasks[reading.task].title}, or {other}." in last.classify.card
    view = panel.choose_second(last.chosen)
    assert (view.chosen.task, view.task.value) == (reading.second, reading.second)
    monkeypatch.setattr("dinoscope.guess.CLOSE", 0)
    last = reader.read(chosen())
    assert "ask that instead" not in last.classify.answer
    last = reader.read(chosen(task="colours"))
    assert last.chosen.reading.second == ""


def test_a_class_filter_that_was_kept_gives_the_card_no_vote(reader):
    last = reader.read(chosen(task="colours"))
    request = SearchRequest(5, Filters(labels=(last.chosen.reading.label,)))
    view = reader.searcher.begin(last.chosen, Wanted(request))
    for part in (view.card, view.board):
        assert "no vote" in part.lower()
        assert "head says" not in part


def test_a_map_of_a_strange_picture_says_that_it_is_worth_little(reader):
    last = reader.read(chosen(task="colours"))
    strange = replace(last.chosen, reading=replace(last.chosen.reading, scope=Scope(0.9, 0.0, False)))
    view = reader.explainer.ask(strange, [ExplainRequest("red", method="gradcam")], "anna", quiet)
    assert "unlike anything this head knows" in view.answer
    assert "Of little worth here" in view.card

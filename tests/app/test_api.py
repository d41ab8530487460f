"""The three endpoints as a program sees them: gradio_client, over HTTP, against the app as it is served."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

import dinoscope_phantoms as phantoms
from dinoscope import settings
from dinoscope.workbench import Workbench


@pytest.fixture(scope="module")
def bench() -> Workbench:
    """The same bundled files, without the app."""
    return Workbench.load(settings.load(), say=lambda _: None)


@pytest.fixture(scope="module")
def radiograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn chest radiograph of 200 x 260 pixels."""
    path = tmp_path_factory.mktemp("pictures") / "child.png"
    phantoms.draw("pneumonia_cxr", "normal", 4242).picture.resize((200, 260)).save(path)
    return path


def test_the_verbs_are_all_that_is_public(app: Client):
    assert set(app.view_api(return_format="dict")["named_endpoints"]) == {
        "/batch",
        "/classify",
        "/explain",
        "/features",
        "/report",
        "/similar",
    }


def test_the_page_carries_widgets_and_no_part_of_the_server(app: Client):
    text = json.dumps(app.config)
    assert "Workbench(" not in text
    assert len(text) < 4_000_000


def test_classify_answers_as_the_workbench_does(app: Client, bench: Workbench, radiograph: Path):
    answer = app.predict(handle_file(radiograph), api_name="/classify")
    reading = bench.classify(radiograph)
    assert answer["task"] == reading.task == "pneumonia_cxr"
    assert answer["task_detected"]
    assert answer["probabilities"] == pytest.approx(reading.probabilities, abs=1e-5)
    assert answer["prediction_set"] == list(reading.prediction_set)


def test_explain_gives_the_map_in_the_pictures_own_pixels_and_an_overlay(
    app: Client, bench: Workbench, radiograph: Path
):
    facts, overlay, saliency = app.predict(
        handle_file(radiograph), "pneumonia_cxr", "pneumonia_virus", seed=3, api_name="/explain"
    )
    found = bench.explain(radiograph, "pneumonia_cxr", "pneumonia_virus", seed=3)
    array = np.load(saliency)
    assert array.shape == (260, 200)
    assert array.dtype == np.float32
    np.testing.assert_allclose(array, found.saliency, atol=1e-5)
    assert facts["target"] == "pneumonia_virus"
    assert facts["seed"] == 3
    assert facts["by_tokens"]["deletion"]["area"] == pytest.approx(found.by_tokens.deletion.area, abs=1e-5)
    with Image.open(overlay) as picture:
        assert picture.width == 200
        assert picture.height > 260  # the notice stands below


def test_the_report_is_one_page_made_of_the_same_numbers(app: Client, radiograph: Path):
    numbers, page = app.predict(handle_file(radiograph), "pneumonia_cxr", "gradcam", api_name="/report")
    assert numbers["notice"] in Path(page).read_text(encoding="utf-8")
    assert Path(page).name.startswith("dinoscope_pneumonia_cxr_")
    assert numbers["explanation"]["method"] == "gradcam"
    assert "the head answers" in " ".join(numbers["paragraph"])


def test_the_same_request_gives_the_same_bits_twice(app: Client, radiograph: Path):
    maps = [np.load(app.predict(handle_file(radiograph), api_name="/explain")[2]) for _ in range(2)]
    np.testing.assert_array_equal(maps[0], maps[1])


def test_the_same_visitor_is_answered_the_same_question_from_memory(app: Client, radiograph: Path):
    def asked(seed: int) -> tuple[float, dict]:
        began = time.monotonic()
        facts = app.predict(handle_file(radiograph), "pneumonia_cxr", seed=seed, api_name="/explain")[0]
        return time.monotonic() - began, facts

    (first, facts), (again, same) = asked(77), asked(77)
    assert same == facts
    assert again < first / 2


def test_similar_names_cases_labels_similarities_filters_and_vote(app: Client, bench: Workbench, radiograph: Path):
    answer = app.predict(handle_file(radiograph), "pneumonia_cxr", 4, ["normal"], ["public"], api_name="/similar")
    assert answer["filters"] == {"labels": ["normal"], "origins": ["public"]}
    assert [c["labels"] for c in answer["cases"]] == [["normal"]] * 4
    assert (answer["vote"], answer["vote_decided_by"]) == (None, "the class filter")  # it would confirm itself
    similarities = [c["similarity"] for c in answer["cases"]]
    assert similarities == sorted(similarities, reverse=True)
    plain = app.predict(handle_file(radiograph), "pneumonia_cxr", api_name="/similar")
    assert plain["vote"]["of"] == len(plain["cases"])
    direct = bench.similar(radiograph, "pneumonia_cxr")
    assert [c["id"] for c in plain["cases"]] == [s.case.id for s in direct]


def test_similar_takes_filters_feedback_and_a_region_and_gives_every_class(app: Client, radiograph: Path):
    plain = app.predict(handle_file(radiograph), "pneumonia_cxr", api_name="/similar")
    first = plain["cases"][0]
    assert first["distance"] == pytest.approx(1 - first["similarity"])
    assert set(plain["by_class"]) == {"normal", "pneumonia_bacteria", "pneumonia_virus"}
    answer = app.predict(
        handle_file(radiograph),
        "pneumonia_cxr",
        filters={"lesion_size": [0.5, None]},
        region=[0.2, 0.2, 0.6, 0.6],
        disliked=[first["id"]],
        api_name="/similar",
    )
    assert answer["filters"] == {"lesion_size": [0.5, None]}
    assert answer["query"]["region"] == [0.2, 0.2, 0.6, 0.6]
    assert first["id"] not in [c["id"] for c in answer["cases"]]
    for case in answer["cases"]:
        assert case["metadata"]["lesion_size"] >= 0.5
        assert len(case["matched"]) == 4


def test_similar_searches_with_a_case_by_its_id_alone(app: Client):
    answer = app.predict(case_id="phantom_normal_10", task="pneumonia_cxr", k=3, api_name="/similar")
    assert answer["query"]["case"] == "phantom_normal_10"
    assert len(answer["cases"]) == 3


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ({"api_name": "/classify", "task": "knee"}, "no task is called “knee”"),
        ({"api_name": "/explain", "target": "fracture"}, "has no class “fracture”"),
        ({"api_name": "/explain", "method": "magic"}, "no explanation method is called “magic”"),
        ({"api_name": "/explain", "task": "pneumonia_cxr", "like": "nobody"}, "has no case “nobody”"),
        ({"api_name": "/similar", "k": 500}, "`k` is 500; give a whole number from 1 to 50"),
        ({"api_name": "/similar", "k": 0}, "`k` is 0; give a whole number"),
        ({"api_name": "/similar", "case_id": "x"}, "send either a picture as `picture` or the id of a case"),
        ({"api_name": "/similar", "filters": {"colour": ["red"]}}, "no filter is called “colour”"),
        ({"api_name": "/similar", "filters": {"age": [70, 40]}}, "the filter age goes from 70 to 40"),
        ({"api_name": "/similar", "region": [0.5, 0, 0.5, 1]}, "shares of the picture"),
        ({"api_name": "/similar", "liked": ["nobody"]}, "has no case “nobody”"),
    ],
)
def test_a_wrong_request_is_answered_by_a_sentence(app: Client, radiograph: Path, call: dict, sentence: str):
    with pytest.raises(AppError, match=sentence):
        app.predict(handle_file(radiograph), **call)


def test_a_file_that_is_no_picture_is_answered_by_the_sentence_of_the_page(app: Client, tmp_path: Path):
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear colleague, " * 10)
    with pytest.raises(AppError, match=r'"letter.txt" is not a picture\.'):
        app.predict(handle_file(letter), api_name="/classify")

"""Explain, the verb: the same map however it is asked, and a sentence for what cannot be explained."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from dinoscope.explain.session import ExplainRequest
from dinoscope.reading import images, scope
from dinoscope.reading.encoder import Encoder
from dinoscope.reading.heads import Head
from dinoscope.reading.projection import Projection
from dinoscope.similar import Case, CaseIndex
from dinoscope.tasks import Task
from dinoscope.workbench import Workbench
from fixtures.asking import answer, said
from fixtures.tiny import drawn, write_backbone


def test_the_most_likely_class_is_explained_unless_another_is_chosen(workbench, red):
    reading, explanation = workbench.classify(red), workbench.explain(red)
    assert (explanation.task, explanation.target, explanation.seed) == ("colours", "red", 0)
    assert explanation.probability == pytest.approx(reading.probabilities["red"])
    other = workbench.explain(red, target="blue")
    assert other.probability == pytest.approx(reading.probabilities["blue"])
    assert not np.array_equal(other.saliency, explanation.saliency)


def test_the_faithfulness_curves_begin_and_end_at_the_probability(workbench, red):
    explanation = workbench.explain(red)
    # The many passes of an explanation may be hurried, in bfloat16.
    for curves in (explanation.by_tokens, explanation.by_pixels):
        assert curves.deletion.score[0] == pytest.approx(explanation.probability, abs=0.02)
        assert curves.insertion.score[-1] == pytest.approx(explanation.probability, abs=0.02)


def test_the_same_seed_explains_alike_bit_for_bit_and_another_measures_differently(workbench, red):
    first, again, other = (answer(workbench.explain(red, seed=seed)) for seed in (3, 3, 4))
    assert first == again
    # Nothing in the map is drawn; the random orders beside it are.
    assert first["saliency"] == other["saliency"]
    assert first["by_tokens"]["deletion"]["random"] != other["by_tokens"]["deletion"]["random"]


EXPLAIN = """
import hashlib, json, pathlib, sys
from dinoscope import settings
from dinoscope.workbench import Workbench
bench = Workbench.load(settings.load(), say=lambda _: None)
found = bench.explain(pathlib.Path(sys.argv[1]), seed=5)
print(json.dumps([hashlib.sha256(found.saliency.tobytes()).hexdigest(), found.json()]))
"""


@pytest.mark.slow
def test_two_processes_explain_alike_bit_for_bit(run_python, tiny_assets, workbench, red, tmp_path):
    red.save(tmp_path / "red.png")
    shown = {"DINOSCOPE_ASSETS": str(tiny_assets), "DINOSCOPE_DEVICE": "cpu"}
    run = run_python("-c", EXPLAIN, str(tmp_path / "red.png"), **shown)
    assert run.returncode == 0, run.stderr
    saliency, told = json.loads(run.stdout)
    here = answer(workbench.explain(red, seed=5))
    assert saliency == here.pop("saliency")
    assert told | {"facts": ()} == json.loads(json.dumps(here)) | {"facts": ()}


@pytest.mark.parametrize("size", [(180, 60), (60, 180), (57, 131), (32, 40)])
def test_the_saliency_has_the_pictures_own_shape(workbench, size):
    explanation = workbench.explain(drawn("colours", "green", 1, size))
    assert explanation.saliency.shape == size[::-1]
    assert explanation.saliency.dtype == np.float32
    assert np.isfinite(explanation.saliency).all()


@pytest.fixture(scope="module")
def brightness_bench(tmp_path_factory) -> Workbench:
    """A workbench whose backbone sees only how bright each patch is, and whose head asks for any bright patch."""
    folder = write_backbone(tmp_path_factory.mktemp("brightness"), 0)
    weights = {name: torch.zeros_like(value) for name, value in load_file(folder / "model.safetensors").items()}
    for name, value in weights.items():
        if name.endswith(("norm1.weight", "norm2.weight", "layernorm.weight")):
            value[:] = 1
    # A patch token is (brightness, -brightness, 1, -1, 0, ...); the blocks add nothing.
    weights["embeddings.patch_embeddings.projection.weight"][0] = 1 / 588
    weights["embeddings.patch_embeddings.projection.weight"][1] = -1 / 588
    weights["embeddings.patch_embeddings.projection.bias"][2:4] = torch.tensor([1.0, -1.0])
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    encoder = Encoder(folder, "brightness")
    weight = np.zeros((2, 384), np.float32)
    weight[1, 64] = 60.0
    head = Head(("dark", "marked"), weight, np.array([0, -60 * 0.27], np.float32), 1.0, 0.1, 0.9, encoder.fingerprint)
    cases = tuple(Case(f"c{i}", ("dark",), "public") for i in range(6))
    vectors = scope.unit(np.random.default_rng(0).normal(size=(6, 384)))
    task = Task("marks", {"title": "Marks", "classes": {}}, head, cases, vectors, np.array([1.0]), folder)
    index = CaseIndex()
    index.fill("marks", cases, vectors)
    return Workbench(encoder, Projection.plain(384, encoder.fingerprint), {"marks": task}, index)


@pytest.mark.parametrize(("width", "height"), [(240, 80), (80, 240)])
@pytest.mark.parametrize(("right", "bottom"), [(False, False), (True, False), (False, True), (True, True)])
def test_a_bright_mark_in_a_corner_of_a_long_picture_is_found_there(brightness_bench, width, height, right, bottom):
    levels = np.empty((height, width, 3), np.uint8)
    levels[:] = (124, 116, 104)
    rows = slice(height * 3 // 4, None) if bottom else slice(None, height // 4)
    columns = slice(width * 3 // 4, None) if right else slice(None, width // 4)
    levels[rows, columns] = 250
    explanation = brightness_bench.explain(Image.fromarray(levels), target="marked")
    inside = np.zeros((height, width), bool)
    inside[rows, columns] = True
    saliency = explanation.saliency
    assert saliency.shape == (height, width)
    assert inside.ravel()[saliency.argmax()]
    assert saliency[inside].mean() > 5 * np.abs(saliency[~inside]).mean()


def test_an_unknown_class_is_refused_with_those_of_the_task(workbench, red):
    sentence = "Colours has no class “pink”; choose one of blue, green, red"
    assert said(workbench.explain, red, target="pink") == sentence


def test_an_unknown_method_is_refused_with_those_there_are(workbench, red):
    sentence = said(workbench.explain, red, method="oracle")
    assert sentence.startswith("no explanation method is called “oracle”; choose one of vitcx")


@pytest.mark.parametrize("seed", [-1, 2**64, 2**80])
def test_a_seed_out_of_range_is_refused_with_its_value(workbench, red, seed):
    assert said(workbench.explain, red, seed=seed).startswith(f"the seed is {seed}; choose a whole number from 0")


def test_a_contrast_explains_the_difference_of_two_probabilities(workbench, red):
    reading = workbench.classify(red)
    found = workbench.explain(red, target="red", instead_of="blue")
    assert found.probability == pytest.approx(reading.probabilities["red"] - reading.probabilities["blue"], abs=1e-5)
    assert found.json()["instead_of"] == "blue"
    # Why blue rather than red is the other way round, set by set.
    other = workbench.explain(red, target="blue", instead_of="red")
    assert other.mask_scores == pytest.approx(-found.mask_scores, abs=1e-3)


def test_the_similarity_to_a_case_is_the_one_that_the_search_gives(workbench, red):
    nearest = workbench.similar(red, "colours", k=3)[2]
    found = workbench.explain(red, "colours", like=nearest.case.id)
    assert found.probability == pytest.approx(nearest.similarity, abs=1e-3)
    assert found.json()["like"] == nearest.case.id


def test_the_similarity_to_an_operators_own_case_is_explained(brightness_bench):
    task, index = brightness_bench.tasks["marks"], CaseIndex()
    index.fill("marks", task.cases, task.vectors)
    index.add("marks", [Case("mine.png", ("dark",), "own")], task.vectors[:1], None)
    bench = replace(brightness_bench, index=index)
    found = bench.explain(drawn("colours", "red", 3), "marks", like="mine.png")
    assert found.like == "mine.png"
    assert found.probability == pytest.approx(bench.explain(drawn("colours", "red", 3), "marks", like="c0").probability)


def test_a_class_is_not_compared_with_itself_nor_with_one_that_is_not_there(workbench, red):
    sentence = "'red' cannot be compared with itself; choose another class to compare with"
    assert said(workbench.explain, red, target="red", instead_of="red") == sentence
    sentence = "Colours has no class “pink”; choose one of blue, green, red"
    assert said(workbench.explain, red, instead_of="pink") == sentence


def test_an_unknown_case_is_refused_with_where_to_find_one(workbench, red):
    sentence = "Colours has no case “nobody”; take an id from the similar cases"
    assert said(workbench.explain, red, "colours", like="nobody") == sentence


def test_an_answer_is_given_step_by_step_as_it_is_all_at_once(workbench, red):
    asked = workbench.ask(red, None, ExplainRequest(seed=4))
    first = asked.explain()
    assert (first.by_tokens, first.by_pixels, first.verdict) == (None, None, None)
    assert json.loads(json.dumps(first.json()))["by_tokens"] is None
    assert answer(asked.measure(first)) == answer(workbench.explain(red, seed=4))


def test_a_check_compares_with_another_seed_and_with_an_unfitted_score(workbench, red):
    asked = workbench.ask(red, None, ExplainRequest(method="rollout"))
    found = asked.check(asked.explain())
    # Rollout knows neither seed nor score: both maps are the same again.
    assert found.second_seed == pytest.approx(1, abs=0.01)
    assert found.randomised == pytest.approx(1, abs=0.01)
    asked = workbench.ask(red, None, ExplainRequest(method="random"))
    assert abs(asked.check(asked.explain()).second_seed) < 0.9


def test_a_bundled_case_with_an_outline_is_recognised_and_its_map_located(brightness_bench, tmp_path):
    levels = np.full((60, 90, 3), (124, 116, 104), np.uint8)
    levels[:30, :45] = 250  # whole patches: where one is half bright, its gradient is larger than a bright one's
    picture = Image.fromarray(levels)
    mask = np.zeros((60, 90), np.uint8)
    mask[:30, :45] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    task = brightness_bench.tasks["marks"]
    case = Case("drawn", ("marked",), "phantom", mask="mask.png", pixels=images.pixel_hash(picture))
    known = replace(task, cases=(case, *task.cases[1:]), folder=tmp_path)
    bench = replace(brightness_bench, tasks={"marks": known})
    found = bench.explain(picture, target="marked").localisation
    assert found.hit
    assert found.area == pytest.approx(1 / 4)
    assert found.inside > 2 * found.area  # this backbone attends to nothing, and has two feature maps in all
    assert bench.explain(picture.rotate(180), target="marked").localisation is None


def test_an_explanation_can_be_cancelled_and_asked_for_again(workbench, red):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = answer(workbench.explain(red))
    with pytest.raises(KeyboardInterrupt):
        workbench.explain(red, progress=stop)
    assert answer(workbench.explain(red)) == before

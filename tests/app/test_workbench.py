"""The three verbs on one picture: the same answer however it is asked, and a sentence for what cannot be answered."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from dinoscope import tasks
from dinoscope import workbench as room
from dinoscope.errors import RequestError
from dinoscope.explain.session import ExplainRequest
from dinoscope.fitting import fit
from dinoscope.reading import images, scope
from dinoscope.reading.encoder import Encoder
from dinoscope.reading.heads import Head
from dinoscope.reading.images import ImageError
from dinoscope.reading.projection import Projection
from dinoscope.results import Vote, vote
from dinoscope.settings import Settings
from dinoscope.similar import Case, CaseIndex, Filters
from dinoscope.tasks import AssetError, Task
from dinoscope.workbench import Workbench
from fixtures.tiny import CLASSES, drawn, write_backbone

EVERY = [(task, label) for task, labels in CLASSES.items() for label in labels]


@pytest.fixture
def red() -> Image.Image:
    """A picture of the class red that no case equals."""
    return drawn("colours", "red", 77, strength=60)


def png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def said(call, *arguments, **options) -> str:
    """The sentence with which a request is refused."""
    with pytest.raises(RequestError) as caught:
        call(*arguments, **options)
    return str(caught.value)


@pytest.mark.parametrize(("task", "label"), EVERY)
def test_task_and_class_of_a_new_picture_are_recognised(workbench, task, label):
    for seed in range(70, 75):
        reading = workbench.classify(drawn(task, label, seed, strength=70))
        assert (reading.task, reading.detected, reading.label) == (task, True, label)
        assert label == reading.prediction_set[0]


def test_a_reading_adds_up(workbench, red):
    reading = workbench.classify(red)
    assert tuple(reading.probabilities) == ("blue", "green", "red")
    assert sum(reading.probabilities.values()) == pytest.approx(1)
    assert reading.label == max(reading.probabilities, key=reading.probabilities.get)
    assert reading.coverage == 0.9


def test_a_task_that_is_chosen_is_used_however_odd(workbench, red):
    reading = workbench.classify(red, "stripes")
    assert (reading.task, reading.detected) == ("stripes", False)
    assert set(reading.probabilities) == {"across", "down"}


def test_a_picture_unlike_the_task_is_called_unfamiliar(workbench, red):
    reading = workbench.classify(red, "stripes")
    assert not reading.scope.familiar
    assert reading.warnings[-1] == (
        "Unfamiliar: this looks unlike the cases of Stripes, so the probabilities mean little."
    )


def test_a_case_of_the_task_itself_is_familiar(workbench, public_pictures):
    reading = workbench.classify(public_pictures / "colours/red/red_03.png")
    assert reading.scope.familiar
    assert not any("Unfamiliar" in w for w in reading.warnings)


def test_facts_and_warnings_about_the_picture_come_with_the_reading(workbench):
    reading = workbench.classify(png(Image.new("RGB", (50, 300), "red")))
    assert reading.facts == ("PNG, 50 x 300 pixels, 8-bit colours",)
    assert any("6.0 times as long as wide" in w for w in reading.warnings)
    assert any("one flat colour" in w for w in reading.warnings)


def test_path_bytes_and_picture_are_read_alike(workbench, red, tmp_path):
    path = tmp_path / "red.png"
    red.save(path)
    for verb in (workbench.classify, workbench.similar, workbench.explain):
        first, *others = (answer(verb(source)) for source in (path, png(red), red))
        assert all(without_facts(other) == without_facts(first) for other in others)


def answer(result) -> dict | list:
    """An answer as plain values, the saliency map included."""
    if isinstance(result, list):
        # The last digits of a dot product depend on where in memory its vectors happen to lie.
        return [[s.case.id, round(s.similarity, 4)] for s in result]
    plain = result.json()
    if isinstance(result, room.Explanation):
        plain["saliency"] = hashlib.sha256(result.saliency.tobytes()).hexdigest()
    return plain


def without_facts(plain):
    return {k: v for k, v in plain.items() if k != "facts"} if isinstance(plain, dict) else plain


def test_every_answer_is_plain_json(workbench, red):
    reading, explanation = workbench.classify(red), workbench.explain(red)
    back = json.loads(json.dumps(reading.json(), allow_nan=False))
    assert back["probabilities"] == reading.probabilities
    assert back["scope"] == {
        "distance": reading.scope.distance,
        "percentile": reading.scope.percentile,
        "familiar": reading.scope.familiar,
    }
    back = json.loads(json.dumps(explanation.json(), allow_nan=False))
    assert back["shape"] == [64, 64]
    assert back["masks"] == len(back["mask_scores"]) == len(explanation.mask_scores)
    assert back["by_pixels"]["deletion"]["area"] == pytest.approx(explanation.by_pixels.deletion.area)
    assert len(back["by_tokens"]["insertion"]["random"]) > 1


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
    runs = [
        run_python("-c", EXPLAIN, str(tmp_path / "red.png"), DINOSCOPE_ASSETS=str(tiny_assets), DINOSCOPE_DEVICE="cpu")
        for _ in range(2)
    ]
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr
    assert runs[0].stdout == runs[1].stdout
    assert json.loads(runs[0].stdout)[0] == answer(workbench.explain(red, seed=5))["saliency"]


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


def test_similar_cases_are_of_the_class_and_nearest_first(workbench, red):
    found = workbench.similar(red, k=5)
    assert len(found) == 5
    assert {s.case.labels for s in found} == {("red",)}
    assert [s.similarity for s in found] == sorted((s.similarity for s in found), reverse=True)
    assert all(0.5 < s.similarity <= 1 for s in found)


def test_a_picture_that_is_itself_a_case_is_not_shown_to_itself(workbench, public_pictures):
    case = next(c for c in workbench.tasks["colours"].cases if c.origin == "public" and c.labels == ("red",))
    found = workbench.similar(public_pictures / "colours" / case.id, "colours", k=50)
    assert found
    assert case.id not in [s.case.id for s in found]


def test_cases_like_a_known_case_are_found_by_its_id(workbench):
    found = workbench.similar_to_case("phantom_red_1", "colours", k=3)
    assert "phantom_red_1" not in [s.case.id for s in found]
    assert {s.case.labels for s in found} == {("red",)}


def test_filters_reach_the_index(workbench, red):
    found = workbench.similar(red, k=50, filters=Filters(labels=("blue",), origins=("phantom",)))
    assert sorted(s.case.id for s in found) == [f"phantom_blue_{i}" for i in range(4)]


def test_no_test_picture_is_among_the_cases(workbench):
    assert all(case.fold != 0 for task in workbench.tasks.values() for case in task.cases)


def test_the_vote_is_the_majority_and_on_a_tie_the_nearest(workbench, red):
    found = workbench.similar(red, k=5)
    assert vote(found) == Vote("red", 5, 5)
    blue, green = (workbench.similar(drawn("colours", c, 77, strength=60), k=2) for c in ("blue", "green"))
    assert vote([*blue, *green, *found[:1]]) == Vote("blue", 2, 5)
    assert vote([*green, *blue]) == Vote("green", 2, 4)
    assert vote([]) is None


def test_an_unknown_task_is_refused_by_every_verb_with_those_there_are(workbench, red):
    for verb in (workbench.classify, workbench.explain, workbench.similar):
        assert said(verb, red, "knee") == "no task is called “knee”; choose one of colours, stripes"
    assert (
        said(workbench.similar_to_case, "red_01", "knee") == "no task is called “knee”; choose one of colours, stripes"
    )


def test_an_unknown_class_is_refused_with_those_of_the_task(workbench, red):
    sentence = "Colours has no class “pink”; choose one of blue, green, red"
    assert said(workbench.explain, red, target="pink") == sentence


def test_an_unknown_method_is_refused_with_those_there_are(workbench, red):
    sentence = said(workbench.explain, red, method="oracle")
    assert sentence.startswith("no explanation method is called “oracle”; choose one of vitcx")


@pytest.mark.parametrize("seed", [-1, 2**64, 2**80])
def test_a_seed_out_of_range_is_refused_with_its_value(workbench, red, seed):
    assert said(workbench.explain, red, seed=seed).startswith(f"the seed is {seed}; choose a whole number from 0")


@pytest.mark.parametrize("k", [0, -3, 51])
def test_a_number_of_cases_out_of_range_is_refused_with_its_value(workbench, red, k):
    assert said(workbench.similar, red, k=k) == f"{k} cases were asked for; choose from 1 to 50"


def test_a_picture_that_cannot_be_read_is_refused_by_every_verb(workbench, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    for verb in (workbench.classify, workbench.explain, workbench.similar):
        with pytest.raises(ImageError, match=r"notes\.txt"):
            verb(tmp_path / "notes.txt")


def test_without_any_task_the_visitor_is_told_how_to_get_one(encoder, red):
    bare = Workbench(encoder, Projection.plain(384, encoder.fingerprint), {}, CaseIndex())
    assert said(bare.classify, red) == "no task is loaded; fit one with `dinoscope fit`"


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
    levels[:20, :30] = 250
    picture = Image.fromarray(levels)
    mask = np.zeros((60, 90), np.uint8)
    mask[:20, :30] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    task = brightness_bench.tasks["marks"]
    case = Case("drawn", ("marked",), "phantom", mask="mask.png", pixels=images.pixel_hash(picture))
    known = replace(task, cases=(case, *task.cases[1:]), folder=tmp_path)
    bench = replace(brightness_bench, tasks={"marks": known})
    found = bench.explain(picture, target="marked").localisation
    assert found.hit
    assert found.area == pytest.approx(1 / 9)
    assert found.inside > 2 * found.area  # this backbone attends to nothing, and has two feature maps in all
    assert bench.explain(picture.rotate(180), target="marked").localisation is None


def test_an_explanation_can_be_cancelled_and_asked_for_again(workbench, red):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = answer(workbench.explain(red))
    with pytest.raises(KeyboardInterrupt):
        workbench.explain(red, progress=stop)
    assert answer(workbench.explain(red)) == before


def test_eight_threads_get_the_answers_that_one_gets(workbench):
    asked = []
    for seed, (task, label) in enumerate(EVERY):
        picture = drawn(task, label, seed)
        asked += [(workbench.classify, picture), (workbench.similar, picture), (workbench.explain, picture)]
    alone = [answer(verb(picture)) for verb, picture in asked]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda job: answer(job[0](job[1])), asked * 2))
    assert together == alone * 2


@pytest.fixture
def elsewhere(tiny_settings: Settings, other_backbone: Path) -> Settings:
    """The tiny assets, to be used with another backbone."""
    return replace(tiny_settings, backbone=str(other_backbone))


def test_tasks_without_a_head_for_the_backbone_are_left_out_with_a_notice(elsewhere):
    bench = Workbench.load(elsewhere, say=lambda _: None)
    assert bench.tasks == {}
    assert bench.notices == tuple(
        f"{task} has no head for the backbone other and is left out." for task in ("colours", "stripes")
    )


def test_heads_are_fitted_once_for_another_backbone_and_found_at_the_next_start(elsewhere, other_backbone, red):
    fitted, sentences = [], []

    def refit(encoder, projection, bundled, data, out, say):
        fitted.append(bundled.name)
        fit.refit(encoder, projection, bundled, data, out, say)

    fitter = SimpleNamespace(fit_projection=fit.fit_projection, refit=refit)
    bench = Workbench.load(elsewhere, fitter, sentences.append)
    assert fitted == ["colours", "stripes"]
    assert sentences[:2] == [
        "fitting the projection for the backbone other",
        "fitting colours for the backbone other",
    ]
    assert bench.notices == ()
    assert {c.origin for t in bench.tasks.values() for c in t.cases} == {"phantom"}
    assert all(t.head.fingerprint == bench.encoder.fingerprint for t in bench.tasks.values())
    assert [p.name for p in elsewhere.cache.iterdir()] == [tasks.cache(elsewhere.cache, bench.encoder.fingerprint).name]
    assert sorted(p.name for p in next(elsewhere.cache.iterdir()).iterdir()) == [
        "colours",
        "projection.safetensors",
        "stripes",
    ]
    # The phantoms' pictures are still those of the assets.
    assert all((t.folder / c.image).is_file() for t in bench.tasks.values() for c in t.cases)

    again = Workbench.load(elsewhere, fitter, sentences.append)
    assert np.array_equal(again.projection.mean, bench.projection.mean)
    assert fitted == ["colours", "stripes"]
    assert answer(again.classify(red)) == answer(bench.classify(red))
    assert answer(again.similar(red)) == answer(bench.similar(red))
    assert again.classify(red).label == "red"


def test_real_pictures_join_the_fit_where_there_are_any(elsewhere, public_pictures):
    bench = Workbench.load(replace(elsewhere, images=public_pictures), fit, lambda _: None)
    origins = [c.origin for c in bench.tasks["colours"].cases]
    assert (origins.count("public"), origins.count("phantom")) == (36, 12)


def test_a_fit_cut_short_is_made_again_at_the_next_start(elsewhere, red):
    def killed(encoder, projection, bundled, data, out, say):
        fit.refit(encoder, projection, bundled, data, out, say)
        (out / "vectors.safetensors").unlink()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Workbench.load(elsewhere, SimpleNamespace(fit_projection=fit.fit_projection, refit=killed), lambda _: None)
    bench = Workbench.load(elsewhere, fit, lambda _: None)
    assert list(bench.tasks) == ["colours", "stripes"]
    assert bench.classify(red).label == "red"


def test_a_task_that_cannot_be_fitted_is_left_out_and_the_others_stay(elsewhere):
    def refit(encoder, projection, bundled, data, out, say):
        if bundled.name == "colours":
            raise ValueError("only the class ['red'] has pictures to fit on; a task needs at least two")
        fit.refit(encoder, projection, bundled, data, out, say)

    sentences = []
    fitter = SimpleNamespace(fit_projection=fit.fit_projection, refit=refit)
    bench = Workbench.load(elsewhere, fitter, sentences.append)
    assert list(bench.tasks) == ["stripes"]
    assert any(s.startswith("colours could not be fitted: only the class ['red']") for s in sentences)
    assert bench.notices == ("colours has no head for the backbone other and is left out.",)


def test_a_backbone_that_cannot_be_loaded_gives_way_to_the_bundled_one_with_a_notice(tiny_settings, red):
    told = []
    bench = Workbench.load(replace(tiny_settings, backbone="facebook/dino-v9"), say=told.append)
    assert bench.encoder.name == "bundled"
    assert bench.notices[0].startswith("Running on the bundled backbone: no backbone is called 'facebook/dino-v9'")
    assert told == list(bench.notices)
    assert bench.classify(red).label == "red"


def test_changed_assets_stop_the_start(tiny_settings, tmp_path):
    assets = Path(shutil.copytree(tiny_settings.assets, tmp_path / "assets"))
    (assets / "tasks/colours/task.json").write_text("{}")
    with pytest.raises(AssetError, match=r"tasks/colours/task\.json differs from manifest\.json"):
        Workbench.load(replace(tiny_settings, assets=assets), say=lambda _: None)


def test_a_stray_file_among_the_tasks_does_not_stop_the_start(tiny_settings, tmp_path):
    assets = Path(shutil.copytree(tiny_settings.assets, tmp_path / "assets"))
    (assets / "tasks/.DS_Store").write_bytes(b"left by a file browser")
    tasks.verify(assets)
    assert list(Workbench.load(replace(tiny_settings, assets=assets), say=lambda _: None).tasks) == [
        "colours",
        "stripes",
    ]


def test_a_picture_is_encoded_once_for_every_verb(workbench, monkeypatch):
    passes = []
    tokens = type(workbench.encoder).tokens

    def counted(encoder, pixels, hurried=False):
        if not hurried:
            passes.append(len(pixels))
        return tokens(encoder, pixels, hurried)

    monkeypatch.setattr(type(workbench.encoder), "tokens", counted)
    read = workbench.read(drawn("colours", "red", 9))
    assert passes == [1]
    reading = workbench.classify(read)
    found = workbench.similar(workbench.query(read, reading.task))
    workbench.differential(workbench.query(read), None)
    asked = workbench.ask(read, reading.task, ExplainRequest(reading.label))
    assert passes == [1]
    assert reading == workbench.classify(drawn("colours", "red", 9))
    assert [s.case.id for s in found] == [s.case.id for s in workbench.similar(drawn("colours", "red", 9))]
    assert asked.subject.value == pytest.approx(reading.probabilities[reading.label])

"""The verbs on one picture: the same answer however it is asked, and a sentence for what cannot be answered."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dinoscope.explain.session import ExplainRequest
from dinoscope.reading import images, scope
from dinoscope.reading.images import ImageError
from dinoscope.reading.projection import Projection
from dinoscope.similar import CaseIndex
from dinoscope.workbench import Workbench
from fixtures.asking import answer, png, said, without_facts
from fixtures.tiny import CLASSES, drawn

EVERY = [(task, label) for task, labels in CLASSES.items() for label in labels]


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


def test_neither_a_case_nor_its_group_makes_its_own_picture_familiar(workbench, public_pictures):
    task = workbench.tasks["colours"]
    picture = public_pictures / "colours/red/red_03.png"
    own = task.of_pixels(images.pixel_hash(images.read(picture).picture))
    assert task.known[task.position(own.id)]
    vector, kin = workbench.read(picture).vector, own.group or own.id
    seen, known = (workbench.projection.for_scope(v) for v in (vector, task.vectors))
    others = np.array([(c.group or c.id) != kin for c in task.cases]) & task.known
    assert workbench.classify(picture, "colours").scope == scope.measure(seen, known[others], task.reference)
    # Where all are kin, there is nobody else to compare with.
    family = replace(task, cases=tuple(replace(c, group="one person") for c in task.cases))
    found = replace(workbench, tasks={"colours": family}).classify(picture, "colours")
    assert found.scope == scope.measure(seen, known[task.known], task.reference)


def test_a_real_picture_that_the_head_was_fitted_on_is_told_wherever_it_comes_from(workbench, public_pictures):
    task = workbench.tasks["colours"]

    def warned(case_of: str, **facts) -> bool:
        changed = tuple(replace(c, **facts) if c.id == case_of else c for c in task.cases)
        bench = replace(workbench, tasks={"colours": replace(task, cases=changed)})
        return any("fitted on this very picture" in w for w in bench.classify(picture, "colours").warnings)

    picture = public_pictures / "colours/red/red_03.png"
    own = task.of_pixels(images.pixel_hash(images.read(picture).picture))
    assert own.origin == "public"
    assert warned(own.id)
    assert warned(own.id, origin="own")
    assert not warned(own.id, fold=1)
    assert not warned(own.id, pixels="")
    example = next(c for c in task.cases if c.image and c.fold == 2)
    picture = task.folder / example.image
    assert not warned(example.id)


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


def test_an_unknown_task_is_refused_by_every_verb_with_those_there_are(workbench, red):
    for verb in (workbench.classify, workbench.explain, workbench.similar):
        assert said(verb, red, "knee") == "no task is called “knee”; choose one of colours, stripes"
    assert (
        said(workbench.similar_to_case, "red_01", "knee") == "no task is called “knee”; choose one of colours, stripes"
    )


def test_a_picture_that_cannot_be_read_is_refused_by_every_verb(workbench, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    for verb in (workbench.classify, workbench.explain, workbench.similar):
        with pytest.raises(ImageError, match=r"notes\.txt"):
            verb(tmp_path / "notes.txt")


def test_without_any_task_the_visitor_is_told_how_to_get_one(encoder, red):
    bare = Workbench(encoder, Projection.plain(384, encoder.fingerprint), {}, CaseIndex())
    assert said(bare.classify, red) == "no task is loaded; fit one with `dinoscope fit`"


def test_eight_threads_get_the_answers_that_one_gets(workbench):
    asked = []
    for seed, (task, label) in enumerate(EVERY):
        picture = drawn(task, label, seed)
        asked += [(workbench.classify, picture), (workbench.similar, picture), (workbench.explain, picture)]
    alone = [answer(verb(picture)) for verb, picture in asked]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda job: answer(job[0](job[1])), asked * 2))
    assert together == alone * 2


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

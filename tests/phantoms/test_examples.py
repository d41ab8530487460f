"""Examples: only drawn cases that the head reads and knows and whose map hits are chosen, and only they are offered."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dinoscope import examples, manifest, tasks
from dinoscope.cli import main
from dinoscope.examples import Choice
from dinoscope.explain.session import ExplainRequest
from dinoscope.ui.examples import offered
from dinoscope.workbench import Workbench
from dinoscope_phantoms import examples as choosing


@pytest.fixture(scope="module")
def outlined(workbench, tmp_path_factory) -> Workbench:
    """The drawn colours with outlines: those of the first class hold the map's highest point, the others its lowest."""
    task = workbench.tasks["colours"]
    folder = tmp_path_factory.mktemp("outlined")
    shutil.copytree(task.folder / "images", folder / "images")
    (folder / "masks").mkdir()
    cases = []
    for case in task.cases:
        if case.image:
            found = workbench.ask(task.folder / case.image, "colours", ExplainRequest(case.labels[0])).explain()
            first = case.labels[0] == task.head.classes[0]
            place = found.saliency.argmax() if first else found.saliency.argmin()
            mask = np.zeros(found.saliency.size, np.uint8)
            mask[place] = 255
            Image.fromarray(mask.reshape(found.saliency.shape)).save(folder / "masks" / f"{case.id}.png")
            case = replace(case, mask=f"masks/{case.id}.png")
        cases.append(case)
    return replace(workbench, tasks=workbench.tasks | {"colours": replace(task, cases=tuple(cases), folder=folder)})


def test_a_case_is_chosen_only_where_head_and_map_do_well(outlined):
    task = outlined.tasks["colours"]
    found, counts = choosing.choose(outlined, task)
    passed = list(counts.values())
    assert passed == sorted(passed, reverse=True)
    assert counts["drawn"] == sum(bool(c.image) for c in task.cases)
    assert 0 < counts["map in the lesion"] < counts["familiar"]
    assert {c.label for c in found} <= {task.head.classes[0]}
    for choice in found:
        reading = outlined.classify(task.folder / task.case(choice.id).image, "colours")
        assert reading.label == choice.label
        assert reading.scope.standing == "familiar"
        assert choice.probability == pytest.approx(reading.probabilities[choice.label], abs=1e-4)


def test_the_choice_lies_beside_its_head_and_is_void_for_another(tiny_assets, tmp_path, encoder):
    assets = shutil.copytree(tiny_assets, tmp_path / "assets")
    folder = assets / "tasks" / "colours"
    assert tasks.load(folder, encoder.fingerprint).choices is None
    good = [Choice(f"phantom_red_{i}", "red", 0.9, overlap, True, True, True) for i, overlap in enumerate((0.4, 0.7))]
    gone = Choice("phantom_red_99", "red", 1.0, 0.9, True, True, True)
    choosing.write(assets, folder, [*good, gone], {"drawn": 8})
    manifest.verify(assets)
    assert json.loads((folder / examples.FILE).read_text())["drawn"] == 8
    assert [c.id for c in tasks.load(folder, encoder.fingerprint).choices] == ["phantom_red_1", "phantom_red_0"]
    (folder / examples.FILE).write_text((folder / examples.FILE).read_text().replace('"head": "', '"head": "0'))
    assert tasks.load(folder, encoder.fingerprint).choices is None


def test_the_strip_offers_the_best_of_each_modality_and_nothing_that_cannot_be_read(workbench):
    names = list(workbench.tasks)
    ids = {n: [c.id for c in workbench.tasks[n].examples()] for n in names}
    labels = {n: [c.labels[0] for c in workbench.tasks[n].examples()] for n in names}

    def bench(modalities: dict[str, str], **chosen: tuple[Choice, ...] | None) -> Workbench:
        changed = {
            n: replace(t, facts=t.facts | {"modality": modalities[n]}, choices=chosen.get(n))
            for n, t in workbench.tasks.items()
        }
        return replace(workbench, tasks=changed)

    def choice(name: str, at: int, overlap: float, guessed: bool = True) -> Choice:
        return Choice(ids[name][at], labels[name][at], 0.9, overlap, guessed, True, True)

    first, second = names[:2]
    apart = {first: "one", second: "two"}
    fair, good = choice(first, 0, 0.3), choice(second, 1, 0.8)

    def keys(shown: Workbench, task: str | None = None) -> list[str]:
        return [e.key for e in offered(shown, task)]

    strip = keys(bench(apart, **{first: (fair,), second: (good,)}))
    assert strip == [f"{second}/{good.id}", f"{first}/{fair.id}"]
    assert keys(bench(dict.fromkeys(names, "one"), **{first: (fair,), second: (good,)})) == [f"{second}/{good.id}"]
    assert keys(bench(apart, **{first: (), second: (good,)})) == [f"{second}/{good.id}"]
    assert keys(bench(apart, **{first: (choice(first, 0, 0.9, guessed=False),), second: (good,)})) == [strip[0]]
    # Of a task that somebody opened: its classes, as far as one of their cases is good.
    assert keys(bench(apart, **{second: (good,)}), second) == [f"{second}/{good.id}"]
    # Nothing was ever chosen, as with another backbone: whatever is drawn.
    assert keys(bench(apart)) == [f"{n}/{ids[n][0]}" for n in names]
    assert keys(bench(apart), first) == [f"{first}/{i}" for i in ids[first]]


def test_the_command_wants_a_folder_or_the_examples(capsys):
    assert main(["phantoms"]) == 1
    assert "--out" in capsys.readouterr().err

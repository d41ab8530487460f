"""Choosing examples: drawn cases that show the app as it is when it works, found by trying every one of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from dinoscope import atomic, examples, manifest, settings
from dinoscope.examples import Choice
from dinoscope.explain.session import ExplainRequest, ExplainSession
from dinoscope.reading import images
from dinoscope.results import Explanation
from dinoscope.tasks import Task
from dinoscope.workbench import Workbench

MEASURED = 4
"""Maps of a class that are measured, the best placed first, until one of them is faithful."""
STEPS = ("drawn", "read as drawn", "familiar", "map in the lesion")
"""What was counted of each task's cases, each of those before it."""


@dataclass(frozen=True)
class _Tried:
    """A case that passed, whose map is not measured yet."""

    choice: Choice
    session: ExplainSession
    found: Explanation


def run(names: list[str]) -> None:
    """Choose for these tasks, or all of them, and write what was chosen beside their heads.

    Raises:
        ValueError: for another backbone than the bundled one, whose heads are in a cache.
    """
    chosen = settings.load()
    if chosen.backbone != "bundled" or chosen.fusion:
        raise ValueError("examples are chosen for the bundled backbone alone; unset DINOSCOPE_BACKBONE and _FUSION")
    workbench = Workbench.load(chosen)
    for name in names or workbench.tasks:
        task, folder = workbench.tasks[name], chosen.assets / "tasks" / name
        found, counts = choose(workbench, task)
        write(chosen.assets, folder, found, counts)
        shown = ", ".join(c.id for c in found) or "none: no drawn case of this task is in the strip"
        print(f"{name}: {', '.join(f'{n} {step}' for step, n in counts.items())}; {shown}", flush=True)


def choose(workbench: Workbench, task: Task) -> tuple[list[Choice], dict[str, int]]:
    """The best drawn case of each class, if one is good enough; and how many cases passed each condition.

    A case is good enough when the head reads it as what it was drawn as and finds it familiar, and its map points into
    the lesion where there is one and is better than chance.
    """
    counts: Counter[str] = Counter(dict.fromkeys(STEPS, 0))
    tried: dict[str, list[_Tried]] = {}
    for case in task.cases:
        if case.image and case.origin == "phantom" and case.labels[0] in task.head.classes:
            counts["drawn"] += 1
            if one := _try(workbench, task, case.id, counts):
                tried.setdefault(case.labels[0], []).append(one)
    best = [_best(those) for those in tried.values()]
    return sorted((c for c in best if c), key=lambda c: c.worth, reverse=True), dict(counts)


def write(assets: Path, folder: Path, found: list[Choice], counts: dict[str, int]) -> None:
    """Write the choice into a task's folder, together with its line in the manifest."""
    with atomic.change(assets) as staged:
        atomic.write(staged / folder.relative_to(assets) / examples.FILE, examples.text(folder, found, counts))
        manifest.stage(assets, staged)


def _try(workbench: Workbench, task: Task, case_id: str, counts: Counter[str]) -> _Tried | None:
    """A case that the head reads and knows, with a map on the lesion; None for any other."""
    case = task.case(case_id)
    picture = workbench.read(images.read(task.folder / case.image))
    reading = workbench.classify(picture, task.name)
    if reading.label not in case.labels:
        return None
    counts["read as drawn"] += 1
    if reading.scope.standing != "familiar":
        return None
    counts["familiar"] += 1
    session = workbench.ask(picture, task.name, ExplainRequest(reading.label))
    found = session.explain()
    where = found.localisation
    if where is not None and not where.hit:
        return None
    counts["map in the lesion"] += 1
    choice = Choice(
        case.id,
        case.labels[0],
        round(reading.probabilities[reading.label], 4),
        None if where is None else round(where.overlap, 4),
        guessed=workbench.classify(picture).task == task.name,
        faithful=False,
        agreed=bool(reading.agreement and reading.agreement.agree),
    )
    return _Tried(choice, session, found)


def _best(tried: list[_Tried]) -> Choice | None:
    """The best placed map that is faithful, else the best placed one that is better than chance."""
    fair = []
    for one in sorted(tried, key=lambda t: t.choice.worth, reverse=True)[:MEASURED]:
        verdict = one.session.measure(one.found).verdict
        assert verdict is not None
        if verdict.faithful:
            return _faithful(one.choice)
        if not verdict.chance:
            fair.append(one.choice)
    return fair[0] if fair else None


def _faithful(choice: Choice) -> Choice:
    return Choice(**vars(choice) | {"faithful": True})

"""Explain: how faithful each method is, whether it finds lesions, and how fast; picture by picture, set by set."""

from __future__ import annotations

import itertools
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial

import numpy as np

from dinoscope.explain import Saliency, Subject, faithfulness
from dinoscope.explain.faithfulness import Curves
from dinoscope.explain.localisation import centred_blob, locate
from dinoscope.explain.methods import METHODS
from dinoscope.explain.session import MAX_SEED
from dinoscope.fitting.datasets import TEST_FOLD

from . import end_to_end, explain_http, explain_pictures, explain_rows, published_vitcx
from .explain_pictures import ExplainedPicture
from .study import Report, Study

MOST = 40
"""Pictures of a set with outlines, where no other number is asked for."""
QUICKLY = ("vitcx", "vitcx_quick", "attention_gradients", "gradcam", "rollout", "random", "centred_blob")
"""Methods whose map is drawn for every picture."""
PUBLISHED = "vitcx_published"
SLOWLY = {PUBLISHED: MOST, "rise": 12, "occlusion": 6}
"""Methods that take longer -> on how many pictures of a set with outlines."""
RESEEDED = 3
"""Pictures of a set with outlines that are explained once more with another seed."""
LOCATED = ("vitcx", "attention_gradients", "centred_blob", "random")
"""Methods whose map is compared with a drawn lesion."""
PLAIN, DRAWN = 4, 10
"""Pictures of a set without outlines, and drawn cases of a task."""
TIMED = 6
"""Pictures on which the published algorithm, written plainly in float32, is timed beside ours."""
WAYS: dict[str, Callable[..., Curves]] = {"tokens": faithfulness.by_tokens, "pixels": faithfulness.by_pixels}
SHARES = (1 / 6, 1 / 3, 2 / 3, 5 / 6)
"""Where the curves are read: at more points than on the page."""
DRAWS = 4
"""Random orders a picture: the mean over pictures needs fewer than the page, which shows a band for one."""
QUICK_SETS = 2
HTTP_PICTURES = 2
"""Of a task, explained through HTTP."""

Measure = Callable[[ExplainedPicture, int], dict]
"""(picture, its number in its set, from 0) -> what was measured of it."""


def measure(study: Study) -> Report:
    """The report of explain.json; every picture is a part of its own."""
    records = []
    for part, of, pictures, look in _parts(study):
        for number, shown in enumerate(pictures):
            records += study.part(f"{part} {of} {shown.id}", partial(_record, part, of, shown, number, look))
    if study.fold != TEST_FOLD:
        return explain_rows.floor(records)
    report = explain_rows.summarise(records)
    http = explain_rows.http(explain_http.measure(_for_http(study)))
    return Report(report.headline, [*report.tables, http], report.notes)


def _record(part: str, of: str, shown: ExplainedPicture, number: int, look: Measure) -> list[dict]:
    facts = {"part": part, "set": of, "id": shown.id, "group": shown.group, "explained": shown.explained}
    return [facts | look(shown, number)]


def _for_http(study: Study) -> list:
    """(task, picture) pairs."""
    names = [t for t in study.workbench.tasks if (study.images / t).is_dir()][: QUICK_SETS if study.quick else None]
    each = 1 if study.quick else HTTP_PICTURES
    return [(t, s) for t in names for s in end_to_end.choose(study.images, t, each, study.seed)]


def _parts(study: Study) -> Iterator[tuple[str, str, Iterator[ExplainedPicture], Measure]]:
    """(part, set, its pictures, how each is measured); a quick run takes one picture of the first few sets."""
    workbench, folder, seed = study.workbench, study.images, study.seed
    sets, few, most = (QUICK_SETS if study.quick else None), (1 if study.quick else None), study.most or MOST
    slowly = SLOWLY if study.fold == TEST_FOLD else {}
    if study.quick:  # the published algorithm takes most of a minute a picture, and is timed below once
        slowly = {method: count for method, count in slowly.items() if method != PUBLISHED}
    outlined = [n for n in explain_pictures.OUTLINED if (folder / n).is_dir()]
    if study.quick:  # those with a head of their own first: for another set one is fitted, to all its pictures
        outlined = sorted(outlined, key=lambda name: name not in workbench.tasks)[:sets]
    plain = [t for t in workbench.tasks if (folder / t).is_dir() and t not in outlined][:sets]
    for name in outlined:
        pictures = explain_pictures.of_outlined(workbench, folder, name, few or most, seed, study.fold)
        yield "outlined", name, pictures, lambda shown, number: _measure(shown, _own(seed, shown), number, slowly)
    if study.fold != TEST_FOLD:
        return
    for name in plain:
        pictures = explain_pictures.of_task(workbench, folder, name, few or min(PLAIN, most), seed)
        yield "plain", name, pictures, lambda shown, number: _measure(shown, _own(seed, shown), None, {})
    for name in list(workbench.tasks)[:sets]:
        pictures = explain_pictures.of_phantoms(workbench, name, few or DRAWN, seed)
        yield "drawn", name, pictures, lambda shown, number: _locate(shown, _own(seed, shown))
    pictures = itertools.islice(explain_pictures.of_strip(workbench), few)
    yield "strip", "examples of the page", pictures, lambda shown, number: _locate(shown, _own(seed, shown))
    for name in outlined[:1]:
        # Another seed: pictures that nothing above has warmed up.
        pictures = explain_pictures.of_outlined(workbench, folder, name, few or TIMED, seed + 1)
        yield "timed", name, pictures, lambda shown, number: _time(shown, _own(seed, shown))


def _own(seed: int, shown: ExplainedPicture) -> int:
    """A seed of the picture's own: one random map for all of them would be a single draw, however many they are."""
    return (seed + zlib.crc32(shown.id.encode())) % MAX_SEED


def _timed(explain: Callable[..., Saliency | np.ndarray], *arguments) -> tuple[np.ndarray, float]:
    began = time.perf_counter()
    found = explain(*arguments)
    seconds = time.perf_counter() - began
    return (found if isinstance(found, np.ndarray) else found.map), seconds


def _measure(shown: ExplainedPicture, seed: int, number: int | None, slowly: Mapping[str, int]) -> dict:
    """How each method's map lies on the outline, and what it gains on random orders of the same picture.

    Args:
        number: of the picture in its set; None where no set has outlines.
        slowly: methods that take longer -> on how many pictures of a set they are tried.
    """
    subject, result = shown.subject, {}
    slow = () if number is None else tuple(m for m, count in slowly.items() if number < count)
    flat = np.zeros(subject.size, np.float32)
    # Random orders belong to the picture, not to the method: they are scored once.
    chance = {called: way(subject, flat, seed, DRAWS, SHARES) for called, way in WAYS.items()}
    for name in (*QUICKLY, *slow):
        found, seconds = _timed(_method(name), subject, seed)
        facts: dict = {"seconds": seconds}
        for called, random in chance.items():
            curves = WAYS[called](subject, found, seed, 0, SHARES)
            facts[f"deletion_{called}"] = random.deletion.random_area - curves.deletion.area
            facts[f"insertion_{called}"] = curves.insertion.area - random.insertion.random_area
            facts[f"difference_{called}"] = curves.difference
        if shown.lesion is not None:
            facts |= asdict(locate(found, shown.lesion))
        if slow and number is not None and number < RESEEDED and name in ("vitcx", PUBLISHED, "rise"):
            other, _ = _timed(_method(name), subject, (seed + 1) % MAX_SEED)
            facts["two_seeds"] = faithfulness.agreement(subject, found, other)
        result[name] = facts
    return {"methods": result}


def _locate(shown: ExplainedPicture, seed: int) -> dict:
    """How the maps of drawn cases lie on the drawn lesion."""
    assert shown.lesion is not None
    maps = {m: _timed(_method(m), shown.subject, seed)[0] for m in LOCATED}
    return {"methods": {m: asdict(locate(found, shown.lesion)) for m, found in maps.items()}}


def _time(shown: ExplainedPicture, seed: int) -> dict:
    """Seconds of the default at both paces and of the published algorithm, one after the other."""
    exact = shown.exact
    runs = {name: _timed(_method(name), shown.subject, seed)[1] for name in ("vitcx", "vitcx_quick")}
    published = _timed(published_vitcx.explain, exact.score, exact.pixels, exact.before, exact.grid, seed)
    return {"runs": runs | {"published": published[1]}}


def _method(name: str) -> Callable[[Subject, int], Saliency]:
    """A method of the registry, `vitcx_quick` at its quick pace, or the blob that sees nothing."""
    if name == "centred_blob":
        return lambda subject, seed: Saliency(centred_blob(subject.size))
    explain = METHODS[name.removesuffix("_quick")].explain
    return lambda subject, seed: explain(subject, seed, name.endswith("_quick"))

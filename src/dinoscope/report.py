"""Report: all that was found about one picture, and a paragraph that is composed from the numbers alone."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np
from PIL import Image

from . import __version__
from .errors import RequestError
from .explain.methods import METHODS
from .explain.session import ExplainSession
from .notice import NOTICE
from .reading.encoded import Encoded
from .results import Explanation, Reading, votes
from .see.sight import Sight
from .similar import SearchRequest, SimilarCase
from .tasks import Task
from .words import enumerated, percent
from .workbench import Source, Workbench

CASES = 8
SPREAD = 0.3
"""A map whose upper half of weight takes more than this share of the picture lies in no one place."""
NEAR = 1 / 4
"""Of the longer side: a map with less than half of that upper half so near to its centre lies in several places."""
PARTS = ("torch", "gradio", "qdrant-client")


@dataclass(frozen=True)
class Report:
    """One picture and every answer about it.

    Attributes:
        picture: as it was read; name: how the page calls it.
        cases: the nearest known ones, with no filter.
        sight: features as colours; None where the task was fitted without them.
        backbone: its name; fingerprint: of its weights; versions: of what it ran on.
        date: when it was made, UTC.
    """

    picture: Image.Image
    name: str
    task: Task
    reading: Reading
    explanation: Explanation
    cases: tuple[SimilarCase, ...]
    sight: Sight | None
    backbone: str
    fingerprint: str
    date: str
    versions: dict[str, str] = field(default_factory=dict)

    def json(self) -> dict:
        """Plain values; the pictures stand in the page that is made of it."""
        return {
            "notice": NOTICE,
            "date": self.date,
            "backbone": self.backbone,
            "fingerprint": self.fingerprint,
            "versions": self.versions,
            "paragraph": paragraph(self),
            "reading": self.reading.json(),
            "explanation": {k: v for k, v in self.explanation.json().items() if k != "mask_scores"},
            "cases": [asdict(s.case) | {"similarity": s.similarity, "closer_than": s.closer_than} for s in self.cases],
        }


def gather(
    workbench: Workbench,
    picture: Source,
    task: str | None = None,
    method: str = "vitcx",
    name: str = "",
    known: tuple[ExplainSession, Explanation] | None = None,
) -> Report:
    """Everything that the workbench says of a picture.

    Args:
        picture, task, method: as for `Workbench.explain`.
        name: how the page calls the picture.
        known: the question and the map that the visitor has in front of them; measured if it was not yet.
    Raises:
        RequestError: with the sentence a visitor sees.
    """
    read: Encoded = workbench.read(picture)
    reading = workbench.classify(read, task)
    chosen = workbench.tasks[reading.task]
    if known is None:
        explanation = workbench.explain(read, chosen.name, method=method)
    else:
        asked, found = known
        explanation = found if found.verdict else asked.measure(found)
    try:
        cases = tuple(workbench.similar(read, chosen.name, SearchRequest(CASES)))
    except RequestError:  # a search server that is away takes no report from anybody
        cases = ()
    return Report(
        picture=read.decoded.picture,
        name=name,
        task=chosen,
        reading=reading,
        explanation=explanation,
        cases=cases,
        sight=workbench.see(read, chosen.name) if chosen.axes is not None else None,
        backbone=workbench.encoder.name,
        fingerprint=workbench.encoder.fingerprint,
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        versions=_versions(),
    )


def paragraph(report: Report) -> list[str]:
    """Sentences made of the report's numbers alone: what it says, what is like it, why, and how far to believe it."""
    reading, task = report.reading, report.task
    sentences = [_answer(reading, task), _familiar(reading)]
    if reading.agreement:
        sentences.append(_agreement(reading, task))
    sentences += [_neighbours(report), _map(report.explanation, task), _evidence(task)]
    if not reading.scope.familiar:
        unlike = "This picture is unlike every case that the head was fitted on: whatever follows says little of it."
        sentences = [unlike, *sentences]
    return [s for s in sentences if s]


def _answer(reading: Reading, task: Task) -> str:
    guess = " (a guess from the nearest cases)" if reading.detected else ""
    asked = f"Asked “{task.facts['question']}”{guess}, the head answers"
    likely = f"{task.display(reading.label)} ({percent(reading.probabilities[reading.label])})"
    if not task.head.exclusive:
        present = [f"{task.display(c)} ({percent(reading.probabilities[c])})" for c in reading.prediction_set]
        if not present:
            return f"{asked} that no finding reaches its threshold; the nearest to it is {likely}."
        return f"{asked} with the findings that reach their thresholds: {enumerated(present)}."
    others = [task.display(c) for c in reading.prediction_set if c != reading.label]
    left = f"; {enumerated(others)} cannot be ruled out by" if others else ", alone in"
    sure = percent(reading.coverage)
    return f"{asked} {likely}{left} a set that holds the true class for {sure} of such pictures."


def _familiar(reading: Reading) -> str:
    share = percent(reading.scope.percentile / 100)
    standing = {
        "familiar": "The picture is familiar",
        "edge": "The picture lies at the edge of what the head knows",
        "unfamiliar": "The picture is unfamiliar",
    }[reading.scope.standing]
    return f"{standing}: {share} of the task's held-out pictures lie at least as far from the known cases."


def _agreement(reading: Reading, task: Task) -> str:
    seconded = reading.agreement
    assert seconded is not None
    best = max(seconded.together, key=lambda c: seconded.together[c])
    voice = "say the same" if seconded.agree else f"say {task.display(seconded.label)} instead"
    text = f"The nearest real cases {voice}; head and cases together give {task.display(best)} "
    text += percent(seconded.together[best])
    if record := seconded.record:
        where = "agreed" if seconded.agree else "disagreed"
        text += (
            f". Where the two {where} on held-out pictures, the head was right in {percent(record.value)} of "
            f"{record.pictures} (95 % interval {percent(record.low)} to {percent(record.high)})"
        )
    return text + "."


def _neighbours(report: Report) -> str:
    if not report.cases:
        return "The similar cases could not be searched when this report was made."
    said = votes(report.cases)
    named = [f"{v.count} {'is' if v.count == 1 else 'are'} {report.task.display(v.label)}" for v in said]
    many, first = len(report.cases), report.cases[0]
    if len(said) == 1:
        text = f"All {many} nearest known cases are {report.task.display(said[0].label)}"
    else:
        text = f"Of the {many} nearest known cases, {enumerated(named)}"
    text += f"; the nearest has a similarity of {first.similarity:.2f}"
    if first.closer_than is not None:
        text += f", closer than {percent(first.closer_than)} of the known cases are to their own nearest one"
    drawn = sum(s.case.origin == "phantom" for s in report.cases)
    return text + (f". {drawn} of them {'is' if drawn == 1 else 'are'} drawn by code." if drawn else ".")


def _map(found: Explanation, task: Task) -> str:
    title, verdict = METHODS[found.method].title, found.verdict
    what = f"the score for {task.display(found.target)}"
    if found.like:
        what = f"the similarity to case {found.like}"
    elif found.instead_of:
        what += f" rather than {task.display(found.instead_of)}"
    if found.method == "random":
        return "The map was drawn without looking at the picture: a baseline, nothing to read."
    if verdict is None:
        return f"The map by {title} of {what} was not measured."
    counts = (verdict.deletion_tokens, verdict.insertion_tokens, verdict.deletion_pixels, verdict.insertion_pixels)
    beaten = f"beating {min(counts)} to {max(counts)} of {verdict.of} random orders on four curves"
    if verdict.chance:
        return f"The map by {title} of {what} is no better than chance ({beaten}) and should not be read."
    worth = "faithful" if verdict.faithful else "half faithful"
    text = f"The map by {title} of {what} is {worth} ({beaten}) and lies {lies(found.saliency)}"
    if where := found.localisation:
        text += (
            f"; {'it lies' if where.on else 'that is not'} on the outlined lesion (overlap {percent(where.overlap)}, "
            f"its highest point {'inside' if where.hit else 'outside'})"
        )
    return text + "."


def lies(saliency: np.ndarray) -> str:
    """Where most of a map [H, W] is, in words: the place of the half of its weight that is highest."""
    weight = np.clip(saliency - np.median(saliency), 0, None)
    total = float(weight.sum())
    if total <= 0:
        return "nowhere in particular"
    order = np.argsort(-weight, axis=None, kind="stable")
    held = order[: int(np.searchsorted(np.cumsum(weight.ravel()[order]), total / 2)) + 1]
    share = len(held) / weight.size
    if share > SPREAD:
        return "all over the picture"
    height, width = weight.shape
    rows, columns = np.unravel_index(held, weight.shape)
    row, column = (float(np.average(axis, weights=weight.ravel()[held])) for axis in (rows, columns))
    near = np.hypot(rows - row, columns - column) < max(height, width) * NEAR
    if weight.ravel()[held][near].sum() < total / 4:
        return f"in several places (half of its weight on {percent(share)} of the picture)"
    down = ("upper", "", "lower")[min(int(3 * (row + 0.5) / height), 2)]
    across = ("left", "", "right")[min(int(3 * (column + 0.5) / width), 2)]
    place = {(False, False): "middle", (True, False): f"{down} middle", (False, True): f"{across} of the middle"}
    named = place.get((bool(down), bool(across)), f"{down} {across}")
    return f"mostly in the {named} (half of its weight on {percent(share)} of the picture)"


def _evidence(task: Task) -> str:
    metrics = task.facts.get("metrics", {})
    right = metrics.get("balanced_accuracy") or metrics.get("roc_auc")
    if not right:
        return "How good the head is on this task was not measured."
    called = "a balanced accuracy" if metrics.get("balanced_accuracy") else "an ROC-AUC"
    where = f"On {metrics['pictures']} real test pictures that nothing was fitted on"
    if task.crossed:
        where = f"By cross-validation on the {metrics['pictures']} pictures it was fitted on"
    text = (
        f"{where}, the head reached {called} of {percent(right['value'])} "
        f"(95 % interval {percent(right['low'])} to {percent(right['high'])})"
    )
    return f"{text}. {task.facts['flaw']}" if task.facts.get("flaw") else f"{text}."


def _versions() -> dict[str, str]:
    ours = {"dinoscope": __version__, "Python": platform.python_version()}
    return ours | {name: version(name) for name in PARTS}

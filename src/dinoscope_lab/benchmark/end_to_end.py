"""End to end: real test pictures through the running app, over HTTP, against the workbench called directly."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from dinoscope.evidence import TABLE, Column, Table
from dinoscope.fitting import datasets
from dinoscope.fitting.datasets import TEST_FOLD, Sample
from dinoscope.workbench import Workbench

from ..evidence import count, number
from . import first_answer, on_page, two_networks
from .serving import Asking, served
from .study import Report, Study, headline

VERBS = ("classify", "explain", "similar")
TOLERANCE = 1e-5
PAIRED = 3
"""Pictures of a task that are asked for with one network and with two."""
MOST = 20
"""Pictures a task, where no other number is asked for."""


def choose(images: Path, task: str, most: int, seed: int) -> list[Sample]:
    """So many pictures of a task's fold 0, the same for the same seed."""
    samples = [s for s in datasets.read(images / task, images / "splits") if s.fold == TEST_FOLD]
    order = np.random.default_rng(seed).permutation(len(samples))
    return [samples[i] for i in order[:most]]


def measure(study: Study) -> Report:
    """The report of end_to_end.json."""
    workbench, most = study.workbench, 1 if study.quick else study.most or MOST
    names = list(workbench.tasks)[: 2 if study.quick else None]
    pictures = {t: choose(study.images, t, most, study.seed) for t in names}
    latency: dict[str, list[float]] = {verb: [] for verb in VERBS}
    asked = 0
    runs = 1 if study.quick else first_answer.RUNS
    begun = first_answer.measure(next(iter(pictures.values()))[0].path, runs)
    with served() as (asking, _):
        for task, samples in pictures.items():
            for sample in samples:
                found = {verb: _timed(asking, verb, sample.path, task, latency[verb]) for verb in VERBS}
                _compare(workbench, sample, task, found)
                asked += 1
            print(f"{task}: {len(samples)} pictures", flush=True)
        seen = on_page.measure(asking.address, 1 if study.quick else on_page.VISITS)
    seconds: list[dict] = [{"what": what, "answers": runs, "median": median} for what, median in begun.items()]
    for verb, spent in latency.items():
        median, late = (round(float(np.percentile(spent, p)), 3) for p in (50, 95))
        seconds.append({"what": verb, "answers": len(spent), "median": median, "late": late})
    seconds += on_page.rows(seen)
    two = two_networks.measure(study, [(t, s) for t, samples in pictures.items() for s in samples[:PAIRED]])
    label = (
        f"Pictures whose class, map and similar cases are the workbench's, to {TOLERANCE:g}, through the running app"
    )
    figure = headline(label, asked, f"of {asked}")
    notes = [
        f"Pictures of fold 0, up to {most} of every task; one answer that differs would have ended the measurement.",
        f"Starts are medians of {runs} new processes: to the page with its finished example, and to class, map and "
        "similar cases of a picture that was then sent.",
        "Other seconds are through plain HTTP, upload included.",
        "On the page: in Chromium on the same machine, which takes part of it.",
    ]
    without = [] if two else ["What a second network costs was left out: its heads are not among the assets."]
    return Report(figure, [table(seconds), two_networks.table(two)], [*notes, *without])


def table(seconds: list[dict]) -> Table:
    """How long what the app answered took."""
    took = (Column("what"), count("answers"), number("median", unit="s"), number("late", "95th percentile", "s"))
    return Table("seconds", "Seconds of an answer through HTTP", TABLE, took, seconds)


def _timed(asking: Asking, verb: str, picture: Path, task: str, seconds: list[float]) -> dict:
    (facts, *files), took = asking(verb, picture, task=task)
    seconds.append(took)
    return {**facts, "saliency": np.load(io.BytesIO(files[-1]))} if verb == "explain" else facts


def _compare(workbench: Workbench, sample: Sample, task: str, found: dict[str, dict]) -> None:
    """The app must say what the workbench says.

    Raises:
        ValueError: where they differ by more than the tolerance.
    """
    reading = workbench.classify(sample.path, task)
    explanation = workbench.explain(sample.path, task)
    similar = workbench.similar(sample.path, task)
    differences = {
        "classify": max(abs(found["classify"]["probabilities"][c] - p) for c, p in reading.probabilities.items()),
        "explain": float(np.abs(found["explain"]["saliency"] - explanation.saliency).max()),
        "similar": max(
            abs(f["similarity"] - s.similarity) + (f["id"] != s.case.id)
            for f, s in zip(found["similar"]["cases"], similar, strict=True)
        ),
    }
    for verb, difference in differences.items():
        if difference > TOLERANCE:
            raise ValueError(f"{verb} of {sample.path} differs by {difference} between app and workbench")

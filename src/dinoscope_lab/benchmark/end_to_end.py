"""End to end: real test pictures through the running app, over HTTP, against the workbench called directly."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from gradio_client import Client, handle_file

from dinoscope import settings
from dinoscope.fitting import datasets
from dinoscope.fitting.datasets import TEST_FOLD, Sample
from dinoscope.fitting.statistics import balanced_accuracy, grouped_bootstrap
from dinoscope.workbench import Workbench

from .. import evidence, readme
from . import first_answer
from .serving import served

VERBS = ("classify", "explain", "similar")
TOLERANCE = 1e-5
MOST = 20
"""Pictures a task, where no other number is asked for."""


def choose(images: Path, task: str, most: int, seed: int) -> list[Sample]:
    """So many pictures of a task's fold 0, the same for the same seed."""
    samples = [s for s in datasets.read(images / task, images / "splits") if s.fold == TEST_FOLD]
    order = np.random.default_rng(seed).permutation(len(samples))
    return [samples[i] for i in order[:most]]


def run(arguments: argparse.Namespace) -> None:
    """Measure and write end_to_end.json."""
    chosen = settings.load()
    workbench = Workbench.load(chosen)
    started = time.monotonic()
    pictures = {t: choose(arguments.images, t, arguments.most, arguments.seed) for t in workbench.tasks}
    latency: dict[str, list[float]] = {verb: [] for verb in VERBS}
    rows, count = [], 0
    begun = first_answer.measure(next(iter(pictures.values()))[0].path)
    with served() as (client, _):
        for task, samples in pictures.items():
            answers = []
            for sample in samples:
                file = handle_file(sample.path)
                found = {verb: _timed(client, verb, file, task, latency[verb]) for verb in VERBS}
                _compare(workbench, sample, task, found)
                answers.append(found["classify"]["label"])
                count += 1
            head = workbench.tasks[task].head
            if head.exclusive:
                rows.append(_row(task, samples, np.array(answers), len(head.classes)))
                print(rows[-1], flush=True)
    options = f"--images {arguments.images} --most {arguments.most} --seed {arguments.seed}"
    command = f"dinoscope benchmark end_to_end {options}"
    timings = {f"{verb}_seconds": round(float(np.median(seconds)), 3) for verb, seconds in latency.items()}
    evidence.write(
        chosen.assets / "evidence" / "end_to_end.json",
        headline={
            "label": "Mean balanced accuracy of the shipped heads, through the running app",
            "value": round(float(np.mean([r["balanced_accuracy"] for r in rows])), 1),
            "low": None,
            "high": None,
            "unit": "%",
        },
        command=command,
        seed=arguments.seed,
        fingerprint=workbench.encoder.fingerprint,
        seconds=time.monotonic() - started,
        rows=[*rows, {**begun, **timings}],
        notes=[
            f"{count} pictures of fold 0, of every task; every answer agreed with the workbench to {TOLERANCE:g}.",
            f"Starts are medians of {first_answer.RUNS} new processes: to the page with its finished example, and to "
            "class, map and similar cases of a picture that was then sent.",
            "Other seconds are medians through HTTP, upload included. Tasks with findings instead of classes are not "
            "scored here.",
        ],
    )
    readme.renew()
    print(f"{command}\n{evidence.machine()}")
    print(json.dumps({**begun, **timings}))


def _timed(client: Client, verb: str, file: dict, task: str, seconds: list[float]) -> dict:
    began = time.monotonic()
    answer = client.predict(file, task, api_name=f"/{verb}")
    seconds.append(time.monotonic() - began)
    if verb != "explain":
        return answer
    facts, _, saliency = answer
    return {**facts, "saliency": np.load(saliency)}


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


def _row(task: str, samples: list[Sample], answers: np.ndarray, classes: int) -> dict:
    truth = np.array([s.label for s in samples])
    measured = grouped_bootstrap(lambda i: 100 * balanced_accuracy(truth[i], answers[i]), [s.group for s in samples])
    return {
        "task": task,
        "pictures": len(samples),
        "balanced_accuracy": round(measured.value, 1),
        "low": round(measured.low, 1),
        "high": round(measured.high, 1),
        "chance": round(100 / classes, 1),
    }

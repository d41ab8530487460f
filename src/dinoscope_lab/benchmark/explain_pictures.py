"""Pictures to explain: correctly classified test pictures of every task, and test pictures with an outlined lesion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from dinoscope.explain import Subject, Target, background, targets
from dinoscope.fitting import datasets
from dinoscope.fitting.datasets import TEST_FOLD, TRAINING_FOLDS, VALIDATION_FOLD, Sample
from dinoscope.fitting.features import read_public
from dinoscope.fitting.logistic import fit_head
from dinoscope.reading import images, scope
from dinoscope.reading.encoder import Encoder
from dinoscope.reading.heads import Head
from dinoscope.workbench import Workbench

OUTLINED = ("lgg_mri", "busi", "ham10000", "ph2", "polyp_kvasirseg", "wbc_masks")
"""Real sets with lesion or cell masks."""
NEAREST = 5


@dataclass(frozen=True)
class ExplainedPicture:
    """One picture and the score to be explained.

    Attributes:
        subject: as the app explains it, in bfloat16 where that is faster; exact: the same in float32 throughout.
        lesion: [S, S] bool, squashed as the encoder sees the picture; None where there is no outline.
        explained: what the score is, in words.
    """

    id: str
    group: str
    subject: Subject
    exact: Subject
    lesion: np.ndarray | None
    explained: str


def of_task(
    workbench: Workbench, images_folder: Path, task: str, most: int, seed: int, fold: int = TEST_FOLD
) -> Iterator[ExplainedPicture]:
    """Pictures of one fold of a task that its head gets right, in an order fixed by the seed."""
    head, folder = workbench.tasks[task].head, images_folder / task
    samples = [s for s in datasets.read(folder, images_folder / "splits") if s.fold == fold]
    found = 0
    for i in np.random.default_rng(seed).permutation(len(samples)):
        if found == most:
            return
        picture = images.read(samples[i].path).picture
        pooled = workbench.encoder([picture]).pooled
        if head.classes[int(head.probabilities(pooled)[0].argmax())] != samples[i].label:
            continue
        found += 1
        target = targets.label(head, samples[i].label)
        yield _explained(workbench.encoder, samples[i].id, samples[i].group, picture, target, None, samples[i].label)


def of_phantoms(workbench: Workbench, task: str, most: int, seed: int) -> Iterator[ExplainedPicture]:
    """Bundled phantoms of a task that have an outline, and the probability of their own class."""
    known = workbench.tasks[task]
    cases = [c for c in known.cases if c.mask and c.labels[0] in known.head.classes]
    found = 0
    for i in np.random.default_rng(seed).permutation(len(cases)):
        case = cases[i]
        lesion = _lesion(known.folder / case.mask, workbench.encoder.size)
        if found == most:
            return
        if not lesion.any():
            continue
        found += 1
        picture = images.read(known.folder / case.image).picture
        target = targets.label(known.head, case.labels[0])
        yield _explained(workbench.encoder, case.id, case.group, picture, target, lesion, "its class")


def of_strip(workbench: Workbench) -> Iterator[ExplainedPicture]:
    """The examples that the page offers, as far as they have an outline."""
    for task in workbench.tasks.values():
        for case in (task.case(c.id) for c in task.choices or ()):
            if case.mask:
                lesion = _lesion(task.folder / case.mask, workbench.encoder.size)
                picture = images.read(task.folder / case.image).picture
                target = targets.label(task.head, case.labels[0])
                name = f"{task.name}/{case.id}"
                yield _explained(workbench.encoder, name, name, picture, target, lesion, "its class")


def of_outlined(
    workbench: Workbench, images_folder: Path, name: str, most: int, seed: int, fold: int = TEST_FOLD
) -> Iterator[ExplainedPicture]:
    """Pictures of one fold of a set with outlines that are read as what they are.

    The score is the probability of the picture's class: by the task's own head where there is one, else by a head
    fitted on folds 2 to 4. A set of one class has no head: the score is the cosine similarity to the mean of the
    picture's nearest training cases.
    """
    folder = images_folder / name
    samples = [s for s in datasets.read(folder, images_folder / "splits") if s.fold == fold]
    samples = [s for s in samples if (folder / "masks" / f"{s.id}.png").is_file()]
    ask, explained = _ask(workbench, folder, images_folder / "splits")
    found = 0
    for i in np.random.default_rng(seed).permutation(len(samples)):
        lesion = _lesion(folder / "masks" / f"{samples[i].id}.png", workbench.encoder.size)
        if found == most:
            return
        if not lesion.any():
            continue
        picture = images.read(samples[i].path).picture
        target = ask(samples[i].label, workbench.encoder([picture]).pooled)
        if target is None:
            continue
        found += 1
        yield _explained(workbench.encoder, samples[i].id, samples[i].group, picture, target, lesion, explained)


def _ask(workbench: Workbench, folder: Path, splits: Path) -> tuple[Callable[[str, np.ndarray], Target | None], str]:
    """(label, pooled [1, P]) -> what is explained of such a picture, None when it is read as another; and in words."""

    def by(head: Head) -> Callable[[str, np.ndarray], Target | None]:
        def right(label: str, pooled: np.ndarray) -> Target | None:
            guess = head.classes[int(head.probabilities(pooled)[0].argmax())]
            return targets.label(head, label) if guess == label else None

        return right

    if folder.name in workbench.tasks:
        return by(workbench.tasks[folder.name].head), "its class, by the task's head"
    known = read_public(workbench.encoder, folder, splits, lambda _: None, _not_for_testing)
    training = known.at(np.isin(known.folds, TRAINING_FOLDS))
    if len(set(training.labels)) > 1:
        held = known.at(known.folds == VALIDATION_FOLD)
        return by(fit_head(training, held, workbench.encoder.fingerprint).head), "its class, by a head of folds 2 to 4"
    project = workbench.projection
    vectors = project(training.pooled)

    def similarity(label: str, pooled: np.ndarray) -> Target:
        nearest = np.argsort(-(vectors @ project(pooled)[0]))[:NEAREST]
        return targets.similarity(project.of, scope.unit(vectors[nearest].mean(0, keepdims=True))[0])

    return similarity, f"similarity to its {NEAREST} nearest training cases"


def _not_for_testing(samples: list[Sample]) -> list[Sample]:
    return [s for s in samples if s.fold != TEST_FOLD]


def _explained(
    encoder: Encoder,
    name: str,
    group: str,
    picture: Image.Image,
    target: Target,
    lesion: np.ndarray | None,
    explained: str,
) -> ExplainedPicture:
    pixels = encoder.pixels([picture])
    tokens = encoder.tokens(pixels)
    subject, _ = background.settle(Subject.of(encoder, pixels, tokens, target), encoder.levels(pixels)[0])
    exact = replace(subject, pooled=torch.inference_mode()(lambda batch: encoder.tokens(batch).pooled))
    return ExplainedPicture(name, group, subject, exact, lesion, explained)


def _lesion(path: Path, size: int) -> np.ndarray:
    """[size, size] bool, squashed as the encoder squashes the picture."""
    with Image.open(path) as mask:
        return np.asarray(mask.convert("L").resize((size, size), Image.Resampling.NEAREST)) > 127

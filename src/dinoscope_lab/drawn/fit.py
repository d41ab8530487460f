"""Fit the acquisition of drawn cases: distributions of its parameters under which they pass for real ones.

The encoder reads each drawn picture once, with parameters from a wide distribution. A narrower one is then the same
pictures with other weights, so that SciPy's differential evolution can try thousands of them without another look
(importance sampling): it searches, class by class, the means and deviations under which a drawn case lies as near to
real training pictures as these lie to one another, is read by their head as what was drawn, and spreads as they do. A
further round draws from what was found. A class whose fresh drawings pass no better for it stays as drawn. Fold 1
chooses nothing here but the head's calibration and what distance is usual; the test is not read.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.optimize import differential_evolution

from dinoscope import bounds, settings
from dinoscope.reading import scope
from dinoscope.reading.encoder import Encoder
from dinoscope.reading.projection import Projection
from dinoscope_phantoms import ROOMS, acquisition, as_drawn, classes

from . import likeness, reals
from .fresh import BATCH
from .reals import Reals

SEED = 2_000_000
"""Of the first drawn case; comparisons draw others."""
LEAST = 0.5
"""Share of the drawn pictures that must still count, as the effective number of a weighted sample."""
RIDGE = 0.1
"""Price of leaving what was drawn from, so that a parameter that brings nothing stays where it was."""
MEANS, DEVIATIONS = (-1.5, 1.5), (0.3, 1.0)
"""Bounds of a distribution, in units of the one that was drawn from."""
SPREAD = 5.0
"""What the maximum mean discrepancy counts beside the cost of the single pictures."""
MARGIN = 0.1
"""How much less fresh drawings must cost with the numbers found than without; what gains less is left out as noise."""

Found = dict[str, tuple[float, float]]
"""Parameter -> mean and deviation."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which tasks, on which pictures, how hard."""
    parser.add_argument("--images", type=Path, required=True, help="folder of data sets with a splits folder in it")
    parser.add_argument("--task", choices=list(ROOMS), action="append", help="may be given more than once; default all")
    parser.add_argument("--n", type=bounds.count, default=96, help="drawn cases a class and round")
    parser.add_argument("--rounds", type=bounds.count, default=3, help="each draws from what the last one found")
    parser.add_argument("--seed", type=int, default=SEED, help="of the first drawn case; the next follow")


def run(arguments: argparse.Namespace) -> None:
    """Fit task by task and class by class, and write the numbers into the drawings' package."""
    chosen = settings.load()
    encoder = Encoder.load(chosen.backbone, chosen.assets / "backbone", chosen.device)
    projection = Projection.load(chosen.assets / "tasks" / "projection.safetensors", encoder.fingerprint)
    projection = projection or Projection.plain(encoder.width, encoder.fingerprint)
    for task in reals.asked(arguments.task):
        real = reals.read(encoder, projection, arguments.images, task, chosen.cache)
        names = acquisition.USED[ROOMS[task]]
        begin = {n: (acquisition.PARAMETERS[n].neutral, acquisition.PARAMETERS[n].wide) for n in names}
        kept = {}
        for label in classes(task):
            found, seed = dict(begin), arguments.seed
            for _ in range(arguments.rounds):
                latent, pooled = _drawn(encoder, task, label, found, arguments.n, seed)
                moved, _, _ = search(real, label, latent, pooled)
                found, seed = _moved(found, moved), seed + arguments.n
            plain, fitted = (
                worth(real, label, _drawn(encoder, task, label, d, arguments.n, seed)[1]) for d in ({}, found)
            )
            if fitted < plain - MARGIN:
                kept[label] = found
            print(f"{task}, {label}: cost {plain:.3f} as drawn, {fitted:.3f} as fitted, on fresh drawings", flush=True)
        write(ROOMS[task], task, kept, len(real.known.cases), encoder.fingerprint)


def worth(real: Reals, label: str, pooled: np.ndarray) -> float:
    """What `search` looks for the least of, of drawn cases with features [N, P] that all count alike."""
    return search(real, label, np.zeros((len(pooled), 0)), pooled)[1]


def costs(real: Reals, label: str, pooled: np.ndarray) -> np.ndarray:
    """[N] what keeps each drawn case with features [N, P] from passing for a real one of its class.

    Minus the logarithm of the head's probability, and how many deviations of the held-out pictures' distances it lies
    farther from the nearest training pictures than the middle one of them.
    """
    probability = real.head.probabilities(pooled)[:, real.head.classes.index(label)]
    far = scope.distances(real.embed(pooled), real.vectors)
    middle, wide = np.percentile(real.usual, [50, 84])
    return -np.log(np.maximum(probability, 1e-3)) + np.maximum(far - middle, 0) / (wide - middle)


def search(
    real: Reals, label: str, latent: np.ndarray, pooled: np.ndarray, seed: int = 0
) -> tuple[np.ndarray, float, float]:
    """Means and deviations [2 P] of the parameters, in units of the distribution they were drawn from.

    Args:
        latent: [N, P] standard normal, what each picture's parameters were drawn with; pooled: [N, D] its features.
    Returns:
        what was found, the cost with all weights equal, and with those found.
    """
    cost = costs(real, label, pooled)
    of_class = real.vectors[real.known.labels == label]
    inside, across, own = likeness.kernels(of_class, real.embed(pooled))
    k = len(of_class)
    within, across = (inside.sum() - k) / (k * (k - 1)), across.mean(0)
    np.fill_diagonal(own, 0)

    def value(found: np.ndarray, plain: bool = False) -> float:
        mean, deviation = np.split(found, 2)
        log = (latent**2 / 2 - ((latent - mean) / deviation) ** 2 / 2 - np.log(deviation)).sum(1)
        weight = np.exp(log - log.max())
        weight /= weight.sum()
        square = weight @ weight
        total = weight @ cost + SPREAD * (within + weight @ own @ weight / (1 - square) - 2 * across @ weight)
        if plain:
            return float(total)
        few = max(0.0, LEAST - 1 / (square * len(latent)))
        return float(total + 10 * few + RIDGE * (mean**2 + np.log(deviation) ** 2).sum())

    count = latent.shape[1]
    if not count:  # nothing to search
        return np.zeros(0), value(np.zeros(0), plain=True), value(np.zeros(0), plain=True)
    still = np.concatenate([np.zeros(count), np.ones(count)])
    found = differential_evolution(
        value,
        [MEANS] * count + [DEVIATIONS] * count,
        x0=still,
        popsize=6,
        maxiter=250,
        tol=1e-6,
        seed=seed,
        polish=False,
    ).x
    return found, value(still, plain=True), value(found, plain=True)


def _moved(begin: Found, found: np.ndarray) -> Found:
    """What was found, in the parameters' own units."""
    means, deviations = np.split(found, 2)
    return {
        name: (mean + m * deviation, deviation * s)
        for (name, (mean, deviation)), m, s in zip(begin.items(), means, deviations, strict=True)
    }


def _drawn(
    encoder: Encoder, task: str, label: str, begin: Found, each: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Latent parameters [N, P] and pooled features [N, D] of drawn cases of one class."""
    rng = np.random.default_rng([seed, classes(task).index(label)])
    latent = rng.standard_normal((each, len(begin)))
    rows = []
    for start in range(0, each, BATCH):
        pictures = []
        for i in range(start, min(start + BATCH, each)):
            phantom = as_drawn(task, label, seed + i)
            values = {
                name: acquisition.bounded(name, mean + deviation * z)
                for (name, (mean, deviation)), z in zip(begin.items(), latent[i], strict=True)
            }
            pictures.append(acquisition.acquire(ROOMS[task], phantom, values, rng).picture)
        rows.append(encoder(pictures).pooled)
    return latent, np.concatenate(rows)


def write(room: str, task: str, found: dict[str, Found], pictures: int, fingerprint: str) -> None:
    """Put one room's numbers, class by class, into acquisition.json."""
    path = acquisition.NUMBERS
    content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"rooms": {}}
    content["rooms"][room] = {
        "fitted to": f"{task}, folds 2 to 4, {pictures} pictures",
        "backbone": fingerprint[:16],
        "classes": {
            label: {name: [round(v, 4) for v in pair] for name, pair in numbers.items()}
            for label, numbers in found.items()
        },
    }
    content["rooms"] = dict(sorted(content["rooms"].items()))
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    acquisition.numbers.cache_clear()

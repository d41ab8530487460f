"""Fit the acquisition of drawn cases: distributions of its parameters under which the backbone sees them as real ones.

The encoder reads each drawn picture once, with parameters from a wide distribution. A narrower one is then the same
pictures with other weights, so that SciPy's differential evolution can try thousands of them without another look
(importance sampling): it searches the means and deviations with the least maximum mean discrepancy to the real
training pictures of each class. A further round draws from what was found. Fold 1 and the test are not read.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.optimize import differential_evolution

from dinoscope import settings
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
RIDGE = 0.05
"""Price of leaving what was drawn from, so that a parameter that brings nothing stays where it was."""
MEANS, DEVIATIONS = (-1.5, 1.5), (0.3, 1.0)
"""Bounds of a distribution, in units of the one that was drawn from."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which tasks, on which pictures, how hard."""
    parser.add_argument("--images", type=Path, required=True, help="folder of data sets with a splits folder in it")
    parser.add_argument("--task", choices=list(ROOMS), action="append", help="may be given more than once; default all")
    parser.add_argument("--n", type=int, default=48, help="drawn cases a class and round")
    parser.add_argument("--rounds", type=int, default=2, help="each draws from what the last one found")
    parser.add_argument("--seed", type=int, default=SEED, help="of the first drawn case; the next follow")


def run(arguments: argparse.Namespace) -> None:
    """Fit task by task and write the numbers into the drawings' package."""
    chosen = settings.load()
    encoder = Encoder.load(chosen.backbone, chosen.assets / "backbone", chosen.device)
    projection = Projection.load(chosen.assets / "tasks" / "projection.safetensors", encoder.fingerprint)
    projection = projection or Projection.plain(encoder.width, encoder.fingerprint)
    for task in reals.asked(arguments.task):
        real = reals.read(encoder, projection, arguments.images, task, chosen.cache)
        room, seed = ROOMS[task], arguments.seed
        names = acquisition.USED[room]
        begin = {n: (acquisition.PARAMETERS[n].neutral, acquisition.PARAMETERS[n].wide) for n in names}
        for _ in range(arguments.rounds):
            latent, labels, vectors = _drawn(encoder, real, task, begin, arguments.n, seed)
            found, before, after = search(real, latent, labels, vectors)
            begin = {
                n: (mean + m * deviation, deviation * s)
                for (n, (mean, deviation)), m, s in zip(
                    begin.items(), found[: len(names)], found[len(names) :], strict=True
                )
            }
            seed += arguments.n
            print(f"{task}: distance {before:.4f} as drawn from, {after:.4f} as found", flush=True)
        write(room, task, begin, len(real.known.cases), encoder.fingerprint)


def search(
    real: Reals, latent: np.ndarray, labels: np.ndarray, vectors: np.ndarray, seed: int = 0
) -> tuple[np.ndarray, float, float]:
    """Means and deviations [2 P] of the parameters, in units of the distribution they were drawn from.

    Args:
        latent: [N, P] standard normal, what each picture's parameters were drawn with; labels [N]; vectors [N, D].
    Returns:
        what was found, the mean distance of the classes with all weights equal, and with those found.
    """
    parts = []
    for label in np.unique(labels):
        known = real.known.labels == label
        inside, across, own = likeness.kernels(real.vectors[known], vectors[labels == label])
        k = known.sum()
        np.fill_diagonal(own, 0)
        parts.append((latent[labels == label], (inside.sum() - k) / (k * (k - 1)), across.mean(0), own))

    def value(found: np.ndarray, plain: bool = False) -> float:
        mean, deviation = np.split(found, 2)
        total = 0.0
        for z, within, across, own in parts:
            log = (z**2 / 2 - ((z - mean) / deviation) ** 2 / 2 - np.log(deviation)).sum(1)
            weight = np.exp(log - log.max())
            weight /= weight.sum()
            square = weight @ weight
            total += within + weight @ own @ weight / (1 - square) - 2 * across @ weight
            if not plain:
                total += max(0.0, LEAST - 1 / (square * len(z)))
        total /= len(parts)
        return total if plain else total + RIDGE * float((mean**2 + np.log(deviation) ** 2).mean())

    count = latent.shape[1]
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


def _drawn(
    encoder: Encoder, real: Reals, task: str, begin: dict[str, tuple[float, float]], each: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Latent parameters [N, P], labels [N] and search vectors [N, D] of drawn cases."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(classes(task), each)
    latent = rng.standard_normal((len(labels), len(begin)))
    rows = []
    for start in range(0, len(labels), BATCH):
        pictures = []
        for i in range(start, min(start + BATCH, len(labels))):
            phantom = as_drawn(task, str(labels[i]), seed + i % each)
            values = {
                name: acquisition.bounded(name, mean + deviation * z)
                for (name, (mean, deviation)), z in zip(begin.items(), latent[i], strict=True)
            }
            pictures.append(acquisition.acquire(ROOMS[task], phantom, values, rng).picture)
        rows.append(encoder(pictures).pooled)
    return latent, labels, real.embed(np.concatenate(rows))


def write(room: str, task: str, found: dict[str, tuple[float, float]], pictures: int, fingerprint: str) -> None:
    """Put one room's numbers into acquisition.json."""
    path = acquisition.NUMBERS
    content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"rooms": {}}
    content["rooms"][room] = {
        "fitted to": f"{task}, folds 2 to 4, {pictures} pictures",
        "backbone": fingerprint[:16],
        "all": {name: [round(v, 4) for v in pair] for name, pair in found.items()},
    }
    content["rooms"] = dict(sorted(content["rooms"].items()))
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    acquisition.numbers.cache_clear()

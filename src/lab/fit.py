"""Fit: labelled pictures and a frozen encoder -> a task's head, case vectors and scope reference."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from .. import images, scope, tasks
from ..cases import Case
from ..encoder import Encoder
from ..heads import Head, conformal_threshold
from . import catalogue, datasets
from .datasets import TEST_FOLD, VALIDATION_FOLD
from .statistics import balanced_accuracy, grouped_bootstrap

STRENGTHS = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0)
"""Candidates for C, the inverse of the regularisation."""
PHANTOM_WEIGHTS = (1.0, 0.3, 0.1, 0.03, 0.01)
"""How much a phantom may count beside a real picture; the validation fold chooses."""
COVERAGE = 0.9
METADATA = ("age", "sex", "eye", "view", "localization")
BATCH = 64

Say = Callable[[str], None]


@dataclass(frozen=True)
class Labelled:
    """Cases with their features, in the same order.

    Attributes:
        cases: N cases; pooled: [N, 2D] float32.
    """

    cases: list[Case]
    pooled: np.ndarray

    def at(self, chosen: np.ndarray) -> Labelled:
        """Those where `chosen` [N] is true."""
        return Labelled([c for c, yes in zip(self.cases, chosen, strict=True) if yes], self.pooled[chosen])

    @property
    def folds(self) -> np.ndarray:
        """[N] fold of each case."""
        return np.array([c.fold for c in self.cases])

    @property
    def labels(self) -> np.ndarray:
        """[N] first label of each case."""
        return np.array([c.labels[0] for c in self.cases])


def read_public(encoder: Encoder, folder: Path, splits: Path | None, say: Say = print) -> Labelled:
    """Features of a data set's pictures, without those that repeat a test picture.

    Pictures that decode to the same pixels as one of fold 0 are dropped from the other folds; of several
    copies elsewhere the first stays.
    """
    samples = sorted(datasets.read(folder, splits), key=lambda s: (s.fold != TEST_FOLD, s.id))
    cases: list[Case] = []
    rows: list[np.ndarray] = []
    seen: set[str] = set()
    for start in range(0, len(samples), BATCH):
        part, pictures = [], []
        for sample in samples[start : start + BATCH]:
            picture = images.read(sample.path).picture
            pixels = images.pixel_hash(picture)
            if pixels in seen:
                continue
            seen.add(pixels)
            pictures.append(picture)
            part.append(
                Case(
                    id=sample.id,
                    labels=(sample.label,),
                    origin="public",
                    licence=catalogue.LICENCE if sample.url else "",
                    group=sample.group,
                    fold=sample.fold,
                    url=sample.url,
                    pixels=pixels,
                    metadata={k: sample.metadata[k] for k in METADATA if k in sample.metadata},
                )
            )
        if part:
            cases += part
            rows.append(encoder(pictures).pooled)
        say(f"{folder.name}: {min(start + BATCH, len(samples))} of {len(samples)} pictures read")
    return Labelled(cases, np.concatenate(rows))


def read_phantoms(encoder: Encoder, folder: Path) -> Labelled:
    """Features of the phantoms bundled with a task; none when it has none."""
    listing = folder / "phantoms.jsonl"
    if not listing.is_file():
        return Labelled([], np.zeros((0, 2 * encoder.dim), np.float32))
    cases = [Case.of(json.loads(line)) for line in listing.read_text(encoding="utf-8").splitlines()]
    pooled = [
        encoder([images.read(folder / c.image).picture for c in cases[i : i + BATCH]]).pooled
        for i in range(0, len(cases), BATCH)
    ]
    return Labelled(cases, np.concatenate(pooled))


@dataclass(frozen=True)
class Fitted:
    """A head, its C, and how much a phantom counted beside a real picture."""

    head: Head
    strength: float
    phantom_weight: float


def fit_head(
    known: Labelled, held: Labelled, fingerprint: str, weights: np.ndarray | None = None
) -> tuple[Head, float]:
    """Multinomial logistic regression on standardised features, calibrated on held-out pictures.

    C is the one whose temperature-scaled log loss on `held` is least: with a couple of hundred pictures the
    log loss chooses more steadily than the accuracy.

    Args:
        known: cases to fit on; held: cases for C, temperature and the conformal threshold.
        weights: [N] how much each case of `known` counts; None for all alike.
    Returns:
        the head and its C.
    Raises:
        ValueError: when fewer than two classes are known, or a class of `held` is not.
    """
    classes = sorted({c.labels[0] for c in known.cases})
    if len(classes) < 2:
        raise ValueError(f"a task needs at least two classes; the training folds hold {', '.join(classes) or 'none'}")
    unknown = sorted({c.labels[0] for c in held.cases} - set(classes))
    if unknown:
        raise ValueError(f"the validation fold has classes that the training folds lack: {', '.join(unknown)}")
    scaler = StandardScaler().fit(known.pooled, sample_weight=weights)
    truth = np.array([classes.index(label) for label in held.labels])
    rows, asked = scaler.transform(known.pooled), scaler.transform(held.pooled)
    model = LogisticRegression(max_iter=1000, warm_start=True)
    losses, best = [], None
    # One thread: for matrices of this size the threads of a busy machine wait for each other longer than they work.
    with threadpool_limits(1):
        for strength in STRENGTHS:
            model.set_params(C=strength).fit(rows, known.labels, sample_weight=weights)
            temperature, loss = _temperature(_logits(model, asked), truth)
            losses.append(loss)
            if loss <= min(losses):
                best = strength, temperature, model.coef_.copy(), model.intercept_.copy()
    assert best is not None
    strength, temperature, coefficients, intercept = best
    if len(classes) == 2:  # scikit-learn keeps one row for two classes
        coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
        intercept = np.concatenate([-intercept / 2, intercept / 2])
    weight = coefficients / scaler.scale_
    head = Head(
        classes=tuple(classes),
        weight=weight.astype(np.float32),
        bias=(intercept - weight @ scaler.mean_).astype(np.float32),
        temperature=temperature,
        threshold=0.0,
        coverage=COVERAGE,
        fingerprint=fingerprint,
    )
    right = head.probabilities(held.pooled)[np.arange(len(truth)), truth]
    return Head(**{**head.__dict__, "threshold": conformal_threshold(right, COVERAGE)}), strength


def fit_task(
    name: str, public: Labelled | None, phantoms: Labelled, folder: Path, fingerprint: str, say: Say = print
) -> dict:
    """Fit a task and write its folder; returns the facts of task.json.

    Folds 2 to 4 fit the head, fold 1 chooses C, temperature, threshold and the scope's reference, fold 0
    only measures. The phantoms' folds 2 to 4 join the fit as far as they do no harm.
    """
    everything = _join(public, phantoms) if public else phantoms
    origin = np.array([c.origin for c in everything.cases])
    main = "public" if public else "phantom"
    folds = everything.folds
    training = (folds != TEST_FOLD) & (folds != VALIDATION_FOLD)
    known = everything.at(training & (origin == main))
    held = everything.at((folds == VALIDATION_FOLD) & (origin == main))
    plain, strength = fit_head(known, held, fingerprint)
    fitted = _with_phantoms(known, everything.at(training & (origin != main)), held, plain, strength)
    head = fitted.head
    reference = np.sort(scope.distances(scope.unit(held.pooled), scope.unit(known.pooled)))
    shipped = everything.at(folds != TEST_FOLD)
    facts = catalogue.facts(name, list(head.classes))
    counts = {k: sum(o == k for o in origin[folds != TEST_FOLD]) for k in ("public", "phantom")}
    facts |= {
        "cases": counts,
        "fitted_on": len(known.cases),
        "C": fitted.strength,
        "phantom_weight": fitted.phantom_weight,
        "metrics": {},
    }
    test = everything.at((folds == TEST_FOLD) & (origin == "public"))
    if test.cases:
        facts["metrics"] = measure(head, test)
        facts["metrics"]["without_phantoms"] = measure(plain, test)["balanced_accuracy"]
        say(f"{name}: balanced accuracy {facts['metrics']['balanced_accuracy']['value']:.3f} on fold 0")
    tasks.save(folder, facts, head, shipped.cases, shipped.pooled, reference)
    return facts


def measure(head: Head, test: Labelled) -> dict:
    """Balanced accuracy and coverage of a head on test pictures, with grouped intervals."""
    probabilities = head.probabilities(test.pooled)
    guess = np.array(head.classes)[probabilities.argmax(axis=1)]
    covered = np.array([label in head.prediction_set(p) for label, p in zip(test.labels, probabilities, strict=True)])
    sizes = np.array([len(head.prediction_set(p)) for p in probabilities])
    groups = [c.group for c in test.cases]
    accuracy = grouped_bootstrap(lambda i: balanced_accuracy(test.labels[i], guess[i]), groups)
    return {
        "split": "fold 0, grouped by patient, lesion or near-duplicate where known",
        "pictures": len(test.cases),
        "balanced_accuracy": accuracy.json(),
        "coverage": grouped_bootstrap(lambda i: covered[i].mean(), groups).json(),
        "set_size": round(float(sizes.mean()), 3),
    }


def refit(encoder: Encoder, bundled: Path, data: Path | None, out: Path, say: Say) -> None:
    """Fit a bundled task for another backbone, from its phantoms and from real pictures where there are any.

    Args:
        bundled: the task's folder in model_assets.
        data: folder of data sets, each named like its task, perhaps with a `splits` folder beside them.
        out: folder to write.
    """
    public = None
    if data is not None and (data / bundled.name).is_dir():
        splits = data / "splits"
        public = read_public(encoder, data / bundled.name, splits if splits.is_dir() else None, say)
    fit_task(bundled.name, public, read_phantoms(encoder, bundled), out, encoder.fingerprint, say)


def _join(a: Labelled, b: Labelled) -> Labelled:
    return Labelled(a.cases + b.cases, np.concatenate([a.pooled, b.pooled]))


def _with_phantoms(real: Labelled, drawn: Labelled, held: Labelled, plain: Head, strength: float) -> Fitted:
    """Let the phantoms count as much as they may without making the head worse on real held-out pictures.

    Returns the head with the largest of `PHANTOM_WEIGHTS` whose log loss on `held` is not above that of `plain`,
    the head that saw none; and `plain` itself where even the smallest harms.
    """
    known = _join(real, drawn)
    for weight in PHANTOM_WEIGHTS if drawn.cases else ():
        weights = np.repeat([1.0, weight], [len(real.cases), len(drawn.cases)])
        head, strength_with = fit_head(known, held, plain.fingerprint, weights)
        if _log_loss(head, held) <= _log_loss(plain, held):
            return Fitted(head, strength_with, weight)
    return Fitted(plain, strength, 0.0)


def _log_loss(head: Head, held: Labelled) -> float:
    """Mean negative log probability of the right class."""
    truth = [head.classes.index(label) for label in held.labels]
    return float(-np.log(head.probabilities(held.pooled)[np.arange(len(truth)), truth]).mean())


def _logits(model: LogisticRegression, rows: np.ndarray) -> np.ndarray:
    """[N, C] logits, also where two classes share one row."""
    logits = model.decision_function(rows)
    return np.stack([-logits / 2, logits / 2], axis=1) if logits.ndim == 1 else logits


def _temperature(logits: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """The temperature with the least log loss, and that loss."""

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(scaled).sum(axis=1))
        return float(np.mean(log_sum - scaled[np.arange(len(truth)), truth]))

    best = minimize_scalar(loss, bounds=(-3, 4), method="bounded")
    return float(np.exp(best.x)), float(best.fun)

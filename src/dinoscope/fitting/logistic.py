"""Logistic regression on frozen features -> a calibrated linear head."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from ..reading.heads import Head, conformal_threshold
from .features import Labelled

STRENGTHS = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
"""Candidates for C, the inverse of the regularisation."""
PHANTOM_WEIGHTS = (1.0, 0.3, 0.1, 0.03, 0.01)
"""How much a phantom may count beside a real picture."""
COVERAGE = 0.9
NEVER = -15.0
"""Logit of a class that the rows at hand do not hold."""


@dataclass(frozen=True)
class Fitted:
    """A head, its C, and how much a phantom counted beside a real picture.

    Attributes:
        probabilities: [K + H, C] calibrated guesses for known and held pictures, those known guessed out of fold.
    """

    head: Head
    strength: float
    phantom_weight: float
    probabilities: np.ndarray


def fit_head(
    known: Labelled, held: Labelled, fingerprint: str, drawn: Labelled | None = None, exclusive: bool = True
) -> Fitted:
    """Logistic regression on standardised features: multinomial, or one finding at a time.

    C has the least temperature-scaled log loss when each fold of `known` is guessed from its others; phantoms count
    as much as they can while that loss falls by more than its standard error. Temperature, conformal threshold and the
    findings' thresholds are set by the guesses for `held`, which chose nothing, and those same guesses for `known`:
    on folds that neither had seen, both together were nearer to the promised coverage than `held` alone.

    Args:
        known: cases to fit on; held: further cases to calibrate on; drawn: phantoms, which join `known` where
            they help there.
        exclusive: whether a case has one class, rather than any number of findings.
    Raises:
        ValueError: when fewer than two classes are known, or a class of `held` is not.
    """
    classes = tuple(sorted({label for c in known.cases for label in c.labels}))
    if len(classes) < 2:
        raise ValueError(f"a task needs at least two classes; the training folds hold {', '.join(classes) or 'none'}")
    unknown = sorted({label for c in held.cases for label in c.labels} - set(classes))
    if unknown:
        raise ValueError(f"the validation fold has classes that the training folds lack: {', '.join(unknown)}")
    # One thread: for matrices of this size the threads of a busy machine wait for each other longer than they work.
    with threadpool_limits(1):
        guessed = {c: _out_of_fold(known, None, 0.0, c, classes, exclusive) for c in STRENGTHS}
        losses = {c: _scaled_losses(logits, known.membership(classes), exclusive) for c, logits in guessed.items()}
        strength = min(losses, key=lambda c: losses[c].mean())
        logits, weight = guessed[strength], 0.0
        for candidate in PHANTOM_WEIGHTS if drawn and drawn.cases else ():
            other = _out_of_fold(known, drawn, candidate, strength, classes, exclusive)
            gain = losses[strength] - _scaled_losses(other, known.membership(classes), exclusive)
            if gain.mean() > gain.std() / len(gain) ** 0.5:
                logits, weight = other, candidate
                break
        coefficients, intercept = _fit(known, drawn, weight, strength, classes, exclusive)
    truth = np.concatenate([known.membership(classes), held.membership(classes)])
    logits = np.concatenate([logits, held.pooled @ coefficients.T + intercept])
    scale = temperature(logits, truth, exclusive)
    head = Head(
        classes=classes,
        weight=coefficients.astype(np.float32),
        bias=intercept.astype(np.float32),
        temperature=scale,
        threshold=0.0,
        coverage=COVERAGE if exclusive else 0.0,
        fingerprint=fingerprint,
        thresholds=() if exclusive else (0.5,) * len(classes),
    )
    probabilities = chances(logits / scale, exclusive)
    if exclusive:
        head = replace(head, threshold=conformal_threshold(probabilities[truth], COVERAGE))
    else:
        head = replace(head, thresholds=tuple(map(decision_threshold, probabilities.T, truth.T)))
    return Fitted(head, strength, weight, probabilities)


def decision_threshold(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """The probability from which on a finding is called present: where sensitivity + specificity is largest.

    Args:
        probabilities: [N]; truth: [N] bool. Of several such places the middle one is taken; 0.5 when `truth` is
            all the same.
    Source: Youden, "Index for rating diagnostic tests", Cancer 1950.
    """
    if truth.all() or not truth.any():
        return 0.5
    levels = np.unique(probabilities)
    cuts = np.concatenate([levels[:1], (levels[1:] + levels[:-1]) / 2])
    called = probabilities[:, None] >= cuts
    index = called[truth].mean(0) - called[~truth].mean(0)
    best = np.flatnonzero(index >= index.max() - 1e-12)
    return float(cuts[best[len(best) // 2]])


def _fit(
    known: Labelled, drawn: Labelled | None, weight: float, strength: float, classes: tuple[str, ...], exclusive: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients [C, P] and intercepts [C] for features as they come, standardisation folded in."""
    rows, counts = known, np.ones(len(known.cases))
    if drawn is not None and weight:
        rows, counts = known + drawn, np.repeat([1.0, weight], [len(known.cases), len(drawn.cases)])
    scaler = StandardScaler().fit(rows.pooled, sample_weight=counts)
    x, y = scaler.transform(rows.pooled), rows.membership(classes)
    axes = None
    if x.shape[1] > len(x):
        # The penalty keeps coefficients in the span of the rows: the same regression on as many axes as there are rows.
        axes, turned = np.linalg.qr(x.T)
        x = turned.T
    columns = [y.argmax(1)] if exclusive else list(y.T.astype(int))
    parts = [_regress(x, column, counts, strength, len(classes) if exclusive else 2) for column in columns]
    if exclusive:
        coefficients, intercept = parts[0]
    else:  # the log-odds of a finding are the difference of its two logits
        coefficients = np.stack([w[1] - w[0] for w, _ in parts])
        intercept = np.stack([b[1] - b[0] for _, b in parts])
    coefficients = (coefficients if axes is None else coefficients @ axes.T) / scaler.scale_
    return coefficients, intercept - coefficients @ scaler.mean_


def _regress(
    x: np.ndarray, y: np.ndarray, counts: np.ndarray, strength: float, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients [classes, P] and intercepts [classes] of one regression; rows of a class that is absent are flat."""
    weight, bias = np.zeros((classes, x.shape[1])), np.full(classes, NEVER)
    present = np.unique(y)
    bias[present] = 0
    if len(present) == 1:
        return weight, bias
    model = LogisticRegression(C=strength, max_iter=1000).fit(x, y, sample_weight=counts)
    if len(present) == 2:  # scikit-learn keeps one row for two classes
        weight[present] = np.concatenate([-model.coef_, model.coef_]) / 2
        bias[present] = np.concatenate([-model.intercept_, model.intercept_]) / 2
    else:
        weight[present], bias[present] = model.coef_, model.intercept_
    return weight, bias


def _out_of_fold(
    known: Labelled, drawn: Labelled | None, weight: float, strength: float, classes: tuple[str, ...], exclusive: bool
) -> np.ndarray:
    """Logits [N, C] when each fold is guessed from the others; of one fold, halves take turns."""
    folds = folds_of(known)
    logits = np.zeros((len(known.cases), len(classes)))
    for fold in np.unique(folds):
        coefficients, intercept = _fit(known.at(folds != fold), drawn, weight, strength, classes, exclusive)
        logits[folds == fold] = known.pooled[folds == fold] @ coefficients.T + intercept
    return logits


def folds_of(known: Labelled) -> np.ndarray:
    """[N] the fold of each case, or, when all are in one, which of its halves."""
    return known.folds if len(set(known.folds)) > 1 else np.arange(len(known.cases)) % 2


def _scaled_losses(logits: np.ndarray, truth: np.ndarray, exclusive: bool) -> np.ndarray:
    """Log losses [N] at the temperature that is best for these logits [N, C]."""
    return losses(logits / temperature(logits, truth, exclusive), truth, exclusive)


def temperature(logits: np.ndarray, truth: np.ndarray, exclusive: bool) -> float:
    """The temperature with the least log loss; logits [N, C], truth [N, C] bool."""
    best = minimize_scalar(
        lambda log_temperature: losses(logits / np.exp(log_temperature), truth, exclusive).mean(),
        bounds=(-3, 4),
        method="bounded",
    )
    return float(np.exp(best.x))


def chances(logits: np.ndarray, exclusive: bool) -> np.ndarray:
    """Logits [N, C] -> probabilities, which of exclusive classes add up to 1."""
    return softmax(logits, axis=1) if exclusive else expit(logits)


def losses(logits: np.ndarray, truth: np.ndarray, exclusive: bool) -> np.ndarray:
    """Log loss of each case [N]; over findings, their mean."""
    if exclusive:
        return -log_softmax(logits, axis=1)[truth]
    right = expit(np.where(truth, logits, -logits))
    return -np.log(np.maximum(right, 1e-12)).mean(axis=1)

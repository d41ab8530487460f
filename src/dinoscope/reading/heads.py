"""Heads: one linear layer on frozen features - calibrated probabilities and the classes that stay possible."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from scipy.special import expit, softmax
from torch import Tensor

from ..errors import OperatorError

FORMAT = 2
"""Version of a head's file and of what a task keeps beside it; raise it when a reader of before cannot use them.

Version 2 says which task the head belongs to. Version 1 said no version; its heads are read as they are.
"""


class HeadError(OperatorError):
    """A head that does not belong to the backbone in use, or was written by another version of this app."""


@dataclass(frozen=True)
class Head:
    """A logistic regression, scaled by a temperature: exclusive classes, or findings that may occur together.

    Attributes:
        classes: C labels, in the order of the rows.
        weight: [C, P] float32, for features as they come (standardisation is folded in).
        bias: [C] float32.
        temperature: the logits are divided by it (Guo et al., "On calibration of modern neural networks", ICML 2017).
        threshold: a class is in the prediction set when its probability is at least this.
        coverage: share of pictures whose class the prediction set is made to contain; 0 for findings.
        fingerprint: of the backbone whose features it reads.
        thresholds: C probabilities from which on a finding is called present; empty for exclusive classes.
        task: name of the task whose classes these are; "" where a head was written before version 2.
    """

    classes: tuple[str, ...]
    weight: np.ndarray
    bias: np.ndarray
    temperature: float
    threshold: float
    coverage: float
    fingerprint: str
    thresholds: tuple[float, ...] = ()
    task: str = ""

    @property
    def exclusive(self) -> bool:
        """Whether a picture has one of the classes, rather than any number of findings."""
        return not self.thresholds

    def probabilities(self, pooled: np.ndarray) -> np.ndarray:
        """[N, P] features -> [N, C] calibrated probabilities, float64; of exclusive classes the rows sum to 1."""
        logits = (pooled.astype(np.float64) @ self.weight.T.astype(np.float64) + self.bias) / self.temperature
        return softmax(logits, axis=1) if self.exclusive else expit(logits)

    def logits(self, pooled: Tensor) -> Tensor:
        """Calibrated logits on the features' own device: [N, P] -> [N, C] float32."""
        weight, bias = (torch.from_numpy(v).to(pooled) for v in (self.weight, self.bias))
        return (pooled @ weight.T + bias) / self.temperature

    def score(self, pooled: Tensor, target: str) -> Tensor:
        """Calibrated probability of one class or finding, on the features' own device: [N, P] -> [N] float32.

        Raises:
            ValueError: when the head has no such class.
        """
        return torch.sigmoid(self.log_odds(pooled, target))

    def log_odds(self, pooled: Tensor, target: str) -> Tensor:
        """Log of p / (1 - p) for one class or finding: [N, P] -> [N] float32. Unlike p it never saturates.

        Raises:
            ValueError: when the head has no such class.
        """
        if target not in self.classes:
            raise ValueError(f"this task has no class {target!r}; choose one of {', '.join(self.classes)}")
        logits, chosen = self.logits(pooled), self.classes.index(target)
        if not self.exclusive:
            return logits[:, chosen]
        others = torch.cat([logits[:, :chosen], logits[:, chosen + 1 :]], dim=1)
        return logits[:, chosen] - torch.logsumexp(others, dim=1)

    def prediction_set(self, probabilities: np.ndarray) -> tuple[str, ...]:
        """Classes that cannot be ruled out for one picture [C], most likely first; never empty.

        Of findings those that are called present; perhaps none.

        Source: Sadinle et al., "Least ambiguous set-valued classifiers with bounded error levels", JASA 2019.
        """
        return prediction_set(self.classes, probabilities, self.threshold, self.thresholds)

    def save(self, path: Path) -> None:
        """Write the head as safetensors."""
        facts = {"format": FORMAT} | {k: v for k, v in vars(self).items() if k not in ("weight", "bias")}
        # One key: safetensors writes several in any order, and the same head must give the same file.
        save_file({"weight": self.weight, "bias": self.bias}, path, {"head": json.dumps(facts)})

    @classmethod
    def load(cls, path: Path, fingerprint: str) -> Head:
        """Read a head for the backbone with this fingerprint.

        Raises:
            HeadError: when it was fitted on another backbone, or by another version of this app.
        """
        with safe_open(path, "numpy") as file:
            facts = json.loads((file.metadata() or {}).get("head", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        facts |= tensors
        needed = {f.name for f in fields(cls)} - {"thresholds", "task"}
        if facts.pop("format", 1) not in (1, FORMAT) or not needed <= facts.keys():
            raise HeadError(
                f"{path.parent.name}: the head was written by another version of this app; fit it again with "
                "`dinoscope fit`"
            )
        if facts["fingerprint"] != fingerprint:
            raise HeadError(
                f"{path.parent.name}: the head was fitted on backbone {facts['fingerprint'][:8]}, not on "
                f"{fingerprint[:8]}; fit it again with `dinoscope fit`"
            )
        facts |= {k: tuple(facts.get(k, ())) for k in ("classes", "thresholds")}
        return cls(**{f.name: facts[f.name] for f in fields(cls) if f.name in facts})


def prediction_set(
    classes: tuple[str, ...], probabilities: np.ndarray, threshold: float, thresholds: tuple[float, ...] = ()
) -> tuple[str, ...]:
    """Of C classes those that reach the threshold, or each its own of `thresholds`; see `Head.prediction_set`."""
    order = np.argsort(-probabilities, kind="stable")
    if thresholds:
        return tuple(classes[i] for i in order if probabilities[i] >= thresholds[i])
    kept = [classes[i] for i in order if probabilities[i] >= threshold]
    return tuple(kept) or (classes[order[0]],)


def conformal_threshold(true_class: np.ndarray, coverage: float) -> float:
    """Smallest probability a class may have and still be in the prediction set.

    Args:
        true_class: [N] probability that the head gave the right class of held-out pictures.
        coverage: wanted share of pictures whose right class is in the set.
    Returns:
        the floor((N + 1) * (1 - coverage))-th smallest probability; 0 when N is too small to promise anything.
    Source: split conformal prediction, Angelopoulos and Bates, "A gentle introduction", 2021.
    """
    rank = int(np.floor((len(true_class) + 1) * (1 - coverage) + 1e-9))
    return float(np.sort(true_class)[rank - 1]) if rank >= 1 else 0.0

"""Trust: how far a shipped head's probabilities, its prediction sets and its scope can be believed."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from dinoscope.reading import scope
from dinoscope.workbench import Workbench

MODALITIES = {
    "blood_cells_pbc": "single blood cell",
    "wbc_masks": "single blood cell",
    "leukemia_all": "blood smear",
    "brain_mri": "brain MRI",
    "lgg_mri": "brain MRI",
    "busi": "breast ultrasound",
    "chest_ct": "lung CT",
    "lung_ct_iqothnccd": "lung CT",
    "eye_diseases": "fundus",
    "odir": "fundus",
    "ham10000": "dermoscopy",
    "ph2": "dermoscopy",
    "lung_histology": "histology",
    "pneumonia_cxr": "chest radiograph",
    "covid_cxr": "chest radiograph",
    "covid_cxr_boxes": "chest radiograph",
    "polyp_kvasirseg": "colonoscopy",
}
"""Of each data set, the kind of picture."""


def calibration(workbench: Workbench) -> list[dict]:
    """How far each shipped head's probabilities and prediction sets can be believed, from its task.json."""
    rows = []
    for task in workbench.tasks.values():
        metrics = task.facts["metrics"]
        if "calibration_error" in metrics:
            error, coverage = metrics["calibration_error"], metrics["coverage"]
            right = metrics["balanced_accuracy"]
            rows.append(
                {
                    "head": task.name,
                    "balanced accuracy": _percent(right["value"]),
                    "accuracy interval": f"{_percent(right['low'])} to {_percent(right['high'])}",
                    "calibration error": error["value"],
                    "interval": f"{error['low']:.3f} to {error['high']:.3f}",
                    "of a perfect head": error["expected"],
                    "excess": error["excess"],
                    "coverage": _percent(coverage["value"]),
                    "coverage interval": f"{_percent(coverage['low'])} to {_percent(coverage['high'])}",
                    "mean set size": metrics["set_size"],
                }
            )
    for task in workbench.tasks.values():
        if not task.head.exclusive:
            area = task.facts["metrics"]["roc_auc"]
            rows.append(
                {"findings of": task.name, "mean ROC-AUC": area["value"]}
                | {"interval": f"{area['low']:.3f} to {area['high']:.3f}"}
                | {task.display(f): a for f, a in task.facts["metrics"]["findings_roc_auc"].items()}
            )
    return rows


def scopes(workbench: Workbench, pooled: dict[str, np.ndarray]) -> list[dict]:
    """Does the scope tell a task's own test pictures from those of other kinds?"""
    rows, space = [], workbench.projection
    for task in workbench.tasks.values():
        known = space.for_scope(task.training)
        far = {n: scope.distances(space.for_scope(space(p)), known) for n, p in pooled.items()}
        others = [n for n in far if MODALITIES[n] != MODALITIES[task.name]]
        kin = [n for n in far if MODALITIES[n] == MODALITIES[task.name] and n != task.name]
        alarms = {n: _alarm(far[n], task.reference) for n in (task.name, *kin)}
        other = np.concatenate([far[n] for n in others])
        rows.append(
            {
                "scope of": task.name,
                "AUROC against other kinds": _auroc(far[task.name], other),
                "false alarms on its own fold 0": _percent(alarms[task.name]),
                "other kinds called unfamiliar": _percent(_alarm(other, task.reference)),
                "same kind, other set": "; ".join(
                    f"{n}: AUROC {_auroc(far[task.name], far[n])}, unfamiliar {_percent(alarms[n])} %" for n in kin
                )
                or "none at hand",
            }
        )
    return rows


def _alarm(distances: np.ndarray, reference: np.ndarray) -> float:
    """Share of pictures called unfamiliar."""
    return float((~scope.familiar(distances, reference)).mean())


def _auroc(own: np.ndarray, other: np.ndarray) -> float:
    truth = np.repeat([0, 1], [len(own), len(other)])
    return round(float(roc_auc_score(truth, np.concatenate([own, other]))), 4)


def _percent(share: float) -> float:
    return round(100 * float(share), 1)

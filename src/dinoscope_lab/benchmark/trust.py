"""Trust: how far a shipped head's probabilities, its prediction sets and its scope can be believed."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from dinoscope import fusion
from dinoscope.evidence import BARS, MEAN, TABLE, Column, Table
from dinoscope.fitting import catalogue
from dinoscope.reading import scope
from dinoscope.reading.fused import Fused
from dinoscope.tasks import Task
from dinoscope.workbench import Workbench

from .. import rivals
from ..evidence import number, percent
from . import retrieval
from .study import Report, Study, headline

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
ALONE = "backbone alone"
ENDS = {"": "value", "_low": "low", "_high": "high"}
QUICK = 2
"""Sets that a quick run takes."""
NOTES = [
    "Of the shipped heads, on fold 0: the figures of `task.json`. Excess: calibration error above that of a head whose "
    "probabilities are right, on as many pictures. Coverage: how often the prediction set holds the truth; 90 % is "
    "wanted. With cases: of head and nearest cases together, which Classify shows one click away.",
    "Familiar or not: the distance to a task's training pictures, on fold 0 of every set at hand. Search: among the "
    "public cases of the index alone.",
]


def measure(study: Study) -> Report:
    """The report of trust.json: what follows from the heads as they are shipped, and not from features alone."""
    names = [n for n in MODALITIES if (study.images / n).is_dir()]
    pools = [study.pool(name) for name in (names[:QUICK] if study.quick else names)]
    pooled = {pool.name: study.pooled(pool)[pool.test] for pool in pools}
    made = [*tables(study.workbench, pooled), searches(study, pooled), *fused(study)]
    within = [r["coverage"] for r in made[0].rows]
    label = f"Coverage of the shipped prediction sets on test pictures, mean of {len(within)} tasks, 90 % wanted"
    return Report(headline(label, round(float(np.mean(within)), 1), "%"), made, NOTES)


def tables(workbench: Workbench, pooled: dict[str, np.ndarray]) -> list[Table]:
    """Calibration, findings and scope of the shipped tasks.

    Args:
        pooled: of each data set that is at hand, the features of its fold 0.
    """
    heads = [_head(t) for t in workbench.tasks.values() if "calibration_error" in t.facts["metrics"]]
    several = [t for t in workbench.tasks.values() if not t.head.exclusive and "roc_auc" in t.facts["metrics"]]
    scopes, kin = [], []
    for task in (t for t in workbench.tasks.values() if t.name in pooled):
        row, beside = _scope(workbench, task, pooled)
        scopes.append(row)
        kin += beside
    return [heads_table(heads), findings_table([r for t in several for r in _findings(t)]), *scope_tables(scopes, kin)]


def heads_table(rows: list[dict]) -> Table:
    """A shipped head a row: balanced accuracy, calibration error beside a perfect head's, coverage of its sets."""
    columns = (
        Column("task"),
        percent("accuracy", "balanced accuracy"),
        number("error", "calibration error", digits=4, interval=True),
        number("expected", "of a perfect head", digits=4),
        number("excess", digits=4),
        percent("coverage"),
        number("size", "mean set size"),
        number("together_excess", "excess, with cases", digits=4),
        percent("together_coverage", "coverage, with cases"),
        number("together_size", "mean set size, with cases"),
    )
    return Table("heads", "How far the shipped heads can be believed", TABLE, columns, rows, "task")


def findings_table(rows: list[dict]) -> Table:
    """A finding a row, of the tasks that have them, and their mean."""
    columns = (Column("task"), Column("finding"), number("area", "ROC-AUC", digits=4, interval=True))
    title = "ROC-AUC of each finding by the shipped head"
    return Table("findings", title, BARS, columns, rows, "task", y="area", by=("finding",))


def scope_tables(rows: list[dict], kin: list[dict]) -> list[Table]:
    """Pictures of other kinds, and sets of the same kind."""
    columns = (
        Column("task"),
        number("area", "AUROC against other kinds", digits=4),
        percent("alarms", "false alarms on its own fold 0", interval=False),
        percent("others", "other kinds called unfamiliar", interval=False),
    )
    beside = (
        Column("task"),
        Column("set", "other set of the same kind"),
        number("area", "AUROC", digits=4),
        percent("unfamiliar", "called unfamiliar", interval=False),
    )
    return [
        Table("scopes", "Are pictures of other kinds called unfamiliar?", TABLE, columns, rows, "task"),
        Table("scopes beside", "And pictures of the same kind from another set?", TABLE, beside, kin, "task"),
    ]


def searches(study: Study, pooled: dict[str, np.ndarray]) -> Table:
    """Whole-picture search of fold 0 among the public cases of the index, as `benchmark similar` counts it."""
    rows = []
    for task in (t for t in study.workbench.tasks.values() if t.name in pooled):
        public = np.array([c.origin == "public" for c in task.cases])
        known = [c for c in task.cases if c.origin == "public"]
        pool = study.pool(task.name)
        tests = [s for s, yes in zip(pool.samples, pool.test, strict=True) if yes]
        cases = _as_set(task, task.vectors[public], [c.labels for c in known], [c.group or c.id for c in known])
        queries = _as_set(
            task,
            study.workbench.projection(pooled[task.name]),
            [catalogue.labels(task.name, s) for s in tests],
            [s.group or s.id for s in tests],
        )
        found, chance = retrieval.measure(queries, cases), retrieval.by_chance(queries, cases, study.seed)
        row: dict = {"task": task.name}
        for name, one, other in (
            ("precision", found.precision, chance.precision),
            ("vote", found.vote, chance.vote),
            ("first", found.first, chance.first),
        ):
            interval = retrieval.mean_with_interval(one, queries.groups)
            row |= {name: percent_of(interval.value), f"{name}_low": percent_of(interval.low)}
            row |= {f"{name}_high": percent_of(interval.high), f"{name}_chance": percent_of(other.mean())}
        rows.append(row)
    return searches_table(rows)


def searches_table(rows: list[dict]) -> Table:
    """A task a row: mAP@5, the vote of the five nearest and the class of the first, each beside chance."""
    columns = [Column("task")]
    for name, title in (("precision", "mAP@5"), ("vote", "vote of 5"), ("first", "accuracy@1")):
        columns += [percent(name, title), percent(f"{name}_chance", f"{title}, chance", interval=False)]
    return Table("search", "Are the nearest public cases of the same class?", TABLE, tuple(columns), rows, "task")


def fused(study: Study) -> list[Table]:
    """The shipped heads on fold 0: the backbone's alone, and those that read a second network beside it
    (`DINOSCOPE_FUSION`); none where that network is not installed, or nothing is shipped for this backbone."""
    rows = []
    for network in rivals.installed().networks:
        joined = Fused(study.encoder, network).fingerprint
        for alone in study.workbench.tasks.values():
            both = fusion.load(fusion.place(study.assets, network.key), alone, joined)
            for name, task in ((ALONE, alone), (f"with {network.name}", both)):
                right = task.facts["metrics"].get("balanced_accuracy") if both and task else None
                if right:
                    figures = {f"value{end}": percent_of(right[key]) for end, key in ENDS.items()}
                    rows.append({"task": alone.name, "method": name} | figures)
    columns = (Column("task"), Column("method"), percent("value", "balanced accuracy"))
    title = "The shipped heads: balanced accuracy on fold 0, of the backbone alone and joined"
    made = Table("fused", title, BARS, columns, rows, "task", y="value", by=("method",), ours=ALONE)
    return [made] if rows else []


def _as_set(task: Task, vectors: np.ndarray, labels: list[tuple[str, ...]], groups: list[str]) -> retrieval.Set:
    """Vectors with their classes and groups, without patches."""
    members = np.array([[c in own for c in task.head.classes] for own in labels])
    return retrieval.Set(vectors, np.zeros((len(vectors), 0, 0), np.float32), members, np.array(groups))


def _head(task: Task) -> dict:
    """How far one shipped head's probabilities and prediction sets can be believed, from its task.json."""
    metrics = task.facts["metrics"]
    error, coverage, right = (metrics[k] for k in ("calibration_error", "coverage", "balanced_accuracy"))
    row = {"task": task.name, "expected": error["expected"], "excess": error["excess"], "size": metrics["set_size"]}
    for end, key in ENDS.items():
        row |= {f"accuracy{end}": percent_of(right[key]), f"error{end}": error[key]}
        row |= {f"coverage{end}": percent_of(coverage[key])}
        if both := metrics.get("together"):
            row |= {f"together_coverage{end}": percent_of(both["coverage"][key])}
            row |= {"together_excess": both["calibration_error"]["excess"], "together_size": both["set_size"]}
    return row


def _findings(task: Task) -> list[dict]:
    mean, areas = task.facts["metrics"]["roc_auc"], task.facts["metrics"]["findings_roc_auc"]
    first = {
        "task": task.name,
        "finding": MEAN,
        "area": mean["value"],
        "area_low": mean["low"],
        "area_high": mean["high"],
    }
    return [first, *({"task": task.name, "finding": task.display(f), "area": a} for f, a in areas.items())]


def _scope(workbench: Workbench, task: Task, pooled: dict[str, np.ndarray]) -> tuple[dict, list[dict]]:
    """Does the scope tell a task's own test pictures from those of other kinds, and from those of its own kind?"""
    space = workbench.projection
    known = space.for_scope(task.training)
    far = {n: scope.distances(space.for_scope(space(p)), known) for n, p in pooled.items()}
    others = [far[n] for n in far if MODALITIES[n] != MODALITIES[task.name]]
    row: dict = {"task": task.name, "alarms": percent_of(_alarm(far[task.name], task.reference))}
    if others:
        other = np.concatenate(others)
        row |= {"area": _auroc(far[task.name], other), "others": percent_of(_alarm(other, task.reference))}
    kin = [n for n in far if MODALITIES[n] == MODALITIES[task.name] and n != task.name]
    return row, [
        {"task": task.name, "set": n, "area": _auroc(far[task.name], far[n])}
        | {"unfamiliar": percent_of(_alarm(far[n], task.reference))}
        for n in kin
    ]


def _alarm(distances: np.ndarray, reference: np.ndarray) -> float:
    """Share of pictures called unfamiliar."""
    return float((~scope.familiar(distances, reference)).mean())


def _auroc(own: np.ndarray, other: np.ndarray) -> float:
    truth = np.repeat([0, 1], [len(own), len(other)])
    return round(float(roc_auc_score(truth, np.concatenate([own, other]))), 4)


def percent_of(share: float) -> float:
    """A share in percent, to one digit."""
    return round(100 * float(share), 1)

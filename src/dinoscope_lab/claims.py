"""Claims: what each source claimed, what was repeated here and what agreed; every figure is read from the evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dinoscope.evidence import MEAN, SETS, Evidence
from dinoscope.fitting import catalogue

from . import rivals


def paragraphs(evidence: dict[str, Evidence]) -> str:
    """A Markdown paragraph for each source whose evidence is there."""
    return "\n\n".join(write(evidence[name]) for name, write in SOURCES.items() if name in evidence)


def frozen(e: Evidence) -> str:
    """Hussien et al. 2025."""
    grouped = {(r["set"], r["method"]): r["accuracy"] for r in e.rows("sets")}
    sets = list(dict.fromkeys(s for s, _ in grouped))
    ours = [grouped[s, "backbone, linear"] for s in sets]
    scratch = [grouped[s, "supervised from scratch"] for s in sets]
    small = [grouped[s, "small ResNet from scratch"] for s in sets]
    ahead = [sum(a > b for a, b in zip(ours, rival, strict=True)) for rival in (scratch, small)]
    imagenet = [grouped[s, f"{rivals.IMAGENET}, linear"] for s in sets if (s, f"{rivals.IMAGENET}, linear") in grouped]
    beside = (
        f" A frozen {rivals.IMAGENET}, which learnt ImageNet's labels, has {_mean(imagenet)} %." if imagenet else ""
    )
    titles = SETS | catalogue.titles()
    official = [
        f"{titles.get(r['set'], r['set'])} {r['accuracy']:g} %"
        for r in e.rows("official sets")
        if r["method"] == "backbone, linear"
    ]
    gains = {r["method"]: r for r in e.rows("differences") if r["set"] == MEAN}
    paired = [_gained(gains[m]) for m in ("supervised from scratch", "small ResNet from scratch") if m in gains]
    points = f", in balanced accuracy by {' and '.join(paired)} points" if paired else ""
    hub = sorted({r["encoder"] for r in e.rows("tried") if r["ran"] == "no"})
    return (
        "**Hussien et al., Sci Rep 15:32174 (2025)** claimed that DINOv2 classifies lung cancer, brain tumours and "
        "leukaemia with 100, 99 and 99 % accuracy and two retina sets with 100 and 95 %, better than supervised "
        f"networks. Repeated: a linear head on the frozen bundled backbone on {len(sets)} sets, groups kept whole. "
        f"Its mean accuracy is {_mean(ours)} %, that of the same network trained from scratch {_mean(scratch)} % and "
        f"of a small ResNet trained so {_mean(small)} %; the frozen one is ahead of the first on {ahead[0]} and of the "
        f"second on {ahead[1]} of {len(sets)} sets{points}.{beside} On the sets' own test splits, without the copies: "
        f"{'; '.join(official) or 'not measured'}. The absolute figures are not comparable: the bundled backbone is "
        "far smaller, and public test splits that repeat training pictures flatter every method"
        + (f"; {len(hub)} encoders did not run, the table says why." if hub else ".")
    )


def labels(e: Evidence) -> str:
    """Nielsen et al. 2023."""
    ends = {r["method"]: r["full"] for r in e.rows("enough") if r["set"] == MEAN}
    ten = {r["method"]: r["value"] for r in e.rows("curves") if r["set"] == MEAN and r["labels"] == 10}
    ours, rival = "logistic regression", "small ResNet from scratch"
    gains = {r["labels"]: r for r in e.rows("differences") if (r["method"], r["rival"]) == (ours, rival)}
    told = [f"{_gained(r)} points with {at}" for at, r in gains.items()]
    paired = f" On the same labels the frozen features are ahead by {', '.join(told)}." if told else ""
    imagenet = f"{ours}, {rivals.IMAGENET}"
    beside = (
        f" On features of {rivals.IMAGENET}, which learnt ImageNet's labels, logistic regression has "
        f"{ten[imagenet]:g} % with ten a class and {ends[imagenet]:g} % with all."
        if imagenet in ten
        else ""
    )
    return (
        "**Nielsen et al., Bioengineering 10:895 (2023)** claimed state-of-the-art results with 1 to 10 % of the "
        "labels, about 100 a class, by classical classifiers on frozen self-supervised features. Repeated: kNN, "
        "logistic regression and SVM from one label a class to all. Logistic regression has "
        f"{ends[ours]:g} % mean balanced accuracy with all labels and 95 % of that with "
        f"{e.headline['value']:g} labels a class (median of the sets). A small ResNet trained from scratch on the same "
        f"labels has {ten[rival]:g} % with ten a class, where the frozen features have {ten[ours]:g} %, and ends at "
        f"{ends[rival]:g} %.{paired}{beside} The sets here are small, so that all labels means hundreds a class, not "
        "thousands."
    )


def start(e: Evidence) -> str:
    """Tayebi Arasteh et al. 2024."""

    # The paper's question; other rows, as of the backbone that was bundled before, stand in the table.
    asked = ("supervised", rivals.IMAGENET, "random")
    others = [o for o in dict.fromkeys(r["against"] for r in e.rows("summary")) if o in asked]

    def counted(way: str, other: str) -> str:
        mine = [r for r in e.rows("summary") if r["way"] == way and r["against"] == other]
        found, leads, surely, behind = (sum(r[k] for r in mine) for k in ("findings", "leads", "surely", "behind"))
        return (
            f"{way}, against the {other} start, it is ahead on {leads} of {found} findings ({surely} "
            f"significantly, and {behind} significantly behind)"
        )

    return (
        "**Tayebi Arasteh et al., Eur Radiol Exp 8:10 (2024)** claimed that a self-supervised start on natural "
        "pictures beats a supervised one on ImageNet for findings on chest radiographs (p < 0.001 in all sets). "
        "Repeated at small scale, on radiographs and retinas; the supervised start was trained on other medical sets, "
        f"{rivals.IMAGENET} on ImageNet by others: "
        f"{'; '.join(counted(w, o) for w in ('frozen', 'fine-tuned') for o in others)}. Significant "
        "means p < 0.05 after Holm's correction; with some hundred test pictures a set, only large differences can be."
    )


def encoders(e: Evidence) -> str:
    """Perez-Garcia et al. 2025."""
    ran = [r["encoder"] for r in e.rows("tried") if r["ran"] == "yes"]
    ours = ran[0]

    def of(question: str, method: str = ours) -> list[float]:
        return [r["value"] for r in e.rows(question) if r["method"] == method]

    rows = e.rows("segmentation")
    simple = [
        max(r["value"] for r in rows if r["set"] == s and r["method"] not in ran)
        for s in dict.fromkeys(r["set"] for r in rows if r["method"] == ours)
    ]
    imagenet = of("segmentation", rivals.IMAGENET)
    beside = f", that of {rivals.IMAGENET} {_mean(imagenet, 2)}" if imagenet else ""

    def known(question: str, guessing: float) -> str:
        """Set by set, with what guessing reaches and where the interval holds it."""
        titles = SETS | catalogue.titles()
        mine = [r for r in e.rows(question) if r["method"] == ours]
        return "; ".join(
            f"{titles.get(r['set'], r['set'])} {r['value']:g}"
            + (" (no better than guessing)" if r.get("value_low", r["value"]) <= guessing else "")
            for r in mine
        )

    return (
        "**Perez-Garcia et al. (RAD-DINO), Nat Mach Intell 7:119 (2025)** claimed that an encoder trained on "
        "pictures alone serves classification and segmentation as well as one trained with reports, and knows things "
        "of the patient that reports leave out. Repeated on the bundled encoder: a linear layer on its patch tokens "
        f"has a mean Dice of {_mean(of('segmentation'), 2)}{beside}, the same network "
        f"with random weights {_mean(of('segmentation', 'random weights'), 2)}, the better of two baselines that look "
        f"at no feature {_mean(simple, 2)}. What it knows of age, as the share of variance that is explained (R2; 0 by "
        f"guessing): {known('age', 0) or 'unmeasured'}. Of sex, balanced accuracy in percent (50 by guessing): "
        f"{known('sex', 50) or 'unmeasured'}. "
        "RAD-DINO itself joins the table with `--encoder microsoft/rad-dino` where the hub can be reached."
    )


def fusion(e: Evidence) -> str:
    """Truong et al. 2021."""
    rows = [r for r in e.rows("kappa") if r["set"] != MEAN]
    shares = sorted({r["share"] for r in rows})
    gains = [r for r in e.rows("gains") if r["method"] == "best single encoder"]
    ahead, behind = sum(r["ahead_low"] > 0 for r in gains), sum(r["ahead_high"] < 0 for r in gains)
    full = any(r["ahead_low"] > 0 for r in gains if r["share"] == 100)
    shipped = "" if full else " It never is with all labels, which a task's head is fitted on, so no task ships it."

    def mean(method: str, share: float) -> float:
        return float(np.mean([r["value"] for r in rows if r["method"] == method and r["share"] == share]))

    encoders = [m for m in dict.fromkeys(r["method"] for r in rows) if m.endswith(", alone")]
    named = ", ".join(m.removesuffix(", alone") for m in encoders)
    listed = "; ".join(
        f"{share:g} % of the labels: {mean('self-attention', share):.2f} against "
        f"{mean('best single encoder', share):.2f} and {mean('concatenation', share):.2f}"
        for share in shares
    )
    return (
        "**Truong et al. (DVME), ML4H (2021)** claimed that fusing the embeddings of several encoders by "
        f"self-attention is significantly better than any single one. Repeated with {len(encoders)} encoders "
        f"({named}); mean kappa of self-attention against the best single encoder and plain concatenation, of labels "
        f"at least two pictures a class, with {listed}. "
        f"It came first of all methods in {e.headline['value']:g} of {len(gains)} comparisons; against the best single "
        f"encoder alone it is significantly ahead in {ahead} and behind in {behind} (paired intervals).{shipped}"
    )


SOURCES: dict[str, Callable[[Evidence], str]] = {
    "frozen": frozen,
    "labels": labels,
    "start": start,
    "encoders": encoders,
    "fusion": fusion,
}
"""Evidence file -> its paragraph."""


def _gained(row: dict) -> str:
    """A difference with its interval."""
    return f"{row['ahead']:g} ({row['ahead_low']:g} to {row['ahead_high']:g})"


def _mean(values: Sequence[float], digits: int = 1) -> str:
    return f"{np.mean(values):.{digits}f}"

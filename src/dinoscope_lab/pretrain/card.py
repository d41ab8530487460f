"""Model card: what a backbone was trained on, how long, and what its features are worth, from the run's own records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open

from ..evidence import machine
from .pack import Pack
from .plan import Plan
from .train import CHECKPOINT

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

OBJECTIVES = {
    "views": "masked views: two partly hidden views of a picture must agree (InfoNCE), and the edges and colours of "
    "the hidden patches are reconstructed (HOG and mean colour, smooth L1)",
    "dino": "DINOv2: multi-crop self-distillation of the CLS token, iBOT on masked patches, KoLeo, Sinkhorn-Knopp "
    "centring",
}


def write(
    plans: Sequence[Plan],
    pack: Pack,
    state: Path,
    scores: dict[str, dict[str, float]],
    size: int,
    folder: Path,
    device: str = "cpu",
    start: Path | None = None,
) -> None:
    """Write MODEL_CARD.md beside the weights.

    Args:
        plans: of its stages.
        state: folder of the run, with its stages and, where somebody had something to add, notes.md.
        scores: what `probe.run` measured, percent by probe and data set.
        size: side in pixels at which the backbone reads pictures.
        device: that trained; start: the weights it began with, if not with random ones.
    """
    facts = [_facts(state / f"stage-{i}" / CHECKPOINT) for i in range(1, len(plans) + 1)]
    config = json.loads((folder / "config.json").read_text())
    seen, seconds = (sum(f[k] for f in facts) for k in ("pictures", "seconds"))
    where = torch.cuda.get_device_name() if torch.device(device).type == "cuda" else machine()
    stages = "; ".join(
        f"{f['step']:,.0f} steps of {p.batch} pictures on views of {p.size} px"
        for f, p in zip(facts, plans, strict=True)
    )
    unlabelled = sum(pack.label[i] == "" for i in pack.training)
    told = f", {unlabelled:,} of them from sets without labels" if unlabelled else ""
    written = state / "notes.md"
    notes = f"\n- **Notes**: {written.read_text().strip()}" if written.is_file() else ""
    passes = seen / len(pack.training)
    sets = sorted({pack.source[i] for i in pack.training})
    names = list(dict.fromkeys(n for by_set in scores.values() for n in by_set if n != "mean")) + ["mean"]
    rows = [
        f"| {n.replace('_', ' ')} | " + " | ".join(f"{by[n]:.1f}" for by in scores.values()) + " |"
        for n in names
        if all(n in by for by in scores.values())
    ]
    kinds = {"knn": "5 nearest neighbours, cosine", "ridge": "least squares with a ridge"}
    text = f"""# Model card: the bundled backbone

A DINOv2-shaped vision transformer (`Dinov2Model`): {config["num_hidden_layers"]} blocks of
{config["hidden_size"]} channels, patches of 14 px, float16 weights. Trained from {start or "random weights"}, without
labels, by `dinoscope pretrain`. It reads pictures at {size} px.

- **Pictures**: {len(pack.training):,} from {len(sets)} public sets ({", ".join(sets)}){told}; of the sets
  with labels folds 2 to 4 only, without any official test picture or a copy of one in another set. Many sets do not
  state the licence of their pictures; none of the pictures is in this repository.
- **Objective**: {OBJECTIVES[plans[-1].objective]}.
- **Length**: {stages}; {passes:.0f} passes over the data in {_duration(seconds)} on {where},
  {seen / max(seconds, 1):,.0f} pictures a second; what is shipped is the moving average of the weights.{notes}

## What its features are worth

Balanced accuracy in percent on the validation fold (fold 1), which pre-training never saw, from the labels of folds
2 to 4. These figures steer training; what the heads reach on the test fold is in the README.

| set | {" | ".join(kinds[k] for k in scores)} |
|{" --- |" * (len(scores) + 1)}
{chr(10).join(rows)}

{BEGIN}

On the test fold, beside simpler features: not measured yet; `dinoscope benchmark backbone` does.

{END}

## Limits

Small, trained briefly on few pictures, at low resolution: small signs are lost. It is a demonstration of method, not a
foundation model; use `DINOSCOPE_BACKBONE` for a large one. Not a medical device.
"""
    (folder / "MODEL_CARD.md").write_text(text, encoding="utf-8")


def _facts(checkpoint: Path) -> dict[str, float]:
    if not checkpoint.is_file():  # a stage that was given no time
        return {"step": 0, "pictures": 0, "seconds": 0.0}
    with safe_open(checkpoint, "pt") as file:
        return json.loads(file.metadata()["facts"])


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds > 5400 else f"{seconds / 60:.1f} minutes"


def add_measured(folder: Path, table: str, notes: str) -> None:
    """Put what the benchmark measured on the test fold into a backbone's MODEL_CARD.md, where it has the place for it.

    Args:
        table: Markdown table of the backbone beside the baselines; notes: what the numbers are.
    """
    path = folder / "MODEL_CARD.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if BEGIN in text and END in text:
        before, rest = text.split(BEGIN, 1)
        said = f"On the test fold (fold 0), beside simpler features:\n\n{table}\n\n{notes}"
        path.write_text(f"{before}{BEGIN}\n\n{said}\n\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")

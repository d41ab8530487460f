"""Train: the loop of pre-training - resumable, at a steady rate, with a probe every few minutes."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch

from . import checkpoint, probe
from .dino import Dino
from .masked_views import MaskedViews
from .objective import Objective, student
from .pack import Pack
from .views import Recipe


@dataclass(frozen=True)
class Plan:
    """One way of pre-training.

    Attributes:
        objective: `views` (masked views, the cheap start) or `dino` (DINOv2).
        dim, depth: width and number of blocks of the student.
        size: side of a global view in pixels, divisible by 14.
        batch: pictures a step.
        together: pictures of one data set that are drawn together, so that contrast has hard negatives.
        rate: peak learning rate; it rises over `warmup` steps and stays, the average of the late weights
            doing what a decay would. `cooldown` steps at the end let it fall to zero.
        momentum: how slowly the exported average follows.
    """

    objective: str = "views"
    dim: int = 384
    depth: int = 6
    size: int = 112
    batch: int = 64
    together: int = 16
    rate: float = 5e-4
    warmup: int = 500
    cooldown: int = 0
    decay: float = 0.05
    momentum: float = 0.998
    drop_path: float = 0.0
    keep: float = 0.7
    temperature: float = 0.2
    recipe: Recipe = field(default_factory=Recipe)


def build(plan: Plan) -> Objective:
    """The objective of a plan with a freshly initialised student."""
    model = student(plan.dim, plan.depth, plan.size, drop_path=plan.drop_path)
    if plan.objective == "views":
        return MaskedViews(model, plan.size, plan.recipe, plan.keep, plan.temperature)
    if plan.objective == "dino":
        return Dino(model, plan.size, plan.recipe)
    raise ValueError(f"no objective is called {plan.objective!r}; choose views or dino")


def train(
    plan: Plan,
    pack: Pack,
    state: Path,
    seconds: float,
    seed: int = 0,
    device: str = "cpu",
    steps: int | None = None,
    probe_every: float = 600,
    start: Path | None = None,
) -> Objective:
    """Train for `seconds`, or until step number `steps`, resuming from `state` where it holds a checkpoint.

    Args:
        state: folder for checkpoint.safetensors and log.jsonl.
        start: weights of an earlier student (a transformers folder) to begin from instead of random ones.
    Returns:
        the trained objective; its `teacher` is the encoder to export.
    """
    torch.manual_seed(seed)
    state.mkdir(parents=True, exist_ok=True)
    objective = build(plan).to(device)
    if start is not None:
        for model in (objective.student, objective.teacher):
            model.load_state_dict(type(model).from_pretrained(start).state_dict())
    optimiser = torch.optim.AdamW(_groups(objective, plan.decay), lr=plan.rate, betas=(0.9, 0.98))
    generator = torch.Generator(device).manual_seed(seed)
    facts: dict[str, float] = {"step": 0, "seconds": 0.0, "pictures": 0}
    kept = state / "checkpoint.safetensors"
    if kept.exists():
        facts = checkpoint.load(kept, objective, optimiser, generator)
        print(f"resumed at step {facts['step']:.0f} after {facts['seconds'] / 60:.0f} minutes", flush=True)
    else:
        (state / "plan.json").write_text(json.dumps(asdict(plan), indent=1))
    chances = _chances(pack)
    objective.train()
    objective.teacher.eval()
    began = said = saved = probed = time.monotonic()
    first = int(facts["step"])
    before = facts["seconds"]
    sums: dict[str, float] = {}
    count = 0
    step = first
    while time.monotonic() - began < seconds and (steps is None or step < steps):
        last = steps if steps is not None else math.inf
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * min(1.0, (step + 1) / plan.warmup, (last - step) / max(plan.cooldown, 1))
        chosen = _batch(pack, chances, plan, generator)
        pictures = torch.from_numpy(pack.pictures[chosen]).to(device)
        loss, parts = objective.loss(pictures, generator)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(objective.parameters(), 3.0)
        optimiser.step()
        objective.follow(min(plan.momentum, (step + 1) / (step + 10)))
        step += 1
        count += 1
        for key, value in parts.items():
            sums[key] = sums.get(key, 0.0) + value
        now = time.monotonic()
        facts = {"step": step, "seconds": before + now - began, "pictures": facts["pictures"] + plan.batch}
        if now - said > 30:
            speed = count * plan.batch / (now - said)
            left = f"{(seconds - (now - began)) / 60:.0f} minutes" if steps is None else f"{steps - step} steps"
            means = " ".join(f"{k} {v / count:.3f}" for k, v in sums.items())
            print(f"step {step} {means} {speed:.0f} pictures/s {left} left", flush=True)
            said, sums, count = now, {}, 0
        if now - saved > 300:
            checkpoint.save(kept, objective, optimiser, generator, facts)
            saved = time.monotonic()
        if now - probed > probe_every:
            _report(objective, pack, plan.size, state, facts, most=300)
            probed = time.monotonic()
    if step > first:
        checkpoint.save(kept, objective, optimiser, generator, facts)
    return objective


def _report(objective: Objective, pack: Pack, size: int, state: Path, facts: dict[str, float], most: int) -> None:
    scores = probe.run(objective.teacher, pack, size, most=most)
    if not scores["knn"]:
        return
    with (state / "log.jsonl").open("a") as log:
        log.write(json.dumps({**facts, **scores}) + "\n")
    for kind, by_set in scores.items():
        print(f"probe, {kind}:", " ".join(f"{k} {v:.1f}" for k, v in by_set.items()), flush=True)


def _groups(objective: Objective, decay: float) -> list[dict]:
    """Weight matrices decay; gains, biases and tokens do not."""
    trained = [p for p in objective.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1 and p.shape[0] > 1], "weight_decay": decay},
        {"params": [p for p in trained if p.ndim <= 1 or p.shape[0] == 1], "weight_decay": 0.0},
    ]


def _chances(pack: Pack) -> dict[str, tuple[np.ndarray, float]]:
    """Each data set's training pictures and how often it is drawn: in proportion to the root of its size."""
    source = np.asarray(pack.source)[pack.training]
    sets = {name: pack.training[source == name] for name in sorted(set(source))}
    return {name: (members, len(members) ** 0.5) for name, members in sets.items()}


def _batch(pack: Pack, chances: dict, plan: Plan, generator: torch.Generator) -> np.ndarray:
    """Positions of one batch: `together` pictures from each of a few data sets."""
    device = generator.device
    weights = torch.tensor([w for _, w in chances.values()], device=device)
    count = plan.batch // plan.together
    drawn = torch.multinomial(weights, count, replacement=count > len(weights), generator=generator)
    names = list(chances)
    chosen = []
    for which in drawn.tolist():
        members = chances[names[which]][0]
        order = torch.randint(len(members), (plan.together,), generator=generator, device=device)
        if len(members) >= plan.together:
            order = torch.randperm(len(members), generator=generator, device=device)[: plan.together]
        chosen.append(members[order.cpu().numpy()])
    return np.concatenate(chosen)

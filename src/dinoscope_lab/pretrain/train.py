"""Train: the loop of pre-training - resumable, within a budget, with a probe every few minutes."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from transformers import Dinov2Config

from . import checkpoint, probe
from .dino import Dino
from .masked_views import MaskedViews
from .objective import Objective, student
from .pack import Pack
from .plan import Plan, shared, shared_steps

CHECKPOINT = "checkpoint.safetensors"


def build(plan: Plan, like: Dinov2Config | None = None) -> Objective:
    """The objective of a plan with a freshly initialised student, of the shape of an earlier one where it is given."""
    model = student(plan.dim, plan.depth, plan.size, drop_path=plan.drop_path, like=like)
    if plan.objective == "views":
        return MaskedViews(model, plan.size, plan.recipe, plan.keep, plan.temperature)
    if plan.objective == "dino":
        return Dino(model, plan.size, plan.recipe)
    raise ValueError(f"no objective is called {plan.objective!r}; choose views or dino")


def train_stages(
    plans: Sequence[Plan],
    pack: Pack,
    state: Path,
    seconds: float,
    seed: int = 0,
    device: str = "cpu",
    steps: int | None = None,
    probe_every: float = 600,
    start: Path | None = None,
    compiled: bool = False,
    save_every: float = 120,
) -> Objective:
    """`train` stage after stage, each in its own folder below `state` and from the average of the one before it.

    Args:
        seconds, steps: of all stages together, shared among them as their plans say.
    """
    budgets = shared(tuple(plans), seconds)
    lengths = [None] * len(plans) if steps is None else shared_steps(tuple(plans), steps)
    begin: Path | Objective | None = start
    for number, (plan, budget, length) in enumerate(zip(plans, budgets, lengths, strict=True), 1):
        print(f"stage {number} of {len(plans)}: {plan.objective} at {plan.size} px", flush=True)
        folder = state / f"stage-{number}"
        begin = train(
            plan, pack, folder, budget, seed + number - 1, device, length, probe_every, begin, compiled, save_every
        )
    if not isinstance(begin, Objective):
        raise ValueError("a run needs one stage at least")
    return begin


def train(
    plan: Plan,
    pack: Pack,
    state: Path,
    seconds: float,
    seed: int = 0,
    device: str = "cpu",
    steps: int | None = None,
    probe_every: float = 600,
    start: Path | Objective | None = None,
    compiled: bool = False,
    save_every: float = 120,
) -> Objective:
    """Train until `seconds` are spent in all, or until step number `steps`, resuming from `state` where it can.

    Args:
        state: folder for checkpoint.safetensors and log.jsonl.
        seconds: over all calls with this state, so that a call after a cut goes on to the same end.
        start: weights of an earlier student (a transformers folder), or an earlier stage, to begin from instead of
            random ones; their shape is taken, too.
        compiled: compile the blocks.
        save_every: seconds between checkpoints.
    Returns:
        the trained objective; its `teacher` is the encoder to export.
    """
    torch.manual_seed(seed)
    state.mkdir(parents=True, exist_ok=True)
    objective = _begun(plan, start).to(device)
    optimiser = torch.optim.AdamW(_groups(objective, plan.decay), lr=plan.rate, betas=(0.9, 0.98))
    # Batches are drawn by the processor: a draw on the device would make each step wait for it.
    generators = {"views": torch.Generator(device).manual_seed(seed), "batches": torch.Generator().manual_seed(seed)}
    facts: dict[str, float] = {"step": 0, "seconds": 0.0, "pictures": 0}
    kept = state / CHECKPOINT
    if kept.exists():
        facts = checkpoint.load(kept, objective, optimiser, generators)
        print(f"resumed at step {facts['step']:.0f} after {facts['seconds'] / 60:.0f} minutes", flush=True)
    else:
        (state / "plan.json").write_text(json.dumps(asdict(plan), indent=1))
    objective.train()
    objective.teacher.eval()
    if compiled:
        objective.compile_blocks()
    first, before, step = int(facts["step"]), facts["seconds"], int(facts["step"])
    if before >= seconds or (steps is not None and step >= steps):
        return objective
    chances = _chances(pack)
    pictures = pack.on(device, plan.source)
    began = said = saved = probed = time.monotonic()
    sums: dict[str, torch.Tensor] = {}
    count = 0
    while (spent := before + time.monotonic() - began) < seconds and (steps is None or step < steps):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate_at(step, spent / seconds if steps is None else step / steps)
        chosen = torch.from_numpy(_batch(pack, chances, plan, generators["batches"])).to(device)
        loss, parts = objective.loss(pictures[chosen], generators["views"])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(objective.parameters(), 3.0)
        optimiser.step()
        objective.follow(min(plan.momentum, (step + 1) / (step + 10)))
        step += 1
        count += 1
        for key, value in parts.items():
            sums[key] = sums[key] + value if key in sums else value
        now = time.monotonic()
        facts = {"step": step, "seconds": before + now - began, "pictures": facts["pictures"] + plan.batch}
        if now - said > 30:
            left = f"{(seconds - facts['seconds']) / 60:.0f} minutes" if steps is None else f"{steps - step} steps"
            means = " ".join(f"{k} {float(v) / count:.3f}" for k, v in sums.items())
            print(f"step {step} {means} {count * plan.batch / (now - said):.0f} pictures/s {left} left", flush=True)
            said, sums, count = now, {}, 0
        if now - saved > save_every:
            checkpoint.save(kept, objective, optimiser, generators, facts)
            saved = time.monotonic()
        if now - probed > probe_every:
            _report(objective, pack, plan.size, state, facts, most=300)
            probed = time.monotonic()
    checkpoint.save(kept, objective, optimiser, generators, facts)
    speed = (step - first) * plan.batch / max(time.monotonic() - began, 1e-9)
    print(
        f"{step} steps, {facts['pictures']:.0f} pictures in {facts['seconds']:.0f} s, {speed:.0f} a second", flush=True
    )
    return objective


def _begun(plan: Plan, start: Path | Objective | None) -> Objective:
    """The objective with random weights, with those of a folder, or with those of an earlier stage."""
    if isinstance(start, Objective):
        objective = build(plan, start.student.config)
        objective.load_state_dict(objective.inherited(start))
        return objective
    if start is None:
        return build(plan)
    objective = build(plan, Dinov2Config.from_pretrained(start))
    for model in (objective.student, objective.teacher):
        model.load_state_dict(type(model).from_pretrained(start).state_dict())
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
    weights = torch.tensor([w for _, w in chances.values()])
    count = plan.batch // plan.together
    drawn = torch.multinomial(weights, count, replacement=count > len(weights), generator=generator)
    names = list(chances)
    chosen = []
    for which in drawn.tolist():
        members = chances[names[which]][0]
        order = torch.randint(len(members), (plan.together,), generator=generator)
        if len(members) >= plan.together:
            order = torch.randperm(len(members), generator=generator)[: plan.together]
        chosen.append(members[order.numpy()])
    return np.concatenate(chosen)

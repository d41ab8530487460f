"""Train a backbone on unlabelled pictures; call it again with the same --state to go on where it stopped.

`--plan bundled` makes the first two stages of the bundled backbone's training on one GPU, on the pictures of folds 2 to
4 and on those of `fetch --unlabelled`; `--plan continued --start BACKBONE` makes its third. Without a plan the knobs
below say one stage, and each `--stage` changes some of them.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch

from dinoscope import bounds

from . import card, export, pack, probe
from .plan import PLANS, Plan
from .train import train_stages
from .views import Recipe

_KNOBS = {f.name: f for f in fields(Plan) if f.name != "recipe"}
_RECIPE = {f.name: f for f in fields(Recipe)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the pictures are, where the state is kept, how long, and every knob of a `Plan`."""
    parser.add_argument("--images", type=Path, required=True, help="folder of data sets, or any tree of pictures")
    parser.add_argument("--splits", type=Path, help="folder of split files; test pictures are then never seen")
    parser.add_argument(
        "--unlabelled", type=Path, help="folder that `fetch --unlabelled` has filled, to learn from, too"
    )
    parser.add_argument("--state", type=Path, required=True, help="folder for pack, checkpoints and log")
    parser.add_argument("--pack", type=Path, help="folder of the packed pictures, if not --state")
    parser.add_argument("--pack-size", type=bounds.count, default=224, help="side of the packed pictures in pixels")
    parser.add_argument("--part", type=float, default=pack.PART, help="megabytes of a part of the packed pictures")
    parser.add_argument(
        "--minutes", type=float, default=60, help="of training in all, over every call; 0 only exports the checkpoint"
    )
    parser.add_argument("--steps", type=bounds.count, help="stop at this step, for runs that must be repeatable")
    parser.add_argument("--start", type=Path, help="backbone folder to begin from instead of random weights")
    parser.add_argument(
        "--read-size",
        type=bounds.count,
        help="side in pixels at which the export reads pictures, if not that of the last stage",
    )
    parser.add_argument("--export", type=Path, help="write the backbone here at the end")
    parser.add_argument("--probe-minutes", type=float, default=10, help="minutes between probes")
    parser.add_argument("--seed", type=int, default=0, help="random seed")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu or cuda")
    parser.add_argument(
        "--compiled", choices=("auto", "yes", "no"), default="auto", help="compile the blocks; auto does on a GPU"
    )
    parser.add_argument("--plan", choices=tuple(PLANS), help="stages by name instead of the knobs below")
    parser.add_argument(
        "--stage",
        action="append",
        default=[],
        metavar="KNOB=VALUE,...",
        help="one stage more: the knobs below with these changed, such as size=154,rate=7e-4,end=0; may be repeated",
    )
    for knob in _KNOBS.values():
        parser.add_argument(
            f"--{knob.name.replace('_', '-')}", type=type(knob.default), default=knob.default, help="see Plan"
        )
    for knob in _RECIPE.values():
        if isinstance(knob.default, float):
            parser.add_argument(f"--{knob.name}", type=float, default=knob.default, help="see Recipe")
    parser.add_argument("--area", type=float, nargs=2, default=(0.35, 1.0), help="share of the picture a crop covers")


def run(arguments: argparse.Namespace) -> None:
    """Pack, train, probe, export."""
    plans = stages(arguments)
    packed = pack.build(
        arguments.images,
        arguments.splits,
        arguments.pack_size,
        arguments.pack or arguments.state,
        arguments.unlabelled,
        arguments.part,
    )
    print(f"{len(packed.training)} pictures to learn from, {len(packed.validation)} to probe with", flush=True)
    on_gpu = torch.device(arguments.device).type == "cuda"
    objective = train_stages(
        plans,
        packed,
        arguments.state,
        arguments.minutes * 60,
        arguments.seed,
        arguments.device,
        arguments.steps,
        arguments.probe_minutes * 60,
        arguments.start,
        on_gpu if arguments.compiled == "auto" else arguments.compiled == "yes",
    )
    if arguments.export:
        size = arguments.read_size or plans[-1].size
        scores = probe.run(objective.teacher, packed, size)
        print(json.dumps(scores, indent=1))
        export.write(objective.teacher, size, arguments.export)
        card.write(plans, packed, arguments.state, scores, size, arguments.export, arguments.device, arguments.start)
        print(f"backbone written to {arguments.export}")


def stages(arguments: argparse.Namespace) -> tuple[Plan, ...]:
    """The stages that a command line asks for.

    Raises:
        ValueError: for a `--stage` that names no knob, or not with a value of its kind.
    """
    if arguments.plan:
        return PLANS[arguments.plan]
    values = vars(arguments)
    recipe = Recipe(**{name: values[name] for name in _RECIPE} | {"area": tuple(arguments.area)})
    plan = Plan(**{name: values[name] for name in _KNOBS}, recipe=recipe)
    return tuple(_changed(plan, text) for text in arguments.stage) or (plan,)


def _changed(plan: Plan, text: str) -> Plan:
    """The plan with some knobs set as `size=154,rate=7e-4` says."""
    changes: dict[str, Any] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        name = name.strip().replace("-", "_")
        try:
            kind: Any = type(_KNOBS[name].default)
            changes[name] = kind(value)
        except (KeyError, ValueError) as fault:
            raise ValueError(
                f"--stage {part!r} sets nothing; give KNOB=VALUE with one of {', '.join(_KNOBS)}"
            ) from fault
    return replace(plan, **changes)

"""Train a backbone on unlabelled pictures; call it again with the same --state to go on where it stopped."""

from __future__ import annotations

import argparse
import json
from dataclasses import fields
from pathlib import Path

import torch

from . import card, export, pack, probe
from .train import Plan, train
from .views import Recipe

_KNOBS = [f for f in fields(Plan) if f.name != "recipe"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the pictures are, where the state is kept, how long, and every knob of a `Plan`."""
    parser.add_argument("--images", type=Path, required=True, help="folder of data sets, or any tree of pictures")
    parser.add_argument("--splits", type=Path, help="folder of split files; test pictures are then never seen")
    parser.add_argument("--state", type=Path, required=True, help="folder for pack, checkpoint and log")
    parser.add_argument("--pack", type=Path, help="folder of the packed pictures, if not --state")
    parser.add_argument("--pack-size", type=int, default=192, help="side of the packed pictures in pixels")
    parser.add_argument("--minutes", type=float, default=60, help="stop after so long; 0 only exports the checkpoint")
    parser.add_argument("--steps", type=int, help="stop at this step, for runs that must be repeatable")
    parser.add_argument("--start", type=Path, help="backbone folder to begin from instead of random weights")
    parser.add_argument(
        "--read-size", type=int, help="side in pixels at which the export reads pictures, if not --size"
    )
    parser.add_argument("--export", type=Path, help="write the backbone here at the end")
    parser.add_argument("--probe-minutes", type=float, default=10, help="minutes between probes")
    parser.add_argument("--seed", type=int, default=0, help="random seed")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu or cuda")
    for knob in _KNOBS:
        parser.add_argument(
            f"--{knob.name.replace('_', '-')}", type=type(knob.default), default=knob.default, help="see Plan"
        )
    for knob in fields(Recipe):
        if isinstance(knob.default, float):
            parser.add_argument(f"--{knob.name}", type=float, default=knob.default, help="see Recipe")
    parser.add_argument("--area", type=float, nargs=2, default=(0.35, 1.0), help="share of the picture a crop covers")


def run(arguments: argparse.Namespace) -> None:
    """Pack, train, probe, export."""
    values = vars(arguments)
    recipe = Recipe(**{f.name: values[f.name] for f in fields(Recipe)} | {"area": tuple(arguments.area)})
    plan = Plan(**{f.name: values[f.name] for f in _KNOBS}, recipe=recipe)
    packed = pack.build(arguments.images, arguments.splits, arguments.pack_size, arguments.pack or arguments.state)
    print(f"{len(packed.training)} pictures to learn from, {len(packed.validation)} to probe with", flush=True)
    objective = train(
        plan,
        packed,
        arguments.state,
        arguments.minutes * 60,
        arguments.seed,
        arguments.device,
        arguments.steps,
        arguments.probe_minutes * 60,
        arguments.start,
    )
    if arguments.export:
        size = arguments.read_size or plan.size
        scores = probe.run(objective.teacher, packed, size)
        print(json.dumps(scores, indent=1))
        export.write(objective.teacher, size, arguments.export)
        card.write(plan, packed, arguments.state, scores, size, arguments.export)
        print(f"backbone written to {arguments.export}")

"""Fit a task's head and case vectors from labelled pictures: one sub-folder a class, or a labels.csv.

With `--all`, everything that depends on the backbone is renewed: projection, heads, vectors, patch vectors and colours.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from safetensors import SafetensorError

from .. import atomic, fusion, loading, manifest, settings, tasks
from ..reading.efficientnet import EfficientNet
from ..reading.encoder import Encoder
from ..reading.fused import Fused
from ..reading.projection import Projection
from . import axes, catalogue, crossed, fit, parcel, regions
from .features import read_phantoms, read_public
from .fit_fused import fit_fused

PROJECTION = "projection.safetensors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which task, from which pictures."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--task", help="name of the task, new or bundled")
    which.add_argument(
        "--all",
        action="store_true",
        help="the projection and every bundled task, from --images/<task>",
    )
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--images", type=Path, help="folder with one sub-folder a class, or labels.csv")
    given.add_argument(
        "--from",
        dest="parcel",
        type=Path,
        help="with --task: the file that the Batch tab offers after a fit in the browser",
    )
    parser.add_argument(
        "--splits", type=Path, help="CSV with columns id, file, label, group, fold; or a folder of them"
    )
    parser.add_argument(
        "--fusion",
        choices=settings.FUSIONS,
        help="with --all: what DINOSCOPE_FUSION ships for the backbone read together with this network",
    )
    parser.add_argument("--backbone", default=None, help="instead of DINOSCOPE_BACKBONE")


def run(arguments: argparse.Namespace) -> None:
    """Fit, then bring tasks and manifest up to date together.

    Raises:
        ValueError, OperatorError: with one sentence, for a name, pictures or a disk that will not do; nothing has
            changed then.
    """
    try:
        _fit(arguments)
    except FileNotFoundError:
        raise
    except OSError as fault:
        place = fault.filename or settings.load().assets
        raise ValueError(f"{place} cannot be read or written ({fault.strerror}); the tasks are as before") from fault
    except SafetensorError as fault:  # what it makes of a full disk
        raise ValueError(f"the task cannot be written ({fault}); the tasks are as before") from fault


def _fit(arguments: argparse.Namespace) -> None:
    names = list(catalogue.TASKS) if arguments.all else [tasks.check_name(arguments.task)]
    chosen = settings.load()
    folder = chosen.assets / "tasks"
    atomic.finish(chosen.assets)
    encoder = Encoder.load(arguments.backbone or chosen.backbone, chosen.assets / "backbone", chosen.device)
    if arguments.parcel:
        _take_in(arguments, encoder, chosen)
        return
    if arguments.fusion:
        if not arguments.all:
            raise ValueError("--fusion is fitted for all tasks together; give --all instead of --task")
        reader = Fused(encoder, EfficientNet(arguments.fusion, chosen.device))
        fit_fused(reader, names, arguments.images, arguments.splits, chosen.assets, chosen.cache)
        print(f"{len(names)} task(s) written below {fusion.place(chosen.assets, arguments.fusion)}", flush=True)
        return
    projection = None if arguments.all else _projection(encoder, chosen)
    if projection is not None and names[0] in catalogue.TASKS and _anothers(encoder, chosen):
        raise ValueError(
            f"{names[0]} ships with a head for another network, which would be lost; its head for {encoder.name} is "
            f"fitted at the start of the app where DINOSCOPE_IMAGES names a folder that holds {names[0]}"
        )
    pools = {}
    for name in names:
        pictures = arguments.images / name if arguments.all else arguments.images
        pools[name] = (
            read_public(encoder, pictures, arguments.splits, name=name, cache=chosen.cache, origin="own"),
            read_phantoms(encoder, folder / name),
        )
    renewed = projection is None
    if projection is None:
        projection = fit.project((public + phantoms for public, phantoms in pools.values()), encoder.fingerprint)
    with atomic.change(chosen.assets) as staged:
        for name, (public, phantoms) in pools.items():
            pictures = arguments.images / name if arguments.all else arguments.images
            source = None if name in catalogue.TASKS else (pictures, arguments.splits)
            fit.fit_task(name, public, phantoms, projection, staged / "tasks" / name, source=source)
            regions.write(encoder, staged / "tasks" / name, public, phantoms)
            axes.write(encoder, staged / "tasks" / name, pictures, arguments.splits, bundled=folder / name)
        if renewed:
            projection.save(staged / "tasks" / PROJECTION)
        manifest.stage(chosen.assets, staged)
    print(f"{len(names)} task(s) written below {folder}", flush=True)
    if arguments.all:
        print(
            "what was measured is of the earlier backbone now: `dinoscope benchmark all` measures it again", flush=True
        )


def _anothers(encoder: Encoder, chosen: settings.Settings) -> bool:
    """Whether the assets are made for another network than this one."""
    path = chosen.assets / "tasks" / PROJECTION
    return path.is_file() and Projection.load(path, encoder.fingerprint) is None


def _projection(encoder: Encoder, chosen: settings.Settings) -> Projection | None:
    """The one by which the app compares cases of this network; None where it has no task yet, and so none.

    Where the assets are made for another network, the app has its own in the cache.
    """
    if _anothers(encoder, chosen):
        return loading.load_projection(encoder, chosen, fit, print)
    return Projection.load(chosen.assets / "tasks" / PROJECTION, encoder.fingerprint)


def _take_in(arguments: argparse.Namespace, encoder: Encoder, chosen: settings.Settings) -> None:
    """Fit the head of a parcel again, as the browser did, and keep it as a task."""
    if arguments.all or arguments.fusion or arguments.task in catalogue.TASKS:
        raise ValueError("--from brings a task of your own; give it a name of its own with --task")
    folder = chosen.assets / "tasks"
    reader = fusion.together(encoder, chosen.fusion, chosen.device)
    title, pool = parcel.unpack(arguments.parcel, reader.fingerprint)
    if reader is not encoder:
        raise ValueError("a parcel of two networks is not kept; unset DINOSCOPE_FUSION, and fit on the pictures")
    projection = _projection(encoder, chosen)
    if projection is None:
        raise ValueError(f"{folder} has no projection for this backbone; fit a task with --images first")
    found = crossed.fit(arguments.task, title, pool, projection, folder / arguments.task).task
    with atomic.change(chosen.assets) as staged:
        place = staged / "tasks" / arguments.task
        tasks.save(place, found.facts, found.head, list(found.cases), found.vectors, found.reference)
        manifest.stage(chosen.assets, staged)
    measured = found.facts["metrics"]["balanced_accuracy"]
    print(
        f"{arguments.task}: balanced accuracy {measured['value']:.3f} (95 % interval {measured['low']:.3f} to "
        f"{measured['high']:.3f}) by cross-validation\n1 task written below {folder}",
        flush=True,
    )

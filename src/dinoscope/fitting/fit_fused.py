"""Fit what is shipped for the backbone read together with another network: projection, heads, vectors and scope."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from .. import atomic, fusion, manifest, tasks
from ..reading.frozen import Frozen
from ..reading.fused import Fused
from ..tasks import AssetError
from . import fit
from .datasets import TEST_FOLD
from .features import Labelled, Say, read_phantoms, read_public

DIMENSIONS = 256
"""Components of the joined features that search and scope compare; on fold 1 more of them vote no better."""


def fit_fused(
    reader: Fused, names: Sequence[str], images: Path, splits: Path | None, assets: Path, cache: Path, say: Say = print
) -> None:
    """Fit the bundled tasks for both networks, from the very pictures that they were fitted from for the backbone.

    Args:
        names: of the tasks; images: folder of data sets, each named like its task.
        cache: where the features of each network by itself are kept between runs.
    Raises:
        AssetError: when the pictures are not those of the bundled cases; nothing has changed then.
    """
    bundled, out = assets / "tasks", fusion.place(Path(), reader.rival.key)
    pools = {}
    for name in names:
        read = partial(read_public, folder=images / name, splits=splits, say=say, name=name, cache=cache)
        pools[name] = both(reader, read), both(reader, partial(read_phantoms, folder=bundled / name))
        alone = tasks.load(bundled / name, reader.backbone.fingerprint)
        shipped = [c.id for pool in pools[name] for c in pool.cases if c.fold != TEST_FOLD]
        if shipped != [c.id for c in alone.cases]:
            raise AssetError(
                f"{name}: its pictures are not those it was fitted on for the backbone alone; run `dinoscope fit` "
                "on them first, without --fusion"
            )
    projection = fit.project((public + drawn for public, drawn in pools.values()), reader.fingerprint, DIMENSIONS)
    with atomic.change(assets) as staged:
        for name, (public, drawn) in pools.items():
            with tempfile.TemporaryDirectory() as beside:
                fit.fit_task(name, public, drawn, projection, Path(beside) / name, say)
                joined = tasks.load(Path(beside) / name, reader.fingerprint, bundled / name)
            fusion.save(staged / out, joined)
        projection.save(staged / out / "projection.safetensors")
        manifest.stage(assets, staged)


def both(reader: Fused, read: Callable[[Frozen], Labelled]) -> Labelled:
    """The same cases read by each network, their features side by side."""
    ours, theirs = read(reader.backbone), read(reader.rival)
    return replace(ours, pooled=np.concatenate([ours.pooled, theirs.pooled], axis=1))

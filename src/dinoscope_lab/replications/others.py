"""Others: encoders that the backbone is held against, all of its own shape - one supervised, one trained further."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from functools import partial

import numpy as np

from dinoscope import settings
from dinoscope.reading.encoder import Encoder, EncoderError

from ..benchmark import baselines, source, supervised
from ..benchmark.study import Study
from ..pretrain import export, pack
from ..pretrain.plan import Plan
from ..pretrain.train import train

SUPERVISED, DISTILLED = "supervised", "trained further by DINOv2's objective"
LABELLED = (
    "blood_cells_pbc",
    "brain_mri",
    "busi",
    "chest_ct",
    "ham10000",
    "leukemia_all",
    "lgg_mri",
    "lung_ct_iqothnccd",
    "lung_histology",
)
"""Sets whose classes the supervised encoder is trained to tell: neither radiographs nor retinas."""
STEPS, PACKED = 200, 128
"""Of the training by DINOv2's objective: its steps, and the side in pixels at which its pictures are kept."""


def supervised_encoder(study: Study) -> Encoder:
    """The backbone's architecture, trained on the classes of `LABELLED` together; kept once it is trained."""
    made = (
        f"{study.shape}-{study.encoder.size}-{study.seed}-{study.split}-{source.fingerprint(supervised.__name__)[:8]}"
    )
    place = study.kept.parent / "supervised" / made
    if not (place / "preprocessor_config.json").is_file():  # the last file that is written
        pools = [study.pool(name) for name in (LABELLED[:2] if study.quick else LABELLED)]
        offsets = np.cumsum([0, *(len(p.classes) for p in pools)])
        truth = np.concatenate([p.truth + o for p, o in zip(pools, offsets, strict=False)])
        fold = np.concatenate([p.fold for p in pools])
        files = [f for p in pools for f in p.files]
        known, held = np.flatnonzero(fold > 1), np.flatnonzero(fold == 1)
        model = supervised.train(
            partial(supervised.Classifier, export.shape(study.encoder)),
            baselines.squashed([files[i] for i in known], 144),
            truth[known],
            (baselines.squashed([files[i] for i in held], 144), truth[held]),
            steps=4 if study.quick else 3000,
            every=2 if study.quick else 150,
            seed=study.seed,
        )
        export.write(model.body, study.encoder.size, place)
    return Encoder(place, SUPERVISED)


def distilled_encoder(study: Study) -> Encoder:
    """The backbone trained further by the other objective, DINOv2's, on the same pictures; kept once trained."""
    made = f"{study.encoder.fingerprint[:16]}-{study.seed}-{study.split}-{source.fingerprint(train.__module__)[:8]}"
    place = study.kept.parent / "distilled" / made
    if not (place / "preprocessor_config.json").is_file():  # the last file that is written
        config = study.encoder.model.config
        plan = Plan(
            "dino",
            config.hidden_size,
            config.num_hidden_layers,
            config.image_size,
            batch=16 if study.quick else 64,
            warmup=50,
        )
        images = study.pool(LABELLED[0]).files[0].parent if study.quick else study.images  # one class of one set
        splits = None if study.quick else study.images / "splits"
        packed = pack.build(images, splits, PACKED, place / "pictures")
        export.write(export.trainable(study.encoder), study.encoder.size, place / "start")
        steps = 2 if study.quick else STEPS
        learned = train(plan, packed, place / "state", math.inf, study.seed, steps=steps, start=place / "start")
        export.write(learned.teacher, study.encoder.size, place)
        shutil.rmtree(place / "state")
        shutil.rmtree(place / "pictures")
    return Encoder(place, DISTILLED)


def brought(names: Sequence[str]) -> tuple[list[Encoder], list[dict]]:
    """The encoders of the command line that can be loaded, and a row for each that says why it could not."""
    chosen = settings.load()
    found, tried = [], []
    for name in dict.fromkeys(names):
        try:
            found.append(Encoder.load(name, chosen.assets / "backbone", chosen.device))
            tried.append({"encoder": name, "ran": "yes", "why": ""})
        except EncoderError as fault:
            tried.append({"encoder": name, "ran": "no", "why": str(fault)})
    return found, tried

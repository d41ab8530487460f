"""Fusion: do several encoders joined by self-attention beat the best single one, the more so with few labels?

Source: Truong et al., "How transferable are self-supervised features in medical image classification tasks?" (DVME),
ML4H 2021, PMLR 158.
"""

from __future__ import annotations

import argparse
import math
import shutil
from functools import partial

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.metrics import cohen_kappa_score

from .... import settings
from ....encoder import Encoder, EncoderError
from ... import fusion
from ...comparison import area
from ...pretrain import export, pack
from ...pretrain.train import Plan, train
from ...statistics import grouped_bootstrap
from ..few_labels import logistic, standardise
from ..probes import log_probabilities
from ..study import Pool, Study
from .start import SUPERVISED, supervised_encoder

SETS = ("eye_diseases", "pneumonia_cxr", "ham10000", "brain_mri", "leukemia_all")
SHARES = (0.01, 0.1, 1.0)
"""Of the labels of folds 2 to 4; at least two pictures a class, so that one can fit and one choose."""
DISTILLED = "trained further by DINOv2's objective"
STEPS, PACKED = 600, 128
"""Steps of that training, and the side in pixels at which its pictures are kept."""
BEST, JOINED, AVERAGED, ATTENDED = "best single encoder", "concatenation", "average of probabilities", "self-attention"


def run(arguments: argparse.Namespace) -> None:
    """Measure and write fusion.json."""
    study = Study.of(arguments)
    encoders, tried = several(study, arguments.encoder)
    depends_on = "".join(e.fingerprint[:8] for e in encoders.values())
    rows = []
    for name in SETS[:1] if study.quick else SETS:
        pool = study.pool(name)
        embeddings = {n: standardise(study.pooled(pool, e), pool.known) for n, e in encoders.items()}
        for share in SHARES:
            key = f"{name}-{share:g}-{depends_on}"
            rows += study.part(key, partial(compared, study, pool, embeddings, share))
    wins = sum(_won(rows, name, share) for name in dict.fromkeys(r["set"] for r in rows) for share in SHARES)
    of = len({(r["set"], r["labels, %"]) for r in rows})
    headline = {
        "label": f"Comparisons of {of} in which self-attention over {len(encoders)} encoders has the highest kappa",
        "value": wins,
        "low": None,
        "high": None,
        "unit": "",
    }
    notes = [
        f"Encoders: {', '.join(encoders)}. Cohen's kappa (unweighted) and ROC-AUC of each class against the rest, on "
        "fold 0; intervals from 1,000 draws of whole groups.",
        "Labels: a share of each class of folds 2 to 4, at least two pictures. A fourth of them chooses C, the "
        "learning rate, when to stop, and which single encoder is best; no other label is used but to measure.",
        "Features are standardised by all training pictures, without their labels.",
    ]
    study.write(headline, [*rows, *tried], notes)


def several(study: Study, names: list[str]) -> tuple[dict[str, Encoder], list[dict]]:
    """The backbone, one trained with the other objective, a supervised one, and those of the command line that load."""
    chosen = settings.load()
    found = {
        study.encoder.name: study.encoder,
        DISTILLED: distilled_encoder(study),
        SUPERVISED: supervised_encoder(study),
    }
    tried = []
    for name in names:
        try:
            found[name] = Encoder.load(name, chosen.assets / "backbone", chosen.device)
            tried.append({"encoder": name, "ran": "yes", "why": ""})
        except EncoderError as fault:
            tried.append({"encoder": name, "ran": "no", "why": str(fault)})
    return found, tried


def distilled_encoder(study: Study) -> Encoder:
    """The backbone trained further by the other objective, DINOv2's, on the same pictures; kept once trained."""
    place = study.kept / f"distilled-{study.encoder.fingerprint[:16]}-{study.seed}"
    if not (place / "preprocessor_config.json").is_file():  # the last file that is written
        config = study.encoder.model.config
        plan = Plan(
            "dino",
            config.hidden_size,
            config.num_hidden_layers,
            config.image_size,
            batch=16 if study.quick else 64,
            warmup=100,
        )
        images, splits = (study.images / SETS[0], None) if study.quick else (study.images, study.images / "splits")
        packed = pack.build(images, splits, PACKED, study.kept)
        export.write(study.encoder.model, study.encoder.size, place / "start")
        steps = 2 if study.quick else STEPS
        learned = train(plan, packed, place / "state", math.inf, study.seed, steps=steps, start=place / "start")
        export.write(learned.teacher, study.encoder.size, place)
        shutil.rmtree(place / "state")
    return Encoder(place, DISTILLED)


def compared(study: Study, pool: Pool, embeddings: dict[str, np.ndarray], share: float) -> list[dict]:
    """A row for each single encoder and each way of joining them, with this share of the labels."""
    fold = drawn(pool, share, study.seed)
    single = {n: log_probabilities(e, pool.truth, fold) for n, e in embeddings.items()}
    held, test = fold == 1, pool.test
    fit = fold > 1
    # The best is chosen where it may be: on the labels that choose, never on the test pictures.
    worth = {n: _kappa(pool.truth[held], logistic(e[fit], pool.truth[fit], e[held])) for n, e in embeddings.items()}
    best = max(worth, key=worth.__getitem__)
    model = fusion.fit(
        [e[fit].astype(np.float32) for e in embeddings.values()],
        pool.truth[fit],
        ([e[held].astype(np.float32) for e in embeddings.values()], pool.truth[held]),
        seed=study.seed,
        epochs=2 if study.quick else 60,
    )
    found = {f"{n}, alone": s for n, s in single.items()}
    found[BEST] = single[best]
    found[JOINED] = log_probabilities(np.concatenate(list(embeddings.values()), axis=1), pool.truth, fold)
    found[AVERAGED] = np.log(np.mean([np.exp(s) for s in single.values()], axis=0) + 1e-12)
    logits = fusion.logits(model, [e[test].astype(np.float32) for e in embeddings.values()])
    found[ATTENDED] = log_softmax(logits.astype(np.float64), axis=1)
    print(f"{pool.name}: {100 * share:g} % of the labels, best {best}", flush=True)
    return [_row(pool, method, share, int((fold >= 1).sum()), scores) for method, scores in found.items()]


def drawn(pool: Pool, share: float, seed: int) -> np.ndarray:
    """Folds in which the drawn labels fit (2) and choose (1), the test pictures stay (0) and the rest has none (-1)."""
    rng = np.random.default_rng([seed, round(1000 * share)])
    fold = np.where(pool.test, 0, -1)
    for label in range(len(pool.classes)):
        members = rng.permutation(np.flatnonzero(pool.known & (pool.truth == label)))
        members = members[: max(2, round(share * len(members)))]
        choosing = max(1, len(members) // 4)
        fold[members[:choosing]], fold[members[choosing:]] = 1, 2
    return fold


def _row(pool: Pool, method: str, share: float, labels: int, scores: np.ndarray) -> dict:
    truth, guess = pool.truth[pool.test], scores.argmax(1)
    found = grouped_bootstrap(lambda i: _kappa(truth[i], guess[i]), pool.groups[pool.test])
    probabilities = softmax(scores, axis=1)
    return {
        "set": pool.name,
        "labels, %": 100 * share,
        "labels": labels,
        "method": method,
        "kappa": round(found.value, 3),
        "low": round(found.low, 3),
        "high": round(found.high, 3),
        "ROC-AUC": round(float(np.mean([area(truth == k, probabilities[:, k]) for k in np.unique(truth)])), 3),
    }


def _won(rows: list[dict], name: str, share: float) -> bool:
    """Whether self-attention is strictly ahead of every other method."""
    mine = {r["method"]: r["kappa"] for r in rows if r["set"] == name and r["labels, %"] == 100 * share}
    return mine[ATTENDED] > max(k for m, k in mine.items() if m != ATTENDED)


def _kappa(truth: np.ndarray, guess: np.ndarray) -> float:
    """Cohen's kappa; 0 where everything is one class."""
    value = cohen_kappa_score(truth, guess)
    return float(value) if np.isfinite(value) else 0.0

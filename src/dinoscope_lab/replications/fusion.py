"""Fusion: do several encoders joined by self-attention beat the best single one, the more so with few labels?

Source: Truong et al., "How transferable are self-supervised features in medical image classification tasks?" (DVME),
ML4H 2021, PMLR 158.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from functools import partial

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.metrics import cohen_kappa_score

from dinoscope import fusion as joined_assets
from dinoscope import tasks
from dinoscope.fitting.statistics import grouped_bootstrap
from dinoscope.reading import images
from dinoscope.reading.efficientnet import EfficientNet
from dinoscope.reading.frozen import Frozen
from dinoscope.reading.fused import Fused
from dinoscope.reading.heads import HeadError

from .. import evidence, fusion, rivals
from ..benchmark.few_labels import logistic, standardise
from ..benchmark.probes import log_probabilities, random_encoder
from ..benchmark.study import Pool, Study
from ..comparison import area
from .others import brought, had

SETS = ("eye_diseases", "odir", "pneumonia_cxr", "covid_cxr", "ph2")
"""Sets of whose labels no encoder has seen any; of odir the first finding counts."""
SHARES = (0.01, 0.1, 1.0)
"""Of the labels of folds 2 to 4; at least two pictures a class, so that one can fit and one choose."""
DRAWS = 5
"""Of those labels, where they are not all of them."""
GAIN = "kappa of self-attention above the best single encoder's"
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
            key = f"{name}-{share:g}-paired-{depends_on}"
            rows += study.part(key, partial(compared, study, pool, embeddings, share))
    gains, rows = [r for r in rows if GAIN in r], [r for r in rows if GAIN not in r]
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
        f"Encoders: {', '.join(encoders)}; EfficientNet-Lite was trained by others on ImageNet's labels. Cohen's kappa "
        "(unweighted) and ROC-AUC of each class against the rest, on fold 0; intervals from 1,000 draws of whole "
        "groups of the test pictures.",
        f"Labels: a share of each class of folds 2 to 4, at least two pictures; below 100 % the mean of {DRAWS} draws. "
        "A fourth of them chooses C, the learning rate, when to stop, and which single encoder is best; no other label "
        "is used but to measure, and none of these sets' labels trained an encoder.",
        "Features are standardised by all training pictures, without their labels.",
    ]
    summary = evidence.wide(rows, "method", lambda r: f"kappa, {r['labels, %']:g} % of the labels", "kappa")
    network = next((e for e in encoders.values() if isinstance(e, EfficientNet)), None)
    option = [*shipped(study, network), *cost(study, network)] if network else []
    study.write(headline, [*summary, *means(rows), *rows, *gains, *option, *tried], notes)


def shipped(study: Study, network: EfficientNet) -> list[dict]:
    """The shipped heads on fold 0: the backbone's alone, and those of the option that reads a network beside it.

    Empty where nothing is shipped for this backbone.
    """
    fingerprint = Fused(study.encoder, network).fingerprint
    rows = []
    for folder in tasks.found(study.assets / "tasks")[0]:
        with contextlib.suppress(HeadError):
            alone = tasks.load(folder, study.encoder.fingerprint)
            if both := joined_assets.load(joined_assets.place(study.assets, network.key), alone, fingerprint):
                values = [t.facts["metrics"].get("balanced_accuracy", {}).get("value") for t in (alone, both)]
                if None not in values:
                    right = {
                        n: round(100 * v, 1) for n, v in zip(("alone", f"with {network.name}"), values, strict=True)
                    }
                    rows.append({"shipped head of": folder.name} | right)
    return rows


def cost(study: Study, network: EfficientNet) -> list[dict]:
    """What reading a picture takes, by the backbone alone and with a network beside it (`DINOSCOPE_FUSION`)."""
    pictures = [images.read(f).picture for f in study.pool(SETS[0]).files[: 3 if study.quick else 20]]
    weights = [sum(w.nbytes for w in m.state_dict().values()) for m in (study.encoder.model, network.model)]
    rows = []
    for reader, held in ((study.encoder, weights[:1]), (Fused(study.encoder, network), weights)):
        reader(pictures[:1])
        times = []
        for picture in pictures:
            began = time.perf_counter()
            reader([picture])
            times.append(time.perf_counter() - began)
        rows.append(
            {
                "read by": reader.name,
                "seconds a picture, median": round(float(np.median(times)), 3),
                "weights in memory, MB": round(sum(held) / 1e6),
            }
        )
    return rows


def means(rows: list[dict]) -> list[dict]:
    """The mean over the sets for each method and share of the labels."""
    found = []
    for method, share in dict.fromkeys((r["method"], r["labels, %"]) for r in rows):
        mine = [r["kappa"] for r in rows if (r["method"], r["labels, %"]) == (method, share)]
        found.append({"set": "mean", "method": method, "labels, %": share, "kappa": round(float(np.mean(mine)), 3)})
    return found


def several(study: Study, names: list[str]) -> tuple[dict[str, Frozen], list[dict]]:
    """Encoders that differ: the backbone, the one before it, an ImageNet network, random weights; and those that are
    named on the command line. A row says which could not be had, and why."""
    others, tried = brought(names)
    device = study.encoder.device.type
    networks = rivals.installed(["efficientnet-lite0"], device)
    earlier, missing = had(partial(rivals.earlier_backbone, study.cache, device), rivals.EARLIER)
    random = random_encoder(study.encoder, study.kept, study.seed)
    found: list[Frozen] = [study.encoder, *earlier, *networks.encoders, random, *others]
    return {e.name: e for e in found}, [*missing, *networks.tried, *tried]


def compared(study: Study, pool: Pool, embeddings: dict[str, np.ndarray], share: float) -> list[dict]:
    """A row for each single encoder and each way of joining them, with this share of the labels."""
    draws = 1 if share == 1 else 2 if study.quick else DRAWS
    found = [joined(study, pool, embeddings, drawn(pool, share, study.seed, i), study.seed + i) for i in range(draws)]
    labels = int((drawn(pool, share, study.seed) >= 1).sum())
    print(f"{pool.name}: {100 * share:g} % of the labels", flush=True)
    rows = [_row(pool, method, share, labels, [scores[method] for scores in found]) for method in found[0]]
    return [*rows, _gain(pool, share, found)]


def joined(
    study: Study, pool: Pool, embeddings: dict[str, np.ndarray], fold: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """Log-probabilities [M, C] of the test pictures by every method.

    Args:
        fold: [N] as `drawn` gives it.
    """
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
        seed=seed,
        epochs=2 if study.quick else 60,
    )
    found = {f"{n}, alone": s for n, s in single.items()}
    found[BEST] = single[best]
    found[JOINED] = log_probabilities(np.concatenate(list(embeddings.values()), axis=1), pool.truth, fold)
    found[AVERAGED] = np.log(np.mean([np.exp(s) for s in single.values()], axis=0) + 1e-12)
    logits = fusion.logits(model, [e[test].astype(np.float32) for e in embeddings.values()])
    found[ATTENDED] = log_softmax(logits.astype(np.float64), axis=1)
    return found


def drawn(pool: Pool, share: float, seed: int, draw: int = 0) -> np.ndarray:
    """Folds in which the drawn labels fit (2) and choose (1), the test pictures stay (0) and the rest has none (-1)."""
    rng = np.random.default_rng([seed, round(1000 * share), draw])
    fold = np.where(pool.test, 0, -1)
    for label in range(len(pool.classes)):
        members = rng.permutation(np.flatnonzero(pool.known & (pool.truth == label)))
        members = members[: max(2, round(share * len(members)))]
        choosing = max(1, len(members) // 4)
        fold[members[:choosing]], fold[members[choosing:]] = 1, 2
    return fold


def _row(pool: Pool, method: str, share: float, labels: int, scores: list[np.ndarray]) -> dict:
    truth, guesses = pool.truth[pool.test], [s.argmax(1) for s in scores]
    found = grouped_bootstrap(
        lambda i: float(np.mean([_kappa(truth[i], guess[i]) for guess in guesses])), pool.groups[pool.test]
    )
    areas = [area(truth == k, softmax(s, axis=1)[:, k]) for s in scores for k in np.unique(truth)]
    return {
        "set": pool.name,
        "labels, %": 100 * share,
        "labels": labels,
        "method": method,
        "kappa": round(found.value, 3),
        "low": round(found.low, 3),
        "high": round(found.high, 3),
        "ROC-AUC": round(float(np.mean(areas)), 3),
    }


def _gain(pool: Pool, share: float, found: list[dict[str, np.ndarray]]) -> dict:
    """By how much self-attention is ahead of the best single encoder, on the same drawn pictures and labels."""
    truth = pool.truth[pool.test]
    pairs = [(scores[ATTENDED].argmax(1), scores[BEST].argmax(1)) for scores in found]

    def ahead(i: np.ndarray) -> float:
        return float(np.mean([_kappa(truth[i], joined[i]) - _kappa(truth[i], alone[i]) for joined, alone in pairs]))

    gain = grouped_bootstrap(ahead, pool.groups[pool.test])
    figures = {GAIN: round(gain.value, 3), "from": round(gain.low, 3), "to": round(gain.high, 3)}
    return {"set": pool.name, "labels, %": 100 * share} | figures


def _won(rows: list[dict], name: str, share: float) -> bool:
    """Whether self-attention is strictly ahead of every other method."""
    mine = {r["method"]: r["kappa"] for r in rows if r["set"] == name and r["labels, %"] == 100 * share}
    return mine[ATTENDED] > max(k for m, k in mine.items() if m != ATTENDED)


def _kappa(truth: np.ndarray, guess: np.ndarray) -> float:
    """Cohen's kappa; 0 where everything is one class."""
    value = cohen_kappa_score(truth, guess)
    return float(value) if np.isfinite(value) else 0.0

"""See: is a place pointed out in one picture found in another - by the network's features, or by something simpler?

The point is the middle of an outlined lesion; found is it when the most alike patch of another patient's picture of the
same class lies in that one's lesion.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.metrics import roc_auc_score

from dinoscope.evidence import BARS, MEAN, TABLE, Column, Table
from dinoscope.fitting.datasets import TEST_FOLD, VALIDATION_FOLD
from dinoscope.fitting.statistics import grouped_bootstrap
from dinoscope.reading import images
from dinoscope.reading.encoder import Encoder
from dinoscope.reading.scope import unit
from dinoscope.see import sight
from dinoscope.see.axes import Axes

from .. import rivals
from ..evidence import count, number, percent, tried
from . import see_served
from .baselines import RANDOM
from .paired import AHEAD, POINTS, multiplicity, values
from .pool import Pool
from .probes import random_encoder
from .study import Report, Study, headline

SETS = ("lgg_mri", "busi", "ham10000", "ph2", "wbc_masks", "polyp_kvasirseg")
QUICK_SETS = SETS[1:2]
"""One whose first pictures are of several patients, so that there are pairs."""
MOST = 40
"""Pairs a set."""
FITTED = 60
"""Training pictures on which the axes of a set are fitted, as for the tasks that ship."""
FINE = 8
"""An outline is read at so many pixels a patch."""
BATCH = 4
OURS, COLOUR, POSITION = "backbone", "colour of the patch", "same position"
CANDIDATES = [(side, before) for side in (196, 392) for before in (0, 1)]
"""Reading sizes, and how many blocks follow the one that is read; chosen among on fold 1."""

Described = list[np.ndarray]
"""Of each picture, [h, w, d] what is known of its places; the nearer, the more alike."""
Describe = Callable[[list[Path], list[Path]], Described]
"""(training pictures, pictures) -> the places of the pictures; nothing is fitted on labels or outlines."""


def measure(study: Study) -> Report:
    """The report of see.json."""
    choice = [
        {"side": side, "after": before} | means
        for side, before in (CANDIDATES[:1] if study.quick else CANDIDATES)
        if (means := _chosen(study, side, before))
    ]
    methods: dict[str, tuple[Describe, str]] = {
        OURS: (partial(by_encoder, study.encoder), ""),
        COLOUR: (by_colour, "colour"),
        POSITION: (by_position, "position"),
        RANDOM: (partial(by_encoder, random_encoder(study.encoder, study.kept, study.seed)), ""),
    }
    others = rivals.beside(study.cache, study.encoder.device.type, ("efficientnet-lite0",))
    for rival in others.encoders:
        describe = partial(by_encoder, rival) if isinstance(rival, Encoder) else partial(by_maps, rival)
        methods[rival.name] = (describe, rival.fingerprint)
    rows = [
        row
        for name in (QUICK_SETS if study.quick else SETS)
        for method, (describe, depends_on) in methods.items()
        for row in study.part(
            f"{name}-{method}", partial(_measured, study, name, TEST_FOLD, method, describe), depends_on
        )
    ]
    summary, differences = _summary(rows), _paired(rows)
    mean = next(r for r in summary if r["set"] == MEAN and r["method"] == OURS)
    label = f"Pairs of pictures in which the lesion pointed at is found in the other, {len(SETS)} sets"
    figure = headline(label, mean["found"], "%", mean["found_low"], mean["found_high"])
    bundled = study.encoder.name == "bundled"
    running = see_served.of_study(study) if bundled else []
    if bundled and not study.quick:
        from .. import see_figure  # which draws with what is here

        see_figure.write(study.workbench)
    made = [*tables(summary, differences, choice, running), tried(others.tried)]
    return Report(figure, made, _notes(summary, len(differences)))


def tables(summary: list[dict], differences: list[dict], choice: list[dict], running: list[dict]) -> list[Table]:
    """How often the place is found, by how much more often than by others, how the reading was chosen, the app."""
    found = (Column("set"), count("pairs"), Column("method"), percent("found"), number("area", "AUC"))
    gains = (Column("set"), Column("method"), POINTS)
    chosen = (
        count("side", "reading size, px"),
        count("after", "blocks after"),
        percent("found", "found, fold 1", interval=False),
        number("area", "AUC, fold 1"),
    )
    drawn: dict[str, Any] = {"of": "set", "by": ("method",)}
    title = "Pairs in which the lesion pointed at is found in the other picture"
    return [
        Table("found", title, BARS, found, summary, y="found", ours=OURS, **drawn),
        Table("differences", "Found more often than by another method", BARS, gains, differences, y=AHEAD, **drawn),
        Table("choice", "Reading size and block, chosen on fold 1", TABLE, chosen, choice),
        see_served.table(running),
    ]


def by_encoder(
    encoder: Encoder,
    training: list[Path],
    files: list[Path],
    side: int = sight.SIDE,
    before: int = sight.BEFORE_LAST,
) -> Described:
    """As the page shows it: patch tokens on axes fitted without labels."""

    def read(paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
        parts = [
            sight.read(encoder, [images.read(p).picture for p in paths[i : i + BATCH]], side, before)
            for i in range(0, len(paths), BATCH)
        ]
        return np.concatenate([tokens for tokens, _ in parts]), np.concatenate([empty for _, empty in parts])

    tokens, empty = read(training)
    vectors = Axes.fit(tokens[~empty]).vectors(read(files)[0])
    cells = int(vectors.shape[1] ** 0.5)
    return list(vectors.reshape(len(vectors), cells, cells, -1))


def by_maps(network: rivals.EfficientNet, training: list[Path], files: list[Path]) -> Described:
    """The last map of a convolutional network, standardised by the training pictures."""
    known = network([images.read(p).picture for p in training]).last
    mean, spread = known.mean((0, 2, 3)), known.std((0, 2, 3)).clip(min=1e-6)
    seen = network([images.read(p).picture for p in files]).last
    return list(unit((seen.transpose(0, 2, 3, 1) - mean) / spread))


def by_colour(training: list[Path], files: list[Path]) -> Described:
    """The mean colour of each patch."""
    cells = sight.SIDE // 14
    small = [images.read(p).picture.resize((cells, cells), Image.Resampling.BOX) for p in files]
    return [np.asarray(p, np.float32) / 255 for p in small]


def by_position(training: list[Path], files: list[Path]) -> Described:
    """Where a patch lies, and nothing of what is there."""
    cells = sight.SIDE // 14
    where = np.stack(np.meshgrid(*[(np.arange(cells) + 0.5) / cells] * 2, indexing="ij"), axis=-1)
    return [where.astype(np.float32)] * len(files)


def _chosen(study: Study, side: int, before: int) -> dict:
    """What one way of reading finds on fold 1."""
    describe = partial(by_encoder, study.encoder, side=side, before=before)
    rows = [
        row
        for name in (QUICK_SETS if study.quick else SETS)
        for row in study.part(
            f"{name}-fold1-{side}-{before}", partial(_measured, study, name, VALIDATION_FOLD, OURS, describe)
        )
    ]
    of_sets = [[r for r in rows if r["set"] == name] for name in dict.fromkeys(r["set"] for r in rows)]
    return {
        "found": round(100 * float(np.mean([np.mean([r["found"] for r in part]) for part in of_sets])), 1),
        "area": round(float(np.mean([np.mean([r["area"] for r in part]) for part in of_sets])), 3),
    }


def _measured(study: Study, name: str, fold: int, method: str, describe: Describe) -> list[dict]:
    """A row for each pair: whether the lesion was found, and the AUC."""
    pool = study.pool(name)
    rng = np.random.default_rng(study.seed)
    known = np.flatnonzero(pool.known)
    training = [pool.files[i] for i in rng.permutation(known)[: 8 if study.quick else FITTED]]
    pairs = _pairs(study, pool, fold, rng)
    asked = sorted({i for pair in pairs for i in pair})
    described = dict(zip(asked, describe(training, [pool.files[i] for i in asked]), strict=True))
    rows = []
    for here, there in pairs:
        row, column = middle(_outline(study, pool, here, described[here].shape[:2]))
        covered = _outline(study, pool, there, described[there].shape[:2])
        lesion = covered >= min(0.5, covered.max())
        if lesion.all():
            continue
        # Of unit vectors the nearest is the one of the greatest cosine; colours and positions are no directions.
        apart = np.linalg.norm(described[there] - described[here][row, column], axis=-1)
        hit, area = bool(lesion.ravel()[apart.argmin()]), float(roc_auc_score(lesion.ravel(), -apart.ravel()))
        group = str(pool.groups[here])
        rows.append(
            {"set": name, "method": method, "group": group, "pair": f"{here}-{there}", "found": hit, "area": area}
        )
    return rows


def _pairs(study: Study, pool: Pool, fold: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Pictures of one fold with an outline, each with another of its class and of another group."""
    having = [i for i in np.flatnonzero(pool.fold == fold) if _mask(study, pool, i).is_file()]
    pairs = []
    for i in rng.permutation(having):
        others = [j for j in having if pool.truth[j] == pool.truth[i] and pool.groups[j] != pool.groups[i]]
        if others:
            pairs.append((int(i), int(rng.choice(others))))
    return pairs[: 4 if study.quick else MOST]


def _mask(study: Study, pool: Pool, i: int | np.integer) -> Path:
    return study.images / pool.name / "masks" / f"{pool.samples[i].id}.png"


def _outline(study: Study, pool: Pool, i: int, grid: tuple[int, int]) -> np.ndarray:
    """How much of each place [h, w] the outline covers, 0 to 1."""
    with Image.open(_mask(study, pool, i)) as mask:
        fine = mask.convert("L").resize((grid[1] * FINE, grid[0] * FINE), Image.Resampling.NEAREST)
    return (np.asarray(fine) > 127).reshape(grid[0], FINE, grid[1], FINE).mean((1, 3))


def middle(covered: np.ndarray) -> tuple[int, int]:
    """Row and column of the place of a lesion that is nearest to the lesion's centre.

    Args:
        covered: [h, w] how much of each place the lesion covers.
    """
    rows, columns = np.nonzero(covered >= min(0.5, covered.max()))
    nearest = ((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2).argmin()
    return int(rows[nearest]), int(columns[nearest])


def _summary(rows: list[dict]) -> list[dict]:
    """A row for each set and method, and the means over the sets, each set counting alike."""
    methods = list(dict.fromkeys(r["method"] for r in rows))
    sets = list(dict.fromkeys(r["set"] for r in rows))
    table = []
    for name in (*sets, MEAN):
        for method in methods:
            mine = [r for r in rows if r["method"] == method and name in (r["set"], MEAN)]
            parts = [[i for i, r in enumerate(mine) if r["set"] == s] for s in (sets if name == MEAN else [name])]
            figures = _figures(mine, [np.array(p) for p in parts if p])
            table.append({"set": name, "method": method, "pairs": len(mine)} | figures)
    return table


def _figures(mine: list[dict], parts: list[np.ndarray] | None = None) -> dict:
    parts = parts or [np.arange(len(mine))]
    hits = np.array([r["found"] for r in mine], float)
    share = grouped_bootstrap(mean_of(hits, parts), [f"{r['set']} {r['group']}" for r in mine])
    figures = {"found": share.value, "found_low": share.low, "found_high": share.high}
    area = np.mean([np.mean([mine[i]["area"] for i in part]) for part in parts])
    return {k: round(100 * v, 1) for k, v in figures.items()} | {"area": round(float(area), 3)}


def mean_of(values: np.ndarray, parts: list[np.ndarray]) -> Callable[[np.ndarray], float]:
    """(drawn positions) -> the mean over the parts of the mean of what was drawn of each."""

    def mean(at: np.ndarray) -> float:
        drawn = [values[at[np.isin(at, part)]] for part in parts]
        return float(np.mean([d.mean() for d in drawn if len(d)]))

    return mean


def _paired(rows: list[dict]) -> list[dict]:
    """How much more often the backbone finds the place than each other method does, on the same pairs."""
    table = []
    for name in dict.fromkeys(r["set"] for r in rows):
        by_pair = {(r["method"], r["pair"]): r for r in rows if r["set"] == name}
        for method in dict.fromkeys(m for m, _ in by_pair if m != OURS):
            both = [(by_pair[OURS, p], by_pair[method, p]) for m, p in by_pair if m == method and (OURS, p) in by_pair]
            gain = values(
                [o["found"] for o, _ in both], [t["found"] for _, t in both], [o["group"] for o, _ in both], 100, 1
            )
            table.append({"set": name, "method": method} | gain)
    return table


def _notes(summary: list[dict], comparisons: int) -> list[str]:
    """What a reader must know; first where the position alone does as well."""
    found = {(r["set"], r["method"]): r["found"] for r in summary}
    level = [s for s in SETS if (s, OURS) in found and found[s, POSITION] >= found[s, OURS]]
    return [
        *([f"The same position alone finds it at least as often on {', '.join(level)}."] if level else []),
        multiplicity(comparisons),
        "The point is the middle of an outlined lesion; found means that the most alike place of another picture of "
        f"the same class, of another patient or lesion, lies in that one's lesion. Up to {MOST} pairs a set, of fold "
        "0; axes fitted without labels on 60 training pictures of the set; intervals from 1,000 draws of whole groups.",
        "Where lesions lie in the middle of the picture (skin, single cells, polyps) their position gives them away.",
        "Reading size and block were chosen on fold 1, by the last rows.",
    ]

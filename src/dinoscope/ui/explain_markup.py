"""Explanation markup: maps, curves and checks -> the HTML of the Explain tab. Every text from outside is escaped."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from html import escape

import numpy as np
from PIL import Image

from .. import figures
from ..explain.localisation import Localisation
from ..explain.methods import METHODS
from ..results import Explanation, MapCheck
from ..tasks import Task
from .markup import data_url, percent, warnings

SMALL = 256
"""Longest side in pixels of a map on the page: it is smooth, so that more would show nothing more."""
LARGEST = 1024
"""Longest side in pixels of a map that can be downloaded from the page; the API gives every pixel."""
MATTERED = 6
"""Masks shown."""

STOPPED = '<div class="placeholder">Stopped. Choose a class or a method to explain again.</div>'
MEASURING = '<p class="quiet measuring">Measuring how faithful this map is.</p>'


def answer(found: Sequence[Explanation], picture: Image.Image, task: Task) -> str:
    """The answer in one sentence, how far to trust it, and each map over the picture under common sliders."""
    first = found[0]
    stages = "".join(_stage(f, picture, len(found) > 1) for f in found)
    return (
        f'<p class="answer" aria-live="polite">{_sentence(first, task)} {_trust(first)}</p>{warnings(first.warnings)}'
        f'<div class="stages">{stages}</div>{_controls()}'
    )


def _sentence(found: Explanation, task: Task) -> str:
    name = escape(task.display(found.target))
    if found.like:
        case = task.case(found.like)
        label = escape(", ".join(task.display(x) for x in case.labels))
        return (
            f"The bright regions make this picture similar to case <b>{escape(found.like)}</b> "
            f"({label}; similarity {found.probability:.2f})."
        )
    if found.instead_of:
        other = escape(task.display(found.instead_of))
        return (
            f"The bright regions speak for <b>{name}</b> rather than <b>{other}</b> "
            f"(their probabilities differ by {100 * found.probability:+.0f} points)."
        )
    return f"The bright regions cause the score for <b>{name}</b> ({percent(found.probability)})."


def _trust(found: Explanation) -> str:
    """What both curves say of the map, weighed together."""
    verdict = found.verdict
    if verdict is None:
        return ""
    if len(verdict.passed) == 2:
        return "The map is faithful: without them the score falls, and with them alone it rises, faster than by chance."
    if verdict.passed == ("deletion",):
        return (
            "It is half faithful: without them the score falls faster than by chance, but they alone do not raise it."
        )
    if verdict.passed == ("insertion",):
        return (
            "It is half faithful: they alone raise the score faster than by chance, but it does not fall without them."
        )
    return "<b>It is no more faithful than chance</b>, so do not read much into it; try another method."


def _stage(found: Explanation, picture: Image.Image, titled: bool) -> str:
    title = escape(METHODS[found.method].title)
    pace = ", quick" if found.quick else ""
    masks = f", {len(found.mask_scores)} masks" if len(found.mask_scores) else ""
    caption = f"{title}{masks}, seed {found.seed}{pace}"
    small = _within(found.saliency, SMALL)
    heat, ranks = data_url(figures.heat(small), SMALL), data_url(figures.ranks(small), SMALL)
    return (
        f'<figure class="stage-figure"><div class="stage"><img src="{data_url(picture)}" alt="the picture">'
        f'<img class="heat" src="{heat}" alt="saliency by {title}">'
        f'<img class="rank" hidden alt="" src="{ranks}"><canvas class="contour"></canvas></div>'
        f'<figcaption class="quiet">{f"<b>{caption}</b>" if titled else caption}. Saliency from '
        f"{found.saliency.min():.2g} to {found.saliency.max():.2g}.{_located(found.localisation)}</figcaption></figure>"
    )


def _controls() -> str:
    return (
        '<label class="opacity">Picture <input id="opacity-slider" type="range" min="0" max="100" value="55" '
        'aria-label="Opacity of the overlay"> Overlay</label>'
        '<div class="colour-scale">causes least<i></i>causes most</div>'
        '<label class="opacity">Outline the most salient <input id="contour-slider" type="range" min="0" max="50" '
        'step="5" value="0" aria-label="Share of the picture to outline, in percent"><output id="contour-share">none'
        "</output></label>"
    )


def _located(found: Localisation | None) -> str:
    """How the map lies on the drawn lesion, beside chance."""
    if found is None:
        return ""
    where = "in" if found.hit else "outside"
    return (
        f" The drawn lesion fills {percent(found.area)} of the picture: the map's highest point is {where} it, and it "
        f"holds {percent(found.inside)} of the positive saliency (overlap {found.overlap:.2f})."
    )


def curves(found: Sequence[Explanation]) -> str:
    """The curves of each map, and what they measure."""
    plots = "".join(_plot(f, titled=len(found) > 1) for f in found)
    return (
        f'{plots}<p class="quiet">Removing what a faithful map calls salient makes the score fall faster than removing '
        "random patches; showing it first makes the score rise faster. The band spans ten random orders.</p>"
    )


def _plot(found: Explanation, titled: bool) -> str:
    deletion, insertion, verdict = found.deletion, found.insertion, found.verdict
    if deletion is None or insertion is None or verdict is None:
        return ""
    unit = "similarity" if found.like else "difference" if found.instead_of else "probability"
    title = f"<b>{escape(METHODS[found.method].title)}</b>: " if titled else ""
    return (
        f'<p class="quiet">{title}Better than {verdict.deletion} of {verdict.of} random orders on deletion, '
        f"{verdict.insertion} of {verdict.of} on insertion.</p>"
        f'<div class="plots" role="img" aria-label="Deletion area {deletion.area:.2f}, random '
        f"{deletion.random_area:.2f}; insertion area {insertion.area:.2f}, random "
        f'{insertion.random_area:.2f}">{"".join(figures.faithfulness(deletion, insertion, unit))}</div>'
    )


def masks(found: Explanation, picture: Image.Image) -> str:
    """The masks that left the highest scores, as small pictures of what they let through."""
    if not len(found.mask_scores):
        return f'<p class="quiet">{escape(METHODS[found.method].title)} uses no masks.</p>'
    best = np.argsort(-found.mask_scores, kind="stable")[:MATTERED]
    cells = "".join(
        f'<figure><img src="{data_url(figures.let_through(picture, found.masks[i], 144), 144)}" '
        f'alt="mask {n + 1}"><figcaption>{found.mask_scores[i]:.2f}</figcaption></figure>'
        for n, i in enumerate(best)
    )
    return (
        f'<div class="masks">{cells}</div><p class="quiet">What each mask lets through, and the score it causes: '
        f"the highest {len(best)} of {len(found.mask_scores)}.</p>"
    )


def check(found: MapCheck) -> str:
    """Whether the map depends on what it should depend on."""
    stable = "the noise hardly matters" if found.second_seed >= 0.8 else "the noise matters, so read it with care"
    # A map turned round depends on the score in its sign alone.
    sane = "it explains this score" if abs(found.randomised) < 0.5 else "much of it would be there for any score"
    return (
        '<ul class="facts" aria-live="polite">'
        f"<li>Another seed gives a map that agrees to <b>{found.second_seed:.2f}</b>: {stable}.</li>"
        f"<li>A score that was never fitted gives a map that agrees to <b>{found.randomised:.2f}</b>: {sane}.</li>"
        "<li>1 is the same order of patches, 0 an unrelated one, -1 the reverse.</li></ul>"
    )


def downloads(picture: Image.Image, found: Explanation) -> str:
    """Links that hold overlay, map and figures themselves, so that nothing is kept on the server."""
    small = picture.copy()
    small.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    saliency = _within(found.saliency, LARGEST)
    array = io.BytesIO()
    np.save(array, saliency)
    overlay = data_url(figures.overlay(small, _resized(saliency, small.size)), LARGEST)
    name = escape(f"dinoscope_{found.task}_{found.target}_{found.method}_seed{found.seed}")
    links = (
        (f"{name}.png", overlay, "Overlay (PNG)"),
        (f"{name}.npy", _as_url(array.getvalue(), "application/octet-stream"), "Map (.npy)"),
        (f"{name}.json", _as_url(json.dumps(found.json(), indent=1).encode(), "application/json"), "Figures (JSON)"),
    )
    anchors = " ".join(f'<a download="{file}" href="{url}">{label}</a>' for file, url, label in links)
    return f'<p class="downloads">{anchors}</p>'


def _as_url(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _within(saliency: np.ndarray, side: int) -> np.ndarray:
    """A map [H, W] no longer than `side`; never enlarged."""
    scale = min(1.0, side / max(saliency.shape))
    return _resized(saliency, (round(saliency.shape[1] * scale), round(saliency.shape[0] * scale)))


def _resized(saliency: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map [H, W] at another size (width, height), at least 1 x 1."""
    wanted = (max(1, size[0]), max(1, size[1]))
    if wanted == saliency.shape[::-1]:
        return saliency
    return np.asarray(Image.fromarray(saliency).resize(wanted, Image.Resampling.BILINEAR))

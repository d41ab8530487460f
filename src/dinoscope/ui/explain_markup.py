"""Explanation markup: maps, curves and checks -> the parts of the Explain tab."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from PIL import Image

from .. import figures
from ..explain.methods import METHODS
from ..notice import NOTICE
from ..results import Explanation, MapCheck
from ..tasks import Task
from ..visit_tasks import outside
from ..words import percent
from . import cards
from .faithfulness_chart import faithfulness
from .markup import placeholder, quiet
from .pictures import as_url, data_url
from .render import part

SMALL = 256
"""Longest side in pixels of a map on the page: it is smooth, so that more would show nothing more."""
LARGEST = 1024
"""Longest side in pixels of a map that can be downloaded from the page; the API gives every pixel."""
MATTERED = 6
"""Masks shown."""

CURVES = {
    "deletion_tokens": "deletion by tokens",
    "insertion_tokens": "insertion by tokens",
    "deletion_pixels": "deletion by pixels",
    "insertion_pixels": "insertion by pixels",
}
"""The curves of a verdict, as they are called."""

STRANGE = "This picture is unlike anything this head knows: what causes a score that means little says little, too."
STOPPED = placeholder("Stopped. Choose a class or a method to explain again.")
MEASURING = part("explain", "measuring")


def answer(
    found: Sequence[Explanation],
    picture: Image.Image,
    task: Task,
    kept: tuple[str, str] = ("", ""),
    strange: bool = False,
) -> Markup:
    """The answer in one sentence, how far to trust it, and each map over the picture under common sliders.

    Args:
        kept: method and class, as far as an address has to say them.
        strange: whether the picture is like no case of the task.
    """
    first = found[0]
    stages = [_stage(f, picture, len(found) > 1) for f in found]
    pale = doubtful(first)
    sentence, cautions = _sentence(first, task), [*([STRANGE] if strange else []), *first.warnings]
    return part("explain", "answer", sentence=sentence, pale=pale, cautions=cautions, stages=stages, kept=kept)


def doubtful(found: Explanation) -> bool:
    """Whether the map is no better than chance, and so nothing to read."""
    return found.method != "random" and found.verdict is not None and found.verdict.chance


def card(found: Explanation, picture: Image.Image, strange: bool = False) -> Markup:
    """The map in small, what it is worth, and where it lies; of a picture like no other it is worth little."""
    if strange:
        return cards.explain(found, picture, "Of little worth here", "The picture is unlike all that the head knows.")
    return cards.explain(found, picture, *_worth(found))


def _worth(found: Explanation) -> tuple[str, str, bool]:
    """What the measures say of a map: headline, a line, and whether it is nothing to read."""
    verdict, where = found.verdict, found.localisation
    if verdict is None:
        return "Map drawn", "Now measuring how faithful it is.", False
    counts = [getattr(verdict, name) for name in CURVES]
    lies = f"{percent(where.overlap)} overlap with the drawn lesion." if where else ""
    if found.method == "random":
        return "A random map", "Drawn without looking: a baseline.", False
    if verdict.chance:
        return "No better than chance", "Do not read this map; another method may do better.", True
    least = min(counts)
    beaten = f"all {verdict.of}" if least == verdict.of else f"at least {least} of {verdict.of}"
    place = "" if where is None else ", and on the lesion" if where.on else ", not on the lesion"
    return (
        ("Faithful" if verdict.faithful else "Half faithful") + place,
        f"Beats {beaten} random orders. {lies}",
        False,
    )


def _sentence(found: Explanation, task: Task) -> Markup:
    """What the map says and how far to believe it; a map that is no better than chance begins with that."""
    known = found.like and task.position(found.like) is not None
    score = part(
        "explain",
        "score",
        found=found,
        target=task.display(found.target),
        other=task.display(found.instead_of) if found.instead_of else "",
        like=", ".join(task.display(x) for x in task.case(found.like).labels) if known else "",
    )
    passed = found.verdict.passed if found.verdict else ()
    missed = " and ".join(called for name, called in CURVES.items() if name not in passed)
    return part("explain", "sentence", found=found, title=METHODS[found.method].title, score=score, missed=missed)


def _stage(found: Explanation, picture: Image.Image, titled: bool) -> Markup:
    small = _within(found.saliency, SMALL)
    return part(
        "explain",
        "stage",
        found=found,
        title=METHODS[found.method].title,
        titled=titled,
        picture=data_url(picture),
        heat=data_url(figures.heat(small), SMALL),
        ranks=data_url(figures.ranks(small), SMALL),
    )


def curves(found: Sequence[Explanation]) -> Markup:
    """The curves of each map, and what they measure."""
    return part("explain", "curves", plots=[_plot(f, titled=len(found) > 1) for f in found])


def _plot(found: Explanation, titled: bool) -> Markup:
    if found.by_tokens is None or found.by_pixels is None:
        return Markup()
    unit = "similarity" if found.like else "difference" if found.instead_of else "probability"
    ways = [
        (way, curves, faithfulness(curves, gone, unit))
        for way, gone, curves in (("By tokens", "left out", found.by_tokens), ("By pixels", "blurred", found.by_pixels))
    ]
    title = METHODS[found.method].title if titled else ""
    return part("explain", "plot", verdict=found.verdict, title=title, ways=ways, called=CURVES)


def masks(found: Explanation, picture: Image.Image) -> Markup:
    """The masks that left the highest scores, as small pictures of what they let through."""
    if not len(found.mask_scores):
        return quiet(f"{METHODS[found.method].title} uses no masks.")
    best = np.argsort(-found.mask_scores, kind="stable")[:MATTERED]
    cells = [
        (data_url(figures.let_through(picture, found.masks[i], 144), 144), float(found.mask_scores[i])) for i in best
    ]
    return part("explain", "masks", cells=cells, of=len(found.mask_scores))


def check(found: MapCheck) -> Markup:
    """Whether the map depends on what it should depend on."""
    stable = "the noise hardly matters" if found.second_seed >= 0.8 else "the noise matters, so read it with care"
    # A map turned round depends on the score in its sign alone.
    sane = "it explains this score" if abs(found.randomised) < 0.5 else "much of it would be there for any score"
    return part("explain", "check", found=found, stable=stable, sane=sane)


def downloads(picture: Image.Image, found: Explanation) -> Markup:
    """Links that hold overlay, map and figures themselves, so that nothing is kept on the server."""
    small = picture.copy()
    small.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    saliency = _within(found.saliency, LARGEST)
    array = io.BytesIO()
    np.save(array, saliency)
    overlay = data_url(figures.with_notice(figures.overlay(small, _resized(saliency, small.size))), 2 * LARGEST)
    told = found.json() | {"task": outside(found.task), "notice": NOTICE}
    name = f"dinoscope_{outside(found.task)}_{found.target}_{found.method}_seed{found.seed}"
    links = (
        (f"{name}.png", overlay, "Overlay (PNG)"),
        (f"{name}.npy", as_url(array.getvalue(), "application/octet-stream"), "Map (.npy)"),
        (
            f"{name}.json",
            as_url(json.dumps(told, indent=1).encode(), "application/json"),
            "Figures (JSON)",
        ),
    )
    return part("explain", "downloads", links=links)


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

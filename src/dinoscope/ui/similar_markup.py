"""Similar markup: found cases, the differential, the trail and the region picker -> HTML. Everything is escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from PIL import Image

from ..similar import FACETS, Case, SimilarCase, facets, search
from ..similar.regions import Box
from ..tasks import Task
from .markup import class_colours, data_url
from .trail import Step, Trail

UNSHOWN = {".tif": "TIFF", ".tiff": "TIFF", ".dcm": "DICOM"}
"""Files that no browser shows as a picture."""
ORIGIN_NAMES = {"public": "public case", "phantom": "drawn (phantom)", "own": "indexed here"}
THUMBNAIL = 224


def found_cases(
    found: Sequence[SimilarCase], task: Task, head_says: str | None, trail: Trail, originals: bool, empty: str
) -> str:
    """The trail, the vote in one sentence, and a card for each case.

    Args:
        head_says: the class of the head's reading; None where the query is not the picture that was read.
        originals: show public cases through their links.
        empty: the sentence for no case at all.
    """
    top = _trail(trail, task)
    if not found:
        return f'{top}<div class="placeholder">{escape(empty)}</div>'
    cards = "".join(card(s, task, originals) for s in found)
    verdict = _verdict(found, task, head_says)
    return f'{top}<p class="answer" aria-live="polite">{verdict}</p><div class="cards">{cards}</div>'


def differential(rows: Mapping[str, Sequence[SimilarCase]], task: Task, vote: str | None, originals: bool) -> str:
    """The nearest cases of each class but the one the vote went to, a row a class, nearest first."""
    colours = class_colours(task)
    shown = [(label, cases) for label, cases in rows.items() if label != vote and cases]
    if not shown:
        return ""
    body = "".join(
        f'<div class="row"><h4><span class="dot" style="background:{colours.get(label, "#999999")}"></span>'
        f"{escape(task.display(label))}</h4>"
        f'<div class="strip-of-cases">{"".join(_small(s, task, originals) for s in cases)}</div></div>'
        for label, cases in shown
    )
    return (
        '<section class="differential" aria-label="Other classes that look alike"><h3>What else looks like this</h3>'
        f'<p class="quiet">The nearest cases of each other class, whatever the class filter says.</p>{body}</section>'
    )


def card(found: SimilarCase, task: Task, originals: bool, actions: bool = True) -> str:
    """One case: its picture where it may be shown, diagnosis, how near it is, what can be done with it."""
    case = found.case
    colour = class_colours(task).get(case.labels[0], "#999999")
    name = escape(", ".join(task.display(x) for x in case.labels))
    key = escape(case.id)
    link = (
        f' · <a href="{escape(case.url)}" target="_blank" rel="noreferrer">original</a>'
        if case.url.startswith("https://")
        else ""
    )
    buttons = (
        '<div class="actions">'
        f'<button type="button" data-act="more" data-case="{key}" aria-label="More like {key}">+ More</button>'
        f'<button type="button" data-act="less" data-case="{key}" aria-label="Less like {key}">− Less</button>'
        f'<button type="button" data-act="use" data-case="{key}" aria-label="Search with {key}">Search</button></div>'
        if actions
        else ""
    )
    return (
        f'<article class="card" style="--class:{colour}"><div class="thumb">{_thumb(found, task, originals)}</div>'
        f'<div class="text"><div class="name"><span class="dot"></span>{name}</div>'
        f'<div class="similarity">similarity {found.similarity:.3f}</div>'
        f'<div class="quiet words">{escape(search.in_words(found))}</div>'
        f'<div class="quiet">{ORIGIN_NAMES[case.origin]}{link}{_known(case)}'
        f'<div class="id">{key}</div></div>{buttons}</div></article>'
    )


def picker(step: Step, task: Task, picture: Image.Image | None, originals: bool) -> str:
    """The query's picture to draw a box on; a sentence where there is nothing to draw on."""
    if step.query.patches is None:
        return (
            '<div class="placeholder">This task was fitted without patch vectors, so a region cannot be searched.</div>'
        )
    case = step.query.case
    if picture is not None:
        image = f'<img src="{data_url(picture, 512)}" alt="the picture to draw on" draggable="false">'
    elif case is not None and originals and _shows(case):
        image = _original(case, "the case to draw on")
    else:
        return (
            '<div class="placeholder">The picture of this case is not bundled, so there is nothing to draw on. '
            "Switch on the originals to see it.</div>"
        )
    rows, columns = step.query.grid
    box = step.region
    chosen = f' data-box="{box.left},{box.top},{box.right},{box.bottom}"' if box else ""
    frame = f'<i class="box" style="{_place(box)}"></i>' if box else '<i class="box" hidden></i>'
    whole = '<p><button type="button" data-act="whole">Search with the whole picture</button></p>' if box else ""
    return (
        '<p class="quiet">Draw a box, or tap one patch. With the keyboard: arrows move the box, Shift and arrows '
        "change its size, Enter searches.</p>"
        f'<div class="picker" tabindex="0" role="application" aria-label="Region to search with" data-rows="{rows}" '
        f'data-columns="{columns}"{chosen}>{image}{frame}</div>{whole}'
    )


def _verdict(found: Sequence[SimilarCase], task: Task, head_says: str | None) -> str:
    counts = Counter(s.case.labels[0] for s in found).most_common()
    if len(counts) > 1 and counts[0][1] == counts[1][1]:
        votes = ", ".join(f"{n} {escape(task.display(label))}" for label, n in counts)
        return f"The {len(found)} nearest cases are split: <b>{votes}</b>."
    verdict = f"{counts[0][1]} of the {len(found)} nearest cases: <b>{escape(task.display(counts[0][0]))}</b>."
    if head_says == counts[0][0]:
        verdict += " The head says the same."
    elif head_says is not None:
        verdict += f" The head says {escape(task.display(head_says))}: the two disagree."
    return verdict


def _trail(trail: Trail, task: Task) -> str:
    """Where the search stands: back and forward, the query, and what was said of earlier results."""
    step = trail.now

    def button(act: str, text: str, possible: bool) -> str:
        return f'<button type="button" data-act="{act}"{"" if possible else " disabled"}>{text}</button>'

    chips = "".join(
        f'<button type="button" class="chip" data-act="forget" data-case="{escape(c)}" '
        f'aria-label="Forget: {word} {escape(c)}">{word} {escape(c)} ×</button>'
        for word, cases in (("more like", step.liked), ("less like", step.disliked))
        for c in cases
    )
    part = "A region of " if step.region else ""
    note = ""
    if step.query.case is not None and not step.query.pixels_here:
        note = (
            '<p class="quiet">Searched by what the index stores of this case. Classify and Explain still show '
            "your picture: they need the case's own picture, which is not here.</p>"
        )
    return (
        '<div class="trail" role="group" aria-label="Steps of the search">'
        f"{button('back', '‹ Back', trail.can_go_back)}"
        f"{button('forward', 'Forward ›', trail.can_go_forward)}"
        f'<span class="query">{part}<b>{escape(step.name)}</b></span>{chips}</div>{note}'
    )


def _thumb(found: SimilarCase, task: Task, originals: bool) -> str:
    """The case's picture, its original, or a drawn placeholder; the matched region outlined."""
    case, outline = found.case, _outline(found.matched)
    name = escape(", ".join(task.display(x) for x in case.labels))
    if case.image:
        url = data_url(Image.open(task.folder / case.image), THUMBNAIL)
        return f'<div class="fit"><img src="{url}" alt="drawn case, {name}">{outline}</div>'
    if originals and _shows(case):
        return f'<div class="fit">{_original(case, f"public case, {name}")}{outline}</div>'
    kind = UNSHOWN.get(_suffix(case)) if originals else None
    note = f"{kind}: open the original to see it" if kind else "picture not bundled"
    return f'<div class="fit unseen"><span>{name}<small>{note}</small></span>{outline}</div>'


def _small(found: SimilarCase, task: Task, originals: bool) -> str:
    """A case of the differential: a button that searches with it."""
    key = escape(found.case.id)
    return (
        f'<button type="button" class="small" data-act="use" data-case="{key}" title="{key}: search with this case" '
        f'style="--class:{class_colours(task).get(found.case.labels[0], "#999999")}">'
        f'<span class="thumb">{_thumb(found, task, originals)}</span>'
        f'<span class="similarity">{found.similarity:.3f}</span></button>'
    )


def _known(case: Case) -> str:
    """What is known of the case besides its class."""
    facts = []
    for key, value in facets.values(case).items():
        unit = FACETS[key].unit
        facts.append(f"{FACETS[key].title.lower()} {value:g} {unit}" if isinstance(value, float) else str(value))
    return f"<br>{escape(', '.join(facts))}" if facts else ""


def _outline(box: Box | None) -> str:
    if box is None:
        return ""
    return f'<i class="outline" style="{_place(box)}" title="where the region was found"></i>'


def _place(box: Box) -> str:
    """A box as the style of an element on top of its picture."""
    return (
        f"left:{100 * box.left:.1f}%;top:{100 * box.top:.1f}%;width:{100 * (box.right - box.left):.1f}%;"
        f"height:{100 * (box.bottom - box.top):.1f}%"
    )


def _original(case: Case, alternative: str) -> str:
    return (
        f'<img class="original" src="{escape(case.url)}" loading="lazy" referrerpolicy="no-referrer" '
        f'alt="{alternative}" draggable="false">'
    )


def _shows(case: Case) -> bool:
    return case.url.startswith("https://") and _suffix(case) not in UNSHOWN


def _suffix(case: Case) -> str:
    return PurePosixPath(urlsplit(case.url).path).suffix.lower()

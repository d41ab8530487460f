"""Similar markup: found cases, the differential, the trail and the region picker -> parts of the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from markupsafe import Markup
from PIL import Image

from ..similar import FACETS, Case, SimilarCase, facets, search
from ..tasks import Task
from .markup import class_colours, placeholder
from .pictures import as_url, data_url, thumbnail
from .render import part
from .trail import Step, Trail

UNSHOWN = {".tif": "TIFF", ".tiff": "TIFF", ".dcm": "DICOM"}
"""Files that no browser shows as a picture."""
ORIGIN_NAMES = {"public": "public case", "phantom": "drawn (phantom)", "own": "own case"}
NOT_HERE = {"public": "picture not bundled", "phantom": "picture not here", "own": "no thumbnail was kept"}
NO_CLASS = "#999999"


def found_cases(
    found: Sequence[SimilarCase],
    task: Task,
    head_says: str | None,
    trail: Trail,
    originals: bool,
    empty: str,
    one_sided: bool = False,
) -> Markup:
    """The trail, the vote in one sentence, and a card for each case.

    Args:
        head_says: the class of the head's reading; None where the query is not the picture that was read.
        originals: show public cases through their links.
        empty: the sentence for no case at all.
        one_sided: whether a filter left out classes, so that the cases vote for nothing.
    """
    top = _trail(trail)
    if not found:
        return part("similar", "nothing", trail=top, sentence=empty)
    seen = [s for s in found if _visible(s, task, originals)]
    return part(
        "similar",
        "found",
        trail=top,
        sentence=_verdict(found, task, head_says, one_sided),
        seen=[card(s, task, originals) for s in seen],
        unseen=[card(s, task, originals) for s in found if s not in seen],
    )


def differential(rows: Mapping[str, Sequence[SimilarCase]], task: Task, vote: str | None, originals: bool) -> Markup:
    """The nearest cases of each class but the one the vote went to, a row a class, nearest first."""
    shown = [
        (task.display(label), _colour(task, label), [(s, _thumb(s, task, originals)) for s in cases])
        for label, cases in rows.items()
        if label != vote and cases
    ]
    return part("similar", "differential", rows=shown) if shown else Markup()


def card(found: SimilarCase, task: Task, originals: bool, actions: bool = True) -> Markup:
    """One case: its picture where it may be shown, diagnosis, how near it is, what can be done with it."""
    return part(
        "similar",
        "card",
        found=found,
        name=_name(found.case, task),
        colour=_colour(task, found.case.labels[0]),
        origin=ORIGIN_NAMES[found.case.origin],
        facts=_known(found.case),
        words=search.in_words(found),
        thumb=_thumb(found, task, originals),
        actions=actions,
        row=not _visible(found, task, originals),
    )


def opened(found: SimilarCase, task: Task, originals: bool) -> Markup:
    """One case by itself."""
    return part("similar", "grid", cards=[card(found, task, originals)])


def picker(step: Step, task: Task, picture: Image.Image | None, originals: bool) -> Markup:
    """The query's picture to draw a box on; a sentence where there is nothing to draw on."""
    if step.query.patches is None:
        return placeholder("This task was fitted without patch vectors, so a region cannot be searched.")
    case = step.query.case
    original = case.url if case is not None and originals and _shows(case) else ""
    if picture is None and not original:
        return placeholder(
            "The picture of this case is not bundled, so there is nothing to draw on. "
            "Switch on the originals to see it."
        )
    drawn = data_url(picture, 512) if picture is not None else ""
    return part("similar", "picker", step=step, picture=drawn, original=original)


def _verdict(found: Sequence[SimilarCase], task: Task, head_says: str | None, one_sided: bool) -> Markup:
    votes = Counter(s.case.labels[0] for s in found).most_common()
    return part(
        "similar",
        "verdict",
        votes=[(task.display(label), n) for label, n in votes],
        of=len(found),
        split=len(votes) > 1 and votes[0][1] == votes[1][1],
        head_says=task.display(head_says) if head_says else "",
        agrees=head_says == votes[0][0],
        one_sided=one_sided,
    )


def _trail(trail: Trail) -> Markup:
    """Where the search stands: back and forward, the query, and what was said of earlier results."""
    step = trail.now
    said = step.request
    chips = [("more like", c) for c in said.liked] + [("less like", c) for c in said.disliked]
    return part("similar", "trail", step=step, back=trail.can_go_back, forward=trail.can_go_forward, chips=chips)


def _thumb(found: SimilarCase, task: Task, originals: bool) -> Markup:
    """The case's picture, its original, or a drawn placeholder; the matched region outlined."""
    case = found.case
    kind = UNSHOWN.get(_suffix(case)) if originals else None
    return part(
        "similar",
        "thumb",
        drawn=small(found, task),
        kind="own" if case.origin == "own" else "drawn",
        original=case.url if originals and _shows(case) else "",
        name=_name(case, task),
        note=f"{kind}: open the original to see it" if kind else NOT_HERE[case.origin],
        box=found.matched,
    )


def small(found: SimilarCase, task: Task) -> str:
    """What is kept here of a case's picture: that of a drawn case, or the thumbnail of an own one; "" for neither."""
    if found.thumbnail:
        return as_url(found.thumbnail, "image/webp")
    return thumbnail(task.folder / found.case.image) if found.case.image else ""


def _visible(found: SimilarCase, task: Task, originals: bool) -> bool:
    """Whether the page has something to show of a case; a file that no browser shows counts, to say so."""
    return bool(small(found, task)) or (originals and bool(found.case.url))


def _name(case: Case, task: Task) -> str:
    return ", ".join(task.display(x) for x in case.labels)


def _colour(task: Task, label: str) -> str:
    return class_colours(task).get(label, NO_CLASS)


def _known(case: Case) -> list[str]:
    """What is known of the case besides its class."""
    facts = []
    for key, value in facets.values(case).items():
        unit = FACETS[key].unit
        facts.append(f"{FACETS[key].title.lower()} {value:g} {unit}" if isinstance(value, float) else str(value))
    return facts


def _shows(case: Case) -> bool:
    return case.url.startswith("https://") and _suffix(case) not in UNSHOWN


def _suffix(case: Case) -> str:
    return PurePosixPath(urlsplit(case.url).path).suffix.lower()

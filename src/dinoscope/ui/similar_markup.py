"""Similar markup: found cases, the differential, the trail and the region picker -> parts of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from PIL import Image

from ..reading import images
from ..results import votes
from ..similar import FACETS, Case, SimilarCase, facets, search
from ..similar.regions import Box
from ..tasks import Task
from .markup import class_colours, placeholder
from .pictures import as_url, data_url, thumbnail
from .render import part
from .trail import Step, Trail

ORIGIN_NAMES = {"public": "public case", "phantom": "drawn (phantom)", "own": "own case"}
NOT_HERE = {"public": "picture not here", "phantom": "picture not here", "own": "no thumbnail was kept"}
KINDS = {"public": "public", "phantom": "drawn", "own": "own"}
PAIRED = 72
"""Height in pixels of the taller of a region and the place that it was matched with."""
NO_CLASS = "#999999"


@dataclass(frozen=True)
class Told:
    """What else is known where found cases are shown.

    Attributes:
        head_says: the class of the head's reading; None where the query is not the picture that was read.
        decided: what has decided the vote beforehand, so that there is none.
        strange: whether the picture is like no case of the task.
        picture: the query's, where it is at hand.
    """

    head_says: str | None = None
    decided: str = ""
    strange: bool = False
    picture: Image.Image | None = None


NOTHING_TOLD = Told()


def found_cases(
    found: Sequence[SimilarCase], task: Task, trail: Trail, empty: str, told: Told = NOTHING_TOLD
) -> Markup:
    """The trail, the vote in one sentence, and a card for each case; `empty` is the sentence for no case at all."""
    top = _trail(trail)
    if not found:
        return part("similar", "nothing", trail=top, sentence=empty)
    step = trail.now
    seen = [s for s in found if small(s, task)]
    patches = step.query.inside(step.request.region)
    return part(
        "similar",
        "found",
        trail=top,
        sentence=_verdict(found, task, told),
        patches=0 if patches is None else len(patches),
        places=step.query.grid,
        seen=[card(s, task, region=step.request.region, picture=told.picture) for s in seen],
        unseen=[card(s, task) for s in found if s not in seen],
    )


def differential(rows: Mapping[str, Sequence[SimilarCase]], task: Task, vote: str | None) -> Markup:
    """The nearest cases of each class but the one the vote went to, a row a class: pictures, then names without."""
    shown = [
        (task.display(label), _colour(task, label), _pictures_first(cases, task))
        for label, cases in rows.items()
        if label != vote and cases
    ]
    return part("similar", "differential", rows=shown) if shown else Markup()


def _pictures_first(cases: Sequence[SimilarCase], task: Task) -> list[tuple[SimilarCase, Markup]]:
    """Each case with its picture, nearest first; then those whose picture is not here, with nothing."""
    pairs = [(s, _thumb(s, task) if small(s, task) else Markup()) for s in cases]
    return sorted(pairs, key=lambda pair: not pair[1])


def card(
    found: SimilarCase,
    task: Task,
    actions: bool = True,
    region: Box | None = None,
    picture: Image.Image | None = None,
) -> Markup:
    """One case: its picture where it is here, diagnosis, how near it is, what can be done with it.

    Args:
        region: of the query's `picture`, which is shown beside the place that it was matched with.
    """
    return part(
        "similar",
        "card",
        found=found,
        name=_name(found.case, task),
        colour=_colour(task, found.case.labels[0]),
        origin=ORIGIN_NAMES[found.case.origin],
        facts=_known(found.case),
        words=search.in_words(found),
        thumb=_thumb(found, task),
        pair=_pair(found, task, region, picture),
        coarse=task.regions is not None and task.regions.in_detail(found.case.id) is None,
        actions=actions,
        row=not small(found, task),
    )


def _pair(
    found: SimilarCase, task: Task, region: Box | None, picture: Image.Image | None
) -> list[tuple[str, int]] | None:
    """The region and the place it was matched with, at one scale: an address and a height in pixels of each."""
    place = found.matched
    if region is None or picture is None or place is None:
        return None
    own = thumbnail_picture(found, task)
    if own is None:
        return None
    scale = PAIRED / max(region.bottom - region.top, place.bottom - place.top)
    cuts = ((picture, region), (own, place))
    return [(data_url(_cut(p, box), 2 * PAIRED, "WEBP"), round(scale * (box.bottom - box.top))) for p, box in cuts]


def _cut(picture: Image.Image, box: Box) -> Image.Image:
    """What of a picture lies in a box."""
    width, height = picture.size
    left, top = int(box.left * width), int(box.top * height)
    return picture.crop((left, top, max(left + 1, round(box.right * width)), max(top + 1, round(box.bottom * height))))


def opened(found: SimilarCase, task: Task) -> Markup:
    """One case by itself."""
    return part("similar", "grid", cards=[card(found, task)])


def picker(step: Step, picture: Image.Image | None) -> Markup:
    """The query's picture to draw a box on; a sentence where there is nothing to draw on."""
    if step.query.patches is None:
        return placeholder("This task was fitted without patch vectors, so a region cannot be searched.")
    if picture is None:
        return placeholder("The picture of this case is not here, so there is nothing to draw on.")
    return part("similar", "picker", step=step, picture=data_url(picture, 512))


def _verdict(found: Sequence[SimilarCase], task: Task, told: Told) -> Markup:
    counted = votes(found)
    return part(
        "similar",
        "verdict",
        votes=[(task.display(v.label), v.count) for v in counted],
        of=len(found),
        split=len(counted) > 1 and counted[0].count == counted[1].count,
        head_says=task.display(told.head_says) if told.head_says else "",
        agrees=told.head_says == counted[0].label,
        decided=told.decided,
        strange=told.strange,
    )


def _trail(trail: Trail) -> Markup:
    """Where the search stands: back and forward, the query, and what was said of earlier results."""
    step = trail.now
    said = step.request
    chips = [("more like", c) for c in said.liked] + [("less like", c) for c in said.disliked]
    other = step.query.case is not None and step.query.pixels != trail.steps[0].query.pixels
    return part(
        "similar",
        "trail",
        step=step,
        back=trail.can_go_back,
        forward=trail.can_go_forward,
        chips=chips,
        case=step.query.case.id if step.query.case is not None and other else "",
    )


def _thumb(found: SimilarCase, task: Task) -> Markup:
    """The case's picture, or that it is not here; the matched region outlined."""
    case = found.case
    return part(
        "similar",
        "thumb",
        drawn=small(found, task),
        kind=KINDS[case.origin],
        name=_name(case, task),
        note=NOT_HERE[case.origin],
        box=found.matched,
    )


def small(found: SimilarCase, task: Task) -> str:
    """What is here of a case's picture: that of a drawn case, or the thumbnail of any other; "" for neither."""
    if found.thumbnail:
        return as_url(found.thumbnail, "image/webp")
    return thumbnail(task.folder / found.case.image) if found.case.image else ""


def thumbnail_picture(found: SimilarCase, task: Task) -> Image.Image | None:
    """The same as a picture."""
    if found.thumbnail:
        return images.read(found.thumbnail).picture
    return images.read(task.folder / found.case.image).picture if found.case.image else None


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

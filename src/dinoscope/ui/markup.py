"""Markup: results -> the HTML of the page. Every text from outside is escaped here."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

from PIL import Image

from ..figures import OKABE_ITO
from ..reading.images import Decoded
from ..results import Reading
from ..tasks import Task

NOTICE = "Research demo. Not a medical device; do not use for diagnosis."
SHOWN = 768
"""Longest side in pixels of a picture on the page."""

EMPTY = (
    '<div class="hero empty" role="img" aria-label="No picture yet"><div>No picture yet.<br>'
    "Choose an example below, or drop, paste or upload your own.</div></div>"
)
WORKING = '<div class="placeholder">Reading the picture.</div>'
WAITING = '<div class="placeholder">Choose a picture, and the answer appears here.</div>'


def data_url(picture: Image.Image, side: int = SHOWN, kind: str = "PNG") -> str:
    """A picture as part of the page itself, so that no copy of it stays on a disk."""
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def header(backbone: str, tasks: int, notices: Sequence[str]) -> str:
    """Name, purpose, badge, standing notice, and what went wrong at the start."""
    lines = "".join(f'<div class="warning" role="status">{escape(n)}</div>' for n in notices)
    origin = "no network needed" if backbone == "bundled" else "from the hub" if "/" in backbone else "from a folder"
    return (
        '<header class="scope-header"><h1>DINOscope</h1>'
        "<p>Can a self-supervised vision model read your medical images, and why?</p>"
        f'<span class="badge">backbone <b>{escape(backbone)}</b>, {origin} · {tasks} tasks</span></header>'
        f'<div class="scope-notice" role="note">{NOTICE}</div>{lines}'
    )


def picture(decoded: Decoded, name: str) -> str:
    """The picture, as large as the panel allows, with its facts and warnings."""
    facts = "".join(f"<li>{escape(f)}</li>" for f in decoded.facts)
    return (
        f'<div class="hero"><img id="case-picture" src="{data_url(decoded.picture)}" alt="{escape(name)}"></div>'
        f'<ul class="facts"><li>{escape(name)}</li>{facts}</ul>{warnings(decoded.warnings)}'
    )


def strip(entries: Sequence[tuple[Image.Image, str]]) -> str:
    """Examples as a row of buttons, each a thumbnail with its name."""
    if not entries:
        return '<p class="caption">Nothing is drawn for this task yet: choose a picture of your own.</p>'
    buttons = "".join(
        f'<button type="button" data-index="{i}"><img src="{data_url(image, 160)}" alt="">{escape(name)}</button>'
        for i, (image, name) in enumerate(entries)
    )
    return f'<div class="strip" role="group" aria-label="Examples">{buttons}</div>'


def footer() -> str:
    """Where programs and readers go next."""
    return f'<p class="foot">{NOTICE} <a href="?view=api">Use it from a program</a></p>'


def warnings(sentences: Sequence[str]) -> str:
    """Sentences that a reader should not overlook."""
    return "".join(f'<div class="warning" role="status">{escape(s)}</div>' for s in sentences)


def error(sentence: str) -> str:
    """What went wrong, in place of an answer."""
    return f'<div class="error" role="alert">{escape(sentence)}</div>'


def classification(reading: Reading, task: Task) -> str:
    """The answer in one sentence, the bars, and how familiar the picture is."""
    measured = reading.scope
    known = (
        "Familiar: it looks like the cases the head knows."
        if measured.familiar
        else "Unfamiliar: this does not look like the cases the head knows, so do not rely on what follows."
    )
    answer = _verdict(reading, task)
    # What makes an answer worthless is said before it.
    sentence = f"{answer} {known}" if measured.familiar else f"<b>{known}</b> {answer}"
    how = "Task detected from the nearest cases" if reading.detected else "Task chosen by you"
    colours = class_colours(task)
    rows = "".join(
        f'<span class="{"" if c in reading.prediction_set else "out"}">{escape(task.display(c))}</span>'
        f'<span class="track" role="img" aria-label="{escape(task.display(c))} {percent(p)}">'
        f'<span class="fill" style="width:{100 * p:.1f}%;background:{colours[c]}"></span></span>'
        f'<span class="value">{percent(p)}</span>'
        for c, p in sorted(reading.probabilities.items(), key=lambda item: -item[1])
    )
    return (
        f'<a class="peek" href="#readings"><span>{_in_short(reading, task)}</span><span aria-hidden="true">↓</span></a>'
        f'<p class="answer" aria-live="polite">{sentence}</p>'
        f'<p class="quiet">{how}: {escape(task.title)}. {escape(task.facts["question"])}</p>'
        f'<div class="bars">{rows}</div>'
        f'<p class="quiet">{_legend(reading, task)}</p>'
        f'<div class="meter"><div class="scale" role="img" aria-label="Familiarity: percentile '
        f'{measured.percentile:.0f} of 100"><span class="pin" style="left:{measured.percentile:.1f}%"></span></div>'
        '<div class="ends"><span>unlike every known case</span><span>like the known cases</span></div></div>'
        f'<p class="quiet">{measured.percentile:.0f} % of the task\'s own held-out pictures lie at least as far from '
        "the known cases as this one.</p>"
        f"{warnings(reading.warnings)}{about(task)}"
    )


def _verdict(reading: Reading, task: Task) -> str:
    """What the head says, in a sentence or two."""
    if not task.head.exclusive:
        present = [f"{escape(task.display(c))} ({percent(reading.probabilities[c])})" for c in reading.prediction_set]
        if not present:
            return "<b>No finding</b> reaches its threshold."
        return f"Reaching {'their thresholds' if len(present) > 1 else 'its threshold'}: <b>{_listed(present)}</b>."
    others = [escape(task.display(c)) for c in reading.prediction_set if c != reading.label]
    likely = f"{escape(task.display(reading.label))} ({percent(reading.probabilities[reading.label])})"
    doubt = f" {_listed(others)} cannot be ruled out." if others else " The other classes are ruled out."
    return f"Most likely <b>{likely}</b>.{doubt}"


def _in_short(reading: Reading, task: Task) -> str:
    """The answer in a few words, for a phone."""
    if not reading.scope.familiar:
        return "Unfamiliar picture: read why"
    if not task.head.exclusive and not reading.prediction_set:
        return "No finding reaches its threshold"
    return f"{escape(task.display(reading.label))} ({percent(reading.probabilities[reading.label])})"


def _legend(reading: Reading, task: Task) -> str:
    """What the bars mean."""
    if not task.head.exclusive:
        return (
            "Each finding is judged by itself, so the bars do not add up to 100 %. Faded names stay below their "
            "thresholds, which balance misses against false alarms on held-out pictures."
        )
    coverage = percent(reading.coverage)
    return (
        f"Faded names are ruled out; the others form the {coverage} prediction set: of pictures like these, {coverage} "
        "have their class in such a set."
    )


def about(task: Task) -> str:
    """What the task's head was fitted on, how good it is, and what flatters it."""
    facts = task.facts
    lines = [f"Data: {facts['data']}. Licence of the pictures: {facts['licence']}."]
    if facts["metrics"]:
        value, low, high = (percent(facts["metrics"]["balanced_accuracy"][k]) for k in ("value", "low", "high"))
        lines.append(
            f"On {facts['metrics']['pictures']} real test pictures the head has a balanced accuracy of {value}, "
            f"95 % interval {low} to {high}; guessing gives "
            f"{percent(1 / len(task.head.classes) if task.head.exclusive else 0.5)}."
        )
    lines += [facts["flaw"]] if facts["flaw"] else []
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<details class="about"><summary>About this task</summary><ul class="facts">{items}</ul></details>'


def class_colours(task: Task) -> dict[str, str]:
    """A fixed colour for each class of a task."""
    return {c: OKABE_ITO[i % len(OKABE_ITO)] for i, c in enumerate(task.head.classes)}


def percent(share: float) -> str:
    """0.873 -> 87 %; never 0 or 100 % for what is only almost so."""
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1:
        return "> 99 %"
    return f"{100 * share:.0f} %"


def _listed(names: list[str]) -> str:
    """['a', 'b', 'c'] -> 'A, b and c'."""
    text = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return text[:1].upper() + text[1:]

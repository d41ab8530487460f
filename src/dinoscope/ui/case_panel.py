"""Case panel: the one place where a picture is chosen, shared by all tabs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from .. import bounds
from ..errors import RequestError
from ..explain.methods import METHODS
from ..reading import images
from ..visit_tasks import VisitTasks
from ..workbench import Workbench
from . import examples, markup, theme
from .batch_view import LIMITS
from .explain_tab import CHOOSING, PRIVATE, visitor_of
from .explain_view import METHOD
from .view import SAME, Menu, updates
from .visit import FORGOTTEN, Chosen, Wish

__all__ = ["Chosen", "Draw"]

AUTO = "auto"
"""Value of the task menu that leaves the choice to the nearest cases."""

Draw = Callable[[str, str, int], Image.Image]
"""(task, label, seed) -> a newly drawn picture; ValueError where the task has no drawings."""


@dataclass(frozen=True)
class PanelView:
    """What the panel shows; whatever is not said stays as it is."""

    chosen: Any = SAME
    picture: Any = SAME
    frame: Any = SAME
    drop: Any = None
    task: Any = SAME
    strip: Any = SAME
    seed: Any = SAME


@dataclass(frozen=True)
class Panel:
    """What can be done in the panel. Each verb gives the view that follows; mistakes become sentences."""

    workbench: Workbench
    draw: Draw

    def show(self, chosen: Chosen) -> PanelView:
        """Another picture."""
        frames = chosen.decoded.frames
        slider = gr.update(maximum=max(2, frames), value=chosen.decoded.frame, visible=frames > 1)
        return PanelView(chosen, markup.picture(chosen), slider)

    def keep(self, chosen: Chosen | None, sentence: str) -> PanelView:
        """The picture that is there, and why it is not another."""
        if chosen is None:
            return self.fail(sentence)
        view = self.show(chosen)
        return replace(view, picture=view.picture + markup.error(sentence))

    def fail(self, sentence: str) -> PanelView:
        """No picture, and why."""
        return PanelView(None, markup.EMPTY + markup.error(sentence), gr.update(visible=False))

    def upload(self, paths: Sequence[str], task: str) -> PanelView:
        """The first of the files that came; what is left unread is said."""
        first = Path(paths[0])
        rest = len(paths) - 1
        remark = (
            f"{len(paths)} files came, and one is read at a time: this is {first.name}. "
            f"The other {'one was' if rest == 1 else f'{rest} were'} left."
        )
        try:
            decoded = images.read(first)
        except RequestError as fault:
            return self.fail(f"{fault} {remark}" if rest else str(fault))
        chosen = Chosen(
            decoded, first.name, str(first), task=_asked(task), remark=remark if rest else "", uploaded=True
        )
        return self.show(chosen)

    def turn(self, chosen: Chosen | None, number: int) -> PanelView:
        """Another frame of the same file, as long as that is kept."""
        if chosen is None:
            return self.fail(FORGOTTEN)
        try:
            decoded = chosen.again(int(number))
        except RequestError as fault:
            return self.keep(chosen, str(fault))
        return self.show(replace(chosen, decoded=decoded, encoded=None, reading=None, wish=Wish()))

    def example(self, said: Mapping, task: str, visitor: str = "") -> PanelView:
        """A drawn case, by its key; an address may say the task, and what is asked first."""
        try:
            key, *asked = (bounds.text(name, said.get(name)) for name in ("example", "method", "class", "case"))
            given = bounds.text("task", said.get("task")) if "task" in said else _asked(task)
            named = given if given in self.workbench.tasks else None
            # An address without a method means the one that a visit begins with, not the one that was chosen since.
            method = asked[0] if asked[0] in METHODS else METHOD if "task" in said else ""
            wish = Wish(method, *asked[1:])
            chosen = replace(examples.named(self.workbench, key).chosen(named), wish=wish)
        except RequestError as fault:
            return self.fail(str(fault))
        if "task" not in said:
            return self.show(chosen)
        return replace(self.show(chosen), task=self.tasks(chosen, visitor), strip=self.strip(named))

    def draw_new(self, kind: str, seed: float | None, task: str) -> PanelView:
        """A picture that nobody has seen yet."""
        name, label = kind.split("/", 1)
        number = int(seed or 0)
        try:
            drawn = self.draw(name, label, number)
        except ValueError as fault:
            return self.fail(str(fault))
        title = f"Drawn just now: {self.workbench.tasks[name].display(label)}, seed {number}"
        # The first drawing is shown, however it is read: the card says where the head disagrees with it.
        chosen = Chosen(images.read(drawn), title, task=_asked(task), drawn=(name, label))
        return replace(self.show(chosen), seed=number + 1)

    def choose_task(self, chosen: Chosen | None, task: str) -> PanelView:
        """The same picture, asked another question."""
        if chosen is None:
            return replace(self.fail(FORGOTTEN), strip=self.strip(_asked(task)))
        renewed = replace(chosen, task=_asked(task), reading=None, wish=Wish())
        return PanelView(renewed, strip=self.strip(_asked(task)), drop=SAME)

    def choose_second(self, chosen: Chosen | None, visitor: str = "") -> PanelView:
        """The same picture, asked the question that the guess came near to."""
        second = chosen.reading.second if chosen and chosen.reading else ""
        if chosen is None:
            return self.fail(FORGOTTEN)
        if not second:
            return PanelView(chosen)
        view = self.choose_task(chosen, second)
        return replace(view, task=self.tasks(view.chosen, visitor))

    def strip(self, task: str | None = None) -> str:
        """The examples."""
        return markup.strip(examples.offered(self.workbench, task), named=task is not None)

    def tasks(self, chosen: Chosen | None = None, visitor: str = "") -> Menu:
        """The menu of tasks, with those that the visitor fitted; its first entry says what was guessed."""
        guessed = chosen.reading if chosen and chosen.reading and chosen.reading.detected else None
        first = f"Guessed: {self.workbench.tasks[guessed.task].title}" if guessed else "Guess from the picture"
        known = self.workbench.tasks
        entries = [(t.title, t.name) for t in known.values()]
        entries += [(f"Yours: {t.title}", t.name) for t in (known.of(visitor) if isinstance(known, VisitTasks) else ())]
        return Menu([(first, AUTO), *entries], (chosen.task if chosen else None) or AUTO)

    def kinds(self) -> list[tuple[str, str]]:
        """What can be drawn: (name, `task/label`)."""
        return [
            (f"{t.title}: {t.display(case.labels[0])}", f"{t.name}/{case.labels[0]}")
            for t in self.workbench.tasks.values()
            for case in t.examples()
        ]


@dataclass(frozen=True)
class CasePanel:
    """The panel's widgets by the names of a view, and the events that put another picture into `chosen`.

    Attributes:
        events: (event, its handler, inputs); the last that a handler takes is the request.
    """

    room: Panel
    widgets: dict[str, Any]
    events: list[tuple[Callable, Callable, list]]

    def wire(
        self,
        take: Callable[[Chosen | None, str], Chosen | None],
        besides: Callable[[Chosen | None], dict],
        outputs: list,
    ) -> list:
        """Let the events happen; what `besides` makes of the new picture is shown together with it.

        Args:
            take: told of the picture and its visitor; gives the picture that is put in front of the visitor.
        Returns:
            What can be followed by `then`.
        """
        chosen = self.widgets["chosen"]

        def both(handler: Callable) -> Callable:
            @functools.wraps(handler)
            def handle(*given: Any) -> dict:
                found = handler(*given)
                taken = take(found[chosen], visitor_of(given[-1]))
                return found | {chosen: taken} | besides(taken)

            return handle

        outputs = [*self.widgets.values(), *outputs]
        told: dict[str, Any] = {**PRIVATE, "show_progress_on": self.widgets["picture"]}
        return [event(both(handler), inputs, outputs, **told) for event, handler, inputs in self.events]


def build(panel: Panel, first: Chosen | None) -> CasePanel:
    """Lay out the panel; `wire` brings it to life."""
    chosen = gr.State()
    picture = gr.HTML(markup.picture(first) if first else markup.EMPTY, elem_id="picture")
    frame = gr.Slider(1, 2, 1, step=1, label="Frame", visible=False, elem_id="frame")
    menu, kinds = panel.tasks(first), panel.kinds()
    task = gr.Dropdown(menu.choices, value=menu.value, label="Task", show_label=False, elem_id="task", container=False)
    with gr.Row(elem_id="drop"):
        drop = gr.UploadButton("Try your own picture", variant="primary", size="md", file_count="multiple")
    gr.HTML(markup.camera(), elem_id="camera")
    strip = gr.HTML(panel.strip(), js_on_load=theme.static("examples.js"), elem_id="examples")
    gr.HTML(markup.promise(images.SUPPORTED, LIMITS.files), elem_id="promise")
    with gr.Accordion("Draw a new one", open=False, elem_id="draw-new"):
        kind = gr.Dropdown(kinds, value=kinds[0][1] if kinds else None, label="What to draw")
        seed = gr.Number(1, label="Seed", precision=0, minimum=0)
        draw_button = gr.Button("Draw", size="sm", elem_id="draw")
    widgets = {"chosen": chosen, "picture": picture, "frame": frame, "drop": drop, "task": task, "strip": strip}
    widgets["seed"] = seed

    def upload(paths: list[str], task: str, request: gr.Request) -> dict:
        return updates(panel.upload(paths, task), widgets)

    def turn(value: Chosen | None, number: int, request: gr.Request) -> dict:
        return updates(panel.turn(value, number), widgets)

    def example(task: str, event: gr.EventData, request: gr.Request) -> dict:
        return updates(panel.example(event._data or {}, task, visitor_of(request)), widgets)

    def draw_new(kind: str, seed: float | None, task: str, request: gr.Request) -> dict:
        return updates(panel.draw_new(kind, seed, task), widgets)

    def ask(value: Chosen | None, task: str) -> Any:
        return gr.skip() if value is not None and value.task == _asked(task) else f"{task} {id(value)}"

    def choose_task(value: Chosen | None, task: str, request: gr.Request) -> dict:
        return updates(panel.choose_task(value, task), widgets)

    def ask_frame(value: Chosen | None, number: float) -> Any:
        return gr.skip() if value is not None and value.decoded.frame == int(number) else f"{number} {id(value)}"

    # A menu says that it was used whenever it is left, too, and twice where an entry is pressed; a slider's number box
    # says that it was let go whenever it is left.
    asked, turned = gr.State(""), gr.State("")
    task.input(ask, [chosen, task], asked, **CHOOSING)
    frame.release(ask_frame, [chosen, frame], turned, **CHOOSING)

    events: list[tuple[Callable, Callable, list]] = [
        # The button is emptied each time, so that it always takes the next file.
        (drop.upload, upload, [drop, task]),
        (turned.change, turn, [chosen, frame]),
        (strip.click, example, [task]),
        (draw_button.click, draw_new, [kind, seed, task]),
        (asked.change, choose_task, [chosen, task]),
    ]
    return CasePanel(panel, widgets, events)


def _asked(task: str) -> str | None:
    return None if task == AUTO else task

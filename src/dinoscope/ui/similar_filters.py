"""Similar filters: one widget a facet, shown only where the task has it."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ..similar import FACETS, ORIGINS, Filters
from ..tasks import Task

ORIGIN_CHOICES = {"public": "public cases", "phantom": "drawn cases", "own": "own cases"}


@dataclass(frozen=True)
class FilterWidgets:
    """The widgets in the order of `all`: classes, origins, named facets, and two numbers a range."""

    labels: gr.CheckboxGroup
    origins: gr.CheckboxGroup
    choices: dict[str, gr.Dropdown]
    ranges: dict[str, tuple[gr.Number, gr.Number]]

    @property
    def all(self) -> list:
        """Every widget, to be read together."""
        return [self.labels, self.origins, *self.choices.values(), *(n for pair in self.ranges.values() for n in pair)]

    def read(self, values: list) -> Filters:
        """What the widgets say, in the order of `all`.

        Raises:
            RequestError: with the sentence a visitor sees, for a range the wrong way round.
        """
        labels, origins, *rest = values
        entry: dict = {"labels": labels or [], "origins": origins or []}
        entry |= {key: rest.pop(0) or [] for key in self.choices}
        for key in self.ranges:
            # Gradio shows an empty number as 0, which bounds nothing here from below and everything from above.
            low, high = rest.pop(0) or None, rest.pop(0) or None
            if low is not None or high is not None:
                entry[key] = [low, high]
        return Filters.of(entry)

    def kept(self, task: Task, own_cases: bool, values: list) -> list:
        """Of what the widgets say, as much as the task has.

        Args:
            own_cases: whether the operator has indexed cases of this task.
        """
        labels, origins, *rest = values
        facets = {f.key: f for f in task.facets}
        left: list = [
            [x for x in labels or [] if x in task.head.classes],
            [o for o in origins or [] if o in _origins(task, own_cases)],
        ]
        left += [
            [v for v in given or [] if key in facets and v in facets[key].values]
            for key, given in zip(self.choices, rest, strict=False)
        ]
        numbers = rest[len(self.choices) :]
        for i, key in enumerate(self.ranges):
            left += numbers[2 * i : 2 * i + 2] if key in facets else [None, None]
        return left

    def fitted(self, task: Task, own_cases: bool, kept: list) -> list:
        """Updates that show each widget as the task needs it, with the values of `kept`."""
        facets = {f.key: f for f in task.facets}
        options = [
            [(task.display(c), c) for c in task.head.classes],
            [(ORIGIN_CHOICES[o], o) for o in _origins(task, own_cases)],
        ]
        shown = [gr.update(choices=o, value=v) for o, v in zip(options, kept, strict=False)]
        for key, value in zip(self.choices, kept[2:], strict=False):
            values = list(facets[key].values) if key in facets else []
            shown.append(gr.update(choices=values, value=value, visible=key in facets))
        numbers = iter(kept[2 + len(self.choices) :])
        for key in self.ranges:
            facet = facets.get(key)
            title, unit = FACETS[key].title, FACETS[key].unit
            for word, bound in (("from", facet.low if facet else 0), ("to", facet.high if facet else 0)):
                name, hint = f"{title} {word} ({unit})", f"{bound:g}"
                shown.append(gr.update(label=name, placeholder=hint, value=next(numbers), visible=facet is not None))
        return shown


def build() -> FilterWidgets:
    """Lay out every filter; those that only some tasks have start hidden."""
    labels = gr.CheckboxGroup([], label="Only these classes (none ticked: all)", elem_id="filter-labels")
    origins = gr.CheckboxGroup(
        [(name, o) for o, name in ORIGIN_CHOICES.items() if o != "own"],
        label="Only this origin (none ticked: all)",
        elem_id="filter-origins",
    )
    with gr.Row():
        choices = {
            key: gr.Dropdown(
                [], label=kind.title, multiselect=True, visible=False, elem_id=f"filter-{key}", min_width=140
            )
            for key, kind in FACETS.items()
            if not kind.unit
        }
    with gr.Row():
        ranges = {
            key: (
                gr.Number(label=f"{kind.title} from", visible=False, elem_id=f"filter-{key}-from", min_width=120),
                gr.Number(label=f"{kind.title} to", visible=False, elem_id=f"filter-{key}-to", min_width=120),
            )
            for key, kind in FACETS.items()
            if kind.unit
        }
    return FilterWidgets(labels, origins, choices, ranges)


def _origins(task: Task, own_cases: bool) -> list[str]:
    """The origins that cases of the task have."""
    there = {c.origin for c in task.cases} | ({"own"} if own_cases else set())
    return [o for o in ORIGINS if o in there]

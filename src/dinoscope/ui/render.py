"""Render: parts of the page from their templates; what is filled in is escaped unless it is markup already."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ..words import percent


def plain(value: float) -> str:
    """A number as a reader would write it: 77.5, 0.0894, 1,280."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def breakable(name: str) -> Markup:
    """A file's name that a narrow column breaks where its parts end."""
    return Markup(re.sub(r"([/_])", r"\1<wbr>", str(escape(name))))


_TEMPLATES = Environment(
    loader=PackageLoader("dinoscope.ui"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {"percent": percent, "plain": plain, "fixed": lambda value, digits: f"{value:z.{digits}f}"}
_TEMPLATES.filters |= {"breakable": breakable, "tied": lambda words: words.replace(" ", "\N{NO-BREAK SPACE}")}


def part(room: str, name: str, /, **values: Any) -> Markup:
    """A part of the page: the macro `name` of templates/`room`.html.j2.

    Raises:
        jinja2.UndefinedError: for a value that the part uses and that is missing.
    """
    return getattr(_TEMPLATES.get_template(f"{room}.html.j2").module, name)(**values)

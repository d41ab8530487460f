"""Visit: what one visitor has in front of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from ..errors import RequestError, shown
from ..reading import images
from ..reading.encoded import Encoded
from ..reading.images import Decoded
from ..results import Reading
from .running import SupersededError
from .view import Shared

FILES_KEPT = 1800
"""Seconds after which a visitor's file is deleted; what was read of it stays in memory as long as the visit."""
FORGOTTEN = (
    "The server has no picture of this visit: none was chosen, or it was forgotten meanwhile. Choose the picture again."
)


@dataclass(frozen=True)
class Wish(Shared):
    """What an address asks about its example beside the picture itself; "" for whatever the page does by itself.

    Attributes:
        method, target: of Explain; case: that similar ones are searched for.
    """

    method: str = ""
    target: str = ""
    case: str = ""


@dataclass(frozen=True)
class Chosen(Shared):
    """A picture that was chosen; it lives in memory and ends with the visit.

    Attributes:
        decoded: the picture; name: how the page calls it; path: its upload, for other frames.
        example: `task/id` of the bundled case it is, "" for any other.
        task: a task's name, or None to detect it.
        encoded: what the encoder saw in it, once it was read; reading: the last classification.
        remark: what else is to be said of how it was chosen.
        drawn: (task, label) it was drawn as, None of a picture that nobody drew.
        wish: what is asked first.
        wanted: raises `SupersededError` once another picture was chosen in its place; explaining: once its first map
            is not wanted any more.
        uploaded: whether the visitor's browser has it, so that Back can bring it again.
    """

    decoded: Decoded
    name: str
    path: str = ""
    example: str = ""
    task: str | None = None
    encoded: Encoded | None = None
    reading: Reading | None = None
    remark: str = ""
    drawn: tuple[str, str] | None = None
    wish: Wish = Wish()
    wanted: Callable[[], None] = lambda: None
    explaining: Callable[[], None] | None = None
    uploaded: bool = False

    @property
    def picture(self) -> Encoded | Decoded:
        """For the verbs: as far as it was read."""
        return self.encoded or self.decoded

    def again(self, frame: int) -> Decoded:
        """Another frame of its file.

        Raises:
            RequestError: with the sentence a visitor sees, also where the file was deleted since.
        """
        return reread(Path(self.path), self.name, frame)


def reread(path: Path, name: str, frame: int | None = None) -> Decoded:
    """A file that came earlier in the visit, or a frame of it.

    Raises:
        RequestError: with the sentence a visitor sees, also where the file was deleted since.
    """
    if not path.is_file():
        raise RequestError(f"{shown(name)} was deleted: files are kept for {FILES_KEPT // 60} minutes. Give it again.")
    return images.read(path, frame)


def current(handler: Callable) -> Callable:
    """The same handler of an event; what it finds of a picture never stands beside another one chosen meanwhile.

    Not for a generator: Gradio sends what it gave last once more when it ends.
    """

    @functools.wraps(handler)
    def handle(*given: Any) -> Any:
        try:
            found = handler(*given)
            for value in given:
                if isinstance(value, Chosen):
                    value.wanted()
        except SupersededError:
            return gr.skip()
        return found

    return handle

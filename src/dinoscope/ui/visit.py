"""Visit: what one visitor has in front of them."""

from __future__ import annotations

from dataclasses import dataclass

from ..reading.encoded import Encoded
from ..reading.images import Decoded
from ..results import Reading
from .view import Shared


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

    @property
    def picture(self) -> Encoded | Decoded:
        """For the verbs: as far as it was read."""
        return self.encoded or self.decoded

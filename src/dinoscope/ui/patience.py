"""Patience: how long a request may take to arrive; whoever lets it drip in does not hold a connection for good."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.types import Receive
from uvicorn import config
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 20.0
"""For the head of a request, from its first byte or from the connection on."""
BODY_SECONDS = 30.0
"""For a body, and one more for every so many bytes that have come:"""
BYTES_A_SECOND = 8 << 10


class Patient(H11Protocol):
    """HTTP as uvicorn speaks it, which by itself waits for the end of a head for ever."""

    _hurry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The clock runs from the connection on."""
        super().connection_made(transport)
        self._hurry = self.loop.call_later(HEAD_SECONDS, self._close_unless_asked)

    def data_received(self, data: bytes) -> None:
        """A whole head stops the clock; the first byte of the next one starts it again."""
        super().data_received(data)
        if self._asked:
            self._calm()
        elif self._hurry is None:
            self._hurry = self.loop.call_later(HEAD_SECONDS, self._close_unless_asked)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits any more."""
        self._calm()
        super().connection_lost(exc)

    @property
    def _asked(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _close_unless_asked(self) -> None:
        self._hurry = None
        if not self._asked:
            self.transport.close()

    def _calm(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None


def install() -> None:
    """Have every server that is started from now on speak so; Gradio starts its own and takes no settings for it."""
    config.HTTP_PROTOCOLS["auto"] = f"{__name__}:{Patient.__name__}"


class Body:
    """A request's body on its way in, within a number of bytes and in time."""

    def __init__(self, receive: Receive, limit: int, too_long: Exception, too_slow: Exception) -> None:
        """Args:
        limit: bytes that it may have, whatever the request says of its length; too_long, too_slow: raised instead.
        """
        self._receive, self._limit, self._too_long, self._too_slow = receive, limit, too_long, too_slow
        self._seen, self._more, self._begun = 0, True, time.monotonic()
        self.fault: Exception | None = None
        """What was raised: whoever reads the body may have taken it for something else."""

    async def __call__(self) -> Any:
        """The next part."""
        if not self._more:  # what comes now is only the end of the connection, and that may take as long as it likes
            return await self._receive()
        left = BODY_SECONDS + self._seen / BYTES_A_SECOND - (time.monotonic() - self._begun)
        try:
            message = await asyncio.wait_for(self._receive(), max(left, 0))
        except TimeoutError:
            self.fault = self._too_slow
            raise self.fault from None
        self._seen += len(message.get("body", b""))
        self._more = message.get("more_body", False)
        if self._seen > self._limit:
            self.fault = self._too_long
            raise self.fault
        return message

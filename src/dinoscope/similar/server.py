"""Server: a Qdrant server over HTTP - whoever waits for it waits a bounded time, and each of its faults is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NoReturn
from urllib.parse import urlsplit

import httpx
from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

OLDEST = (1, 12)
"""First server version that knows every call made here."""
TIMEOUT = 30.0
"""Seconds one call may take where nobody waits for it, as in filling."""
PATIENCE = 4.5
"""Seconds that all calls for one answer to a visitor may take together."""
REST, LONGEST_REST = 2.0, 30.0
"""Seconds in which visitors are told at once, without asking, what is wrong with a server that has just failed; and
the most of them where the server itself says when to come again."""

_until: ContextVar[float | None] = ContextVar("until", default=None)


class IndexFault(RuntimeError):
    """An index that cannot be reached, opened or used; the message says which and what to do."""


class CollectionGoneError(IndexFault):
    """A server that has lost a collection: it must be filled again."""


class Server:
    """The server at an address: a client for it, and what goes wrong with it in words. Safe to share by threads."""

    def __init__(self, url: str, api_key: str = "") -> None:
        self.url, self._api_key = url, api_key
        parts = urlsplit(url if "//" in url else f"//{url}")
        # A password in the address is no visitor's business.
        self.shown = url if parts.username is None else url.replace(parts.netloc, parts.netloc.rpartition("@")[2])
        self._lock, self._resting, self._said = threading.Lock(), 0.0, ""

    def open(self) -> QdrantClient:
        """A client, once the server has answered and is new enough.

        Raises:
            IndexFault: when it cannot be reached, refuses the key or is too old.
        """
        try:
            with self.spoken():
                client = QdrantClient(
                    url=self.url,
                    api_key=self._api_key or None,
                    timeout=int(TIMEOUT),
                    check_compatibility=False,
                    event_hooks={"request": [_hurry], "response": [_bound]},
                )
                version = client.info().version
        except ValueError as fault:  # an address that is none
            raise IndexFault(f"no Qdrant server answers at {self.shown}; check QDRANT_URL") from fault
        if _numbers(version) < OLDEST or _numbers(version)[0] != OLDEST[0]:
            raise IndexFault(
                f"the Qdrant server at {self.shown} is version {version}; this app speaks to "
                f"{OLDEST[0]}.{OLDEST[1]} and later versions {OLDEST[0]}"
            )
        return client

    @contextmanager
    def spoken(self) -> Iterator[None]:
        """Turns what the server, or its absence, makes of a call into one sentence.

        Raises:
            IndexFault: with the sentence; for `REST` seconds after it at once, to whoever is in a hurry.
        """
        if _until.get() is not None and time.monotonic() < self._resting:
            raise IndexFault(self._said)
        try:
            yield
        except UnexpectedResponse as fault:
            if fault.status_code == 404 and b"ollection" in fault.content:
                raise CollectionGoneError(
                    f"the Qdrant server at {self.shown} has lost the cases; they are being filled in again"
                ) from fault
            self._tell(self._refusal(fault), fault)
        except ResourceExhaustedResponse as fault:
            said = f"the Qdrant server at {self.shown} has too much to do; try again in {fault.retry_after_s} s"
            self._tell(said, fault, min(fault.retry_after_s, LONGEST_REST))
        except ResponseHandlingException as fault:
            self._tell(self._silence(fault.source), fault)
        except (json.JSONDecodeError, UnicodeDecodeError, AssertionError, QdrantException) as fault:
            # The client takes it for granted that an answer is one.
            self._tell(self._silence(fault), fault)

    def _tell(self, sentence: str, fault: Exception, rest: float | None = None) -> NoReturn:
        with self._lock:
            self._said, self._resting = sentence, time.monotonic() + (REST if rest is None else rest)
        raise IndexFault(sentence) from fault

    def _refusal(self, fault: UnexpectedResponse) -> str:
        if fault.status_code in (401, 403):
            return f"the Qdrant server at {self.shown} refuses the key; check QDRANT_API_KEY"
        if fault.status_code == 429:
            return f"the Qdrant server at {self.shown} has too much to do; try again in a moment"
        if fault.status_code in (500, 502, 503, 504):
            return f"the Qdrant server at {self.shown} is out of order ({fault.status_code}); try again in a moment"
        return f"the Qdrant server at {self.shown} answered {fault.status_code} {fault.reason_phrase}; check QDRANT_URL"

    def _silence(self, fault: Exception) -> str:
        if isinstance(fault, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol):
            why = str(fault).rstrip(".") or type(fault).__name__
            return f"the Qdrant server at {self.shown} cannot be reached ({why}); check QDRANT_URL"
        if isinstance(fault, httpx.TimeoutException):
            return f"the Qdrant server at {self.shown} takes too long to answer; try again in a moment"
        if isinstance(fault, httpx.RequestError):
            return f"the Qdrant server at {self.shown} broke off in the middle of an answer; try again in a moment"
        return f"what answers at {self.shown} does not speak as Qdrant does; check QDRANT_URL"


@contextmanager
def in_a_hurry(seconds: float = PATIENCE) -> Iterator[None]:
    """All calls in here are over in so many seconds: somebody waits."""
    token = _until.set(min(time.monotonic() + seconds, _until.get() or float("inf")))
    try:
        yield
    finally:
        _until.reset(token)


class _Bounded(httpx.SyncByteStream):
    """An answer that must have arrived by a moment, however slowly it drips."""

    def __init__(self, stream: httpx.SyncByteStream, end: float) -> None:
        self._stream, self._end = stream, end

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            if time.monotonic() > self._end:
                raise httpx.ReadTimeout("the answer drips")
            yield chunk

    def close(self) -> None:
        self._stream.close()


def _hurry(request: httpx.Request) -> None:
    end = _until.get() or time.monotonic() + TIMEOUT
    left = max(end - time.monotonic(), 0.01)
    request.extensions |= {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), left), "end": end}


def _bound(response: httpx.Response) -> None:
    if isinstance(response.stream, httpx.SyncByteStream):
        response.stream = _Bounded(response.stream, response.request.extensions["end"])


def _numbers(version: str) -> tuple[int, ...]:
    """'1.15.4-dev' -> (1, 15)."""
    parts = version.split("-")[0].split(".")[:2]
    return tuple(int(p) if p.isdecimal() else 0 for p in parts)

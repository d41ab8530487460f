"""Door: which requests are let in at all, before Gradio reads them: how large, how many, and to which routes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from shutil import disk_usage

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import visits
from .guarded import ADDRESS, FAULT, UNREADABLE, note
from .patience import Body

MOST_WAITING = 128
"""Events that may wait in the queue, of all visitors together."""
MOST_BYTES = 1 << 20
"""Of a request that is no upload."""
MOST_TOLD = 32 << 20
"""Of one over MCP, which carries its picture in itself."""
MOST_UPLOADED = 512 << 20
"""Of one request that is."""
MOST_KEPT = 4 << 30
"""Of all uploads that are not deleted yet."""
LEFT_FREE = 512 << 20
"""Of the disk that they lie on."""

FULL = "Too many visitors are waiting just now; nothing was lost, ask again in a minute."
SLOW = "The request took too long to arrive; send it again over a better connection."
NO_ROOM = "The server holds as many uploads as it can; they are deleted after a while, try again in half an hour."

# Gradio's own, which no page here uses: fetching from elsewhere, keeping what visitors chose, watching and editing.
SHUT = re.compile(
    r"(proxy=|component_server|process_recording|vibe|undo-vibe|monitoring|deep_link|stream/|run-history|runs|dev/"
    r"|custom_component/|login|logout|profiling)"
)
CALLS = ("queue/join", "call/")
WITH_FILES = ("upload", "mcp")
ELSEWHERE = re.compile(r"file[=/]\s*[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class Door:
    """ASGI middleware around Gradio's routes."""

    def __init__(self, app: ASGIApp, waiting: Callable[[], int], folder: Path) -> None:
        """Args:
        waiting: how many events wait in the queue.
        folder: of uploads.
        """
        self.app, self.waiting, self.folder = app, waiting, folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or answer it with a sentence."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False
        path = scope["path"].lstrip("/").removeprefix("gradio_api/").lstrip("/")
        limit = _most(path)
        body = Body(receive, limit, _too_long(limit), _Refused(408, SLOW))

        async def answer(message: Message) -> None:
            nonlocal begun
            if body.fault is not None and not begun:
                return  # what the routes make of half a body is not what is the matter
            begun = True
            await send(message)

        try:
            self._look(path, scope)
            try:
                await self.app(scope, body, answer)
                if body.fault is not None:
                    raise body.fault
            except (KeyError, ValueError, TypeError) as fault:
                if not path.startswith(CALLS):
                    raise
                # Only the request was read so far; whatever is asked for runs later, from the queue.
                raise _Refused(400, UNREADABLE) from fault
        except _Refused as no:
            if not begun:
                await JSONResponse({"detail": no.sentence, "error": no.sentence}, no.status)(scope, receive, send)
        except Exception as fault:  # a request that Gradio's own routes cannot read, or a fault of theirs
            if not begun:
                note(fault, "a request")
                await JSONResponse({"detail": FAULT, "error": FAULT}, 500)(scope, receive, send)
                return
            # Events of a visit that there is not: Gradio says so, and then breaks the line off.
            with contextlib.suppress(RuntimeError):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _look(self, path: str, scope: Scope) -> None:
        if SHUT.match(path):
            raise _Refused(404, "There is nothing here.")
        if ELSEWHERE.match(path):
            raise _Refused(403, ADDRESS)
        if scope["method"] != "POST":
            return
        length = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
        _limit(length, _most(path))
        if path.startswith(WITH_FILES) and not self._has_room():
            raise _Refused(507, NO_ROOM)
        # Not 503: of that one Gradio's page makes a sentence of its own.
        if path.startswith(CALLS) and self.waiting() >= MOST_WAITING:
            raise _Refused(429, FULL)

    def _has_room(self) -> bool:
        disk = self.folder if self.folder.is_dir() else self.folder.parent
        return visits.kept(self.folder) < MOST_KEPT and disk_usage(disk).free > LEFT_FREE


class _Refused(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


def _most(path: str) -> int:
    return MOST_UPLOADED if path.startswith("upload") else MOST_TOLD if path.startswith("mcp") else MOST_BYTES


def _limit(length: bytes, limit: int) -> None:
    if not length.isdigit() or int(length[:20]) > limit:
        raise _too_long(limit)


def _too_long(limit: int) -> _Refused:
    return _Refused(413, f"A request may have {limit >> 20} MB here; this one has more.")

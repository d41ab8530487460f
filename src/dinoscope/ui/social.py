"""Social card: what a link to the page looks like where it is shared, in place of Gradio's own; the page is packed."""

from __future__ import annotations

import gzip
import re
from functools import lru_cache

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import theme
from .address import address
from .markup import NOTICE
from .render import part

DESCRIPTION = (
    "A frozen DINOv2 reads one medical picture three ways: what it is, which regions cause that, and which known "
    f"cases look like it. {NOTICE}"
)
PICTURE = "/social-card.jpg"
GRADIOS = re.compile(rb'\s*<meta\s+(?:property|name)="(?:og|twitter):[^>]*>')


class SocialCard:
    """Middleware that serves the card's picture, and puts its tags into the page's head."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or path not in ("/", PICTURE):
            return await self.app(scope, receive, send)
        if path == PICTURE:
            return await FileResponse(theme.STATIC / "social-card.jpg")(scope, receive, send)
        start: Message = {}
        body = bytearray()

        async def held(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                page, headers = bytes(body), MutableHeaders(raw=start["headers"])
                if page:
                    page = _with_tags(page, address(scope))
                    headers["vary"] = "Accept-Encoding"
                    if "gzip" in Request(scope).headers.get("accept-encoding", ""):
                        page, headers["content-encoding"] = _packed(page), "gzip"
                    headers["content-length"] = str(len(page))
                await send(start)
                await send({"type": "http.response.body", "body": page})

        return await self.app(scope, receive, held)


@lru_cache(maxsize=4)
def _packed(page: bytes) -> bytes:
    """The page, which carries its first answer, in a third of its bytes; it is the same for every visitor."""
    return gzip.compress(page, 6, mtime=0)


def _with_tags(page: bytes, place: str) -> bytes:
    tags = part(
        "social",
        "tags",
        title=theme.TITLE,
        description=DESCRIPTION,
        address=place,
        picture=place.rstrip("/") + PICTURE,
    )
    return GRADIOS.sub(b"", page).replace(b"<head>", b"<head>" + str(tags).encode(), 1)

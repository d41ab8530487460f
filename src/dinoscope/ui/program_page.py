"""Program page: how to use the app from Python, curl and MCP, as lines that run as they stand."""

from __future__ import annotations

import os
import re

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .address import address
from .markup import NOTICE
from .render import part
from .theme import static

PATH = "/program"


class ProgramPage:
    """Middleware that serves the page; it needs nothing of Gradio, so that it is there at once, also without script."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or scope["path"].rstrip("/") != PATH:
            return await self.app(scope, receive, send)
        dark = Request(scope).query_params.get("__theme") == "dark"
        copy = Markup(static("copy.js"))  # our own script, as it stands
        shown = part("program", "page", address=address(scope), notice=NOTICE, tool=tool, dark=dark, copy=copy)
        return await HTMLResponse(str(shown))(scope, receive, send)


def tool(verb: str) -> str:
    """What MCP calls a verb here: on a Space Gradio puts the Space's name before it."""
    space = os.environ.get("SPACE_ID", "")
    return re.sub(r"[^a-zA-Z0-9]", "_", f"{space.split('/')[-1]}_{verb}" if space else verb)

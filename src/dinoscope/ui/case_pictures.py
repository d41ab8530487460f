"""Case pictures: the thumbnail of one case, for whoever points at it on the map of the cases."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ..reading import images
from ..similar import thumbnails
from ..workbench import Workbench

ADDRESS = "/case-picture"
PATIENCE = 6.0
"""Seconds for which a picture that is not here is waited for."""


class CasePictures:
    """Middleware that answers `/case-picture?task=&case=`: both are looked up, and neither is ever an address."""

    def __init__(self, app: ASGIApp, workbench: Workbench) -> None:
        self.app, self.workbench = app, workbench

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request: 200 with a WebP, 204 where the picture is not here, 404 for no such case."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope.get("path") != ADDRESS:
            return await self.app(scope, receive, send)
        asked = Request(scope).query_params
        found = await run_in_threadpool(self.picture, asked.get("task", ""), asked.get("case", ""))
        if found is None:
            answer = Response(status_code=404)
        elif found:
            answer = Response(found, media_type="image/webp", headers={"cache-control": "private, max-age=3600"})
        else:
            answer = Response(status_code=204)
        return await answer(scope, receive, send)

    def picture(self, name: str, case_id: str) -> bytes | None:
        """WebP of a case; b"" where it is not here, None for no such case."""
        task = self.workbench.tasks.get(name)
        at = task.position(case_id) if task else None
        if task is None or at is None:
            return None
        case, pictures = task.cases[at], self.workbench.pictures
        if case.image:
            return thumbnails.make(images.read(task.folder / case.image).picture)
        if not (found := pictures.of(case)):
            pictures.bring([case], PATIENCE)
            found = pictures.of(case)
        return found

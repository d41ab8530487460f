"""Address: where the app is, as its visitors see it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Scope


def address(scope: Scope) -> str:
    """The app's own address, with a slash at its end; a proxy says in its headers what it is."""
    request = Request(scope)
    told = request.headers
    protocol = told.get("x-forwarded-proto", request.url.scheme).split(",")[0].strip()
    host = told.get("x-forwarded-host", told.get("host", request.url.netloc)).split(",")[0].strip()
    return f"{'https' if protocol == 'https' else 'http'}://{host}{scope.get('root_path', '')}/"

"""Download: one original of a public data set, from its pinned commit, checked against its git blob."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from urllib.parse import urlsplit, urlunsplit

LARGEST = 64 << 20
"""Bytes of an original; the largest that is listed has a tenth of this."""


class FetchError(ValueError):
    """An original that cannot be had; the message says which and why."""


class NoAnswer(FetchError):
    """An original whose host cannot be reached at all."""


def content(name: str, url: str, blob: str, mirror: str = "", patience: float = 20) -> bytes:
    """The bytes of an original.

    Args:
        name: how it is called in an error.
        url: where it stands; blob: its git blob SHA-1, 40 hex digits.
        mirror: `http://host[:port]` to ask instead of the original host.
        patience: seconds that the host may take to answer.
    Raises:
        FetchError: when it is not there, or no longer what it was.
    """
    if mirror:
        url = urlunsplit((*urlsplit(mirror)[:2], *urlsplit(url)[2:]))
    if urlsplit(url).scheme not in ("http", "https"):
        raise FetchError(f"{name}: {url!r} is no address of the web")
    try:
        with urllib.request.urlopen(url, timeout=patience) as answer:
            found = answer.read(LARGEST)
    except urllib.error.HTTPError as fault:
        raise FetchError(f"{name}: {url} does not answer ({fault})") from fault
    except (OSError, urllib.error.URLError) as fault:
        raise NoAnswer(f"{name}: {url} does not answer ({fault})") from fault
    seen = hashlib.sha1(b"blob %d\0" % len(found) + found, usedforsecurity=False).hexdigest()
    if seen != blob:
        raise FetchError(f"{name}: {url} is no longer the picture it was (git blob {seen}, expected {blob})")
    return found

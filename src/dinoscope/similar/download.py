"""Download: one original of a public data set, from its pinned commit, checked against its git blob."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from urllib.parse import urlsplit, urlunsplit

LARGEST = 64 << 20
"""Bytes of an original; the largest that is listed has a tenth of this."""

BUSY = (408, 425, 429)
"""What a host says, beside 5xx, to who comes too early or too often."""


class FetchError(ValueError):
    """An original that cannot be had; the message says which and why."""


class NoAnswer(FetchError):
    """An original whose host cannot be reached, is busy, or breaks off: it may be had another time."""


def content(name: str, url: str, blob: str, mirror: str = "", patience: float = 20) -> bytes:
    """The bytes of an original.

    Args:
        name: how it is called in an error.
        url: where it stands; blob: its git blob SHA-1, 40 hex digits.
        mirror: `http://host[:port]` to ask instead of the original host.
        patience: seconds that the host may take to answer.
    Raises:
        FetchError: when it is not there, or no longer what it was; NoAnswer where that may pass.
    """
    if mirror:
        url = urlunsplit((*urlsplit(mirror)[:2], *urlsplit(url)[2:]))
    try:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(url)
        with urllib.request.urlopen(url, timeout=patience) as answer:
            found = answer.read(LARGEST)
            if len(found) < LARGEST and answer.length:
                raise http.client.IncompleteRead(found, answer.length)
    except (ValueError, http.client.InvalidURL) as fault:
        raise FetchError(f"{name}: {url!r} is no address of the web") from fault
    except urllib.error.HTTPError as fault:
        kind = NoAnswer if fault.code in BUSY or fault.code >= 500 else FetchError
        raise kind(f"{name}: {url} does not answer ({fault})") from fault
    except (OSError, http.client.HTTPException) as fault:
        raise NoAnswer(f"{name}: {url} does not answer ({fault})") from fault
    seen = hashlib.sha1(b"blob %d\0" % len(found) + found, usedforsecurity=False).hexdigest()
    if seen != blob:
        raise FetchError(f"{name}: {url} is no longer the picture it was (git blob {seen}, expected {blob})")
    return found

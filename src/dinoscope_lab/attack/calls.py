"""Calls: what no page and no honest program would send, to every endpoint, every private event and every route."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..caller import Caller, Outcome


@dataclass(frozen=True)
class Attempt:
    """One thing to try: what it is called, which method of the caller does it, and with which values."""

    what: str
    way: str
    values: tuple

    def by(self, caller: Caller) -> Outcome:
        """Try it."""
        return getattr(caller, self.way)(*self.values)


ODD: tuple[Any, ...] = (
    None, "", "5", "abc", "a" * 100_000, "\0\x1b[2J", "../../etc/passwd", "http://example.invalid/x.png", "<b>x</b>",
    -1, 0, 2.5, 10**400, float("nan"), float("inf"), True, [], [1], [[]], ["x"] * 1000, {}, {"a": {"b": [1]}},
    {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    {"path": "http://example.invalid/x.png", "meta": {"_type": "gradio.FileData"}},
    {"path": "x", "meta": "y"},
)  # fmt: skip
CLASSIFY = {"picture": None, "task": ""}
EXPLAIN = CLASSIFY | {"target": "", "method": "gradcam", "seed": 0, "instead_of": "", "like": "", "quick": True}
SIMILAR: dict[str, Any] = {
    "picture": None, "task": "", "k": 5, "labels": [], "origins": [], "filters": {}, "case_id": "", "region": [],
    "liked": [], "disliked": [], "every": False, "per_class": 3,
}  # fmt: skip
ROUTES = (
    "/gradio_api/file=/etc/passwd", "/gradio_api/file=http://example.invalid/x", "/gradio_api/file=//example.invalid/x",
    "/gradio_api/file=..%2f..%2f..%2f..%2fetc%2fpasswd", "/gradio_api/file=/proc/self/environ", "/gradio_api/file=/",
    "/gradio_api/file=" + "a" * 5000, "/gradio_api/file=a%00b", "/gradio_api/proxy=http://example.invalid/",
    "/gradio_api/proxy=https://x.hf.space/", "/static/..%2f..%2f..%2fetc%2fpasswd", "/assets/%2e%2e/%2e%2e/etc/passwd",
    "/gradio_api/custom_component/1/client/component/..%2f..%2fx", "/gradio_api/deep_link?session_hash=x",
    "/gradio_api/stream/x/1/1/playlist.m3u8", "/gradio_api/call/similar/none",
    "/gradio_api/queue/data?session_hash=none",
    "/gradio_api/upload_progress?upload_id=none", "/monitoring/x", "/gradio_api/run-history/records",
    "/?__theme=<script>",
    "/login_check", "/gradio_api/login", "/gradio_api/token", "/gradio_api/info?page=" + "x" * 2000, "/nothing",
)  # fmt: skip
BODIES = (
    b"", b"null", b"[]", b"{", b'{"data": 5}', b'{"data": null}', b'{"data": []}', b"[" * 100_000, b"\xff\xfe",
    b"1" * 9999,
    b'{"data": [' + b"1," * 200_000 + b"1]}", b" " * (2 << 20),
)  # fmt: skip
SIGNS: tuple[Any, ...] = (
    None, 5, "x", [], {}, {"index": -1}, {"index": 10**9}, {"index": "0"}, {"case": "/etc/passwd"}, {"case": 5},
    {"act": "more", "case": "nobody"}, {"act": "use", "case": "../x"}, {"act": "region", "box": [0, 0, "x", 1]},
    {"act": "region", "box": [float("nan")] * 4}, {"act": "region", "box": 5}, {"act": "region"}, {"act": "forget"},
)  # fmt: skip


def abusive(count: int, seed: int, page: dict, case_id: str) -> Iterator[Attempt]:
    """So many attempts, drawn from every kind in turn; the same for the same seed and page.

    Args:
        page: what `/config` says of its events.
        case_id: of a case that there is.
    """
    random = np.random.default_rng(seed)
    kinds = [_values(case_id), _events(page), _routes(), _bodies()]
    pools = [[attempts[i] for i in random.permutation(len(attempts))] for attempts in map(list, kinds)]
    # The many endless ones are a sample, the few all of them.
    few = [*pools[2], *pools[3]]
    yield from few[:count]
    left = max(count - len(few), 0)
    for i in range(left):
        pool = pools[i % 2]
        yield pool[(i // 2) % len(pool)]


def _values(case_id: str) -> Iterator[Attempt]:
    """Every parameter of every endpoint with every odd value."""
    for verb, sound in (("classify", CLASSIFY), ("explain", EXPLAIN), ("similar", SIMILAR | {"case_id": case_id})):
        for name in sound:
            for odd in ODD:
                values = (sound | {name: odd}).values()
                yield Attempt(f"/{verb} {name}={odd!r:.40}", "call", (verb, *values))
        yield Attempt(f"/{verb} without values", "call", (verb,))
        yield Attempt(f"/{verb} with too many", "call", (verb, *([0] * 100)))


def _events(page: dict) -> Iterator[Attempt]:
    """Every private event with odd values and forged clicks."""
    for event in page["dependencies"]:
        number, count = event["id"], len(event["inputs"])
        trigger = next((t[0] for t in event["targets"] if t[0] is not None), None)
        for odd in ODD:
            yield Attempt(f"event {number} with {odd!r:.40}", "event", (number, [odd] * count, None, trigger))
        for sign in SIGNS:
            yield Attempt(f"event {number} said {sign!r:.40}", "event", (number, [None] * count, sign, trigger))
    for index in (-1, 10**9, 10**30, "x", None, 0.5):
        yield Attempt(f"event {index!r:.20}", "event", (index, []))


def _routes() -> Iterator[Attempt]:
    for path in ROUTES:
        yield Attempt(f"GET {path:.60}", "get", (path,))


def _bodies() -> Iterator[Attempt]:
    for path in ("/gradio_api/call/similar", "/gradio_api/queue/join", "/gradio_api/run/classify", "/gradio_api/reset"):
        for body in BODIES:
            yield Attempt(f"POST {path} {body[:20]!r}", "post", (path, body))

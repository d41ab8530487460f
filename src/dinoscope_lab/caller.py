"""Caller: one stranger who speaks plain HTTP; what comes back is told as answer, sentence or fault."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

import httpx

from dinoscope.ui.guarded import FAULT

ANSWER, SENTENCE, BROKEN = "answer", "sentence", "fault"
PATIENCE = 300.0
"""Seconds that an answer may take before it counts as none."""


@dataclass(frozen=True)
class Outcome:
    """What came back.

    Attributes:
        kind: `answer`, `sentence` for a refusal in words, `fault` for anything else.
        said: the sentence, or what was wrong; seconds: until it was there.
        content: of an answer.
    """

    kind: str
    said: str
    seconds: float
    content: Any = None


class Caller:
    """One visit of the app at an address of this machine; not for several threads."""

    def __init__(self, address: str) -> None:
        """Raises: ValueError: for an address of another machine."""
        if not address.startswith("http://127.0.0.1:"):
            raise ValueError(f"{address} is not on this machine; only the app that was started here is attacked")
        self.session = uuid.uuid4().hex[:12]
        self._http = httpx.Client(base_url=address, timeout=httpx.Timeout(PATIENCE, connect=30), trust_env=False)

    def upload(self, name: str, data: bytes) -> dict | None:
        """Send a file; gives what an endpoint takes, or None where it was refused."""
        answer = self._http.post("/gradio_api/upload", files={"files": (name, data)})
        if answer.status_code != 200:
            return None
        return {"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}, "orig_name": name}

    def call(self, verb: str, *values: Any) -> Outcome:
        """Call an endpoint by its name."""
        began = time.monotonic()
        # NaN and Infinity as well: a program may send them.
        joined = self._post(f"/gradio_api/call/{verb}", json.dumps({"data": values}))
        if isinstance(joined, Outcome):
            return joined
        try:
            text = self._http.get(f"/gradio_api/call/{verb}/{joined}").text
        except httpx.HTTPError as fault:
            return Outcome(BROKEN, type(fault).__name__, time.monotonic() - began)
        blocks = [b for b in text.split("\n\n") if b.startswith(("event: complete", "event: error"))]
        if not blocks:
            return Outcome(BROKEN, "no answer", time.monotonic() - began)
        content = json.loads(blocks[-1].split("data: ", 1)[1])
        done = blocks[-1].startswith("event: complete")
        return _judged(done, content, time.monotonic() - began)

    def event(self, index: Any, values: list, said: Any = None, trigger: Any = None) -> Outcome:
        """Do what the page does when a widget is used, with any values."""
        began = time.monotonic()
        body = {"data": values, "fn_index": index, "session_hash": self.session, "event_data": said}
        joined = self._post("/gradio_api/queue/join", json.dumps(body | {"trigger_id": trigger}))
        if isinstance(joined, Outcome):
            return joined
        try:
            with self._http.stream("GET", "/gradio_api/queue/data", params={"session_hash": self.session}) as lines:
                for line in lines.iter_lines():
                    if not line.startswith("data: "):
                        continue
                    message = json.loads(line[6:])
                    if message.get("msg") == "process_completed" and message.get("event_id") == joined:
                        output = message["output"]
                        return _judged(message["success"], output, time.monotonic() - began)
        except httpx.HTTPError as fault:
            return Outcome(BROKEN, type(fault).__name__, time.monotonic() - began)
        return Outcome(BROKEN, "no answer", time.monotonic() - began)

    def get(self, path: str) -> Outcome:
        """Ask for a route, redirects not followed."""
        return self._raw("GET", path, None)

    def post(self, path: str, body: bytes) -> Outcome:
        """Send any bytes as JSON."""
        return self._raw("POST", path, body)

    def config(self) -> dict:
        """The page's own description of its events."""
        return self._http.get("/config").json()

    def close(self) -> None:
        """Leave."""
        self._http.close()

    def _raw(self, method: str, path: str, body: bytes | None) -> Outcome:
        began = time.monotonic()
        try:
            answer = self._http.request(method, path, content=body, headers={"content-type": "application/json"})
        except httpx.HTTPError as fault:
            return Outcome(BROKEN, type(fault).__name__, time.monotonic() - began)
        kind = ANSWER if answer.status_code < 400 else SENTENCE if answer.status_code < 500 else BROKEN
        return Outcome(kind, f"{answer.status_code} {answer.text[:200]}", time.monotonic() - began, answer.text)

    def _post(self, path: str, body: str) -> str | Outcome:
        """The event's id, or why there is none."""
        outcome = self._raw("POST", path, body.encode())
        if outcome.kind != ANSWER:
            return outcome
        return json.loads(outcome.content)["event_id"]


def _judged(done: bool, content: Any, seconds: float) -> Outcome:
    if done:
        return Outcome(ANSWER, "", seconds, content)
    said = content.get("error") if isinstance(content, dict) else None
    if not isinstance(said, str) or not said or said == FAULT or "Traceback" in said:
        return Outcome(BROKEN, f"{said}", seconds)
    return Outcome(SENTENCE, said, seconds)

"""Which requests are let in: how large, how slow, how many, and to which routes."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from dinoscope.ui import door, patience
from fixtures.visiting import JSON, SIMILAR, sentence, upload


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/proxy=http://example.invalid/x",
        "gradio_api/file=http://example.invalid/x",
        "gradio_api/file=HTTPS://example.invalid/x",
        "gradio_api/file=/etc/passwd",
        "gradio_api/file=../../../etc/passwd",
        "gradio_api/file=/proc/self/environ",
        "gradio_api/file/etc/passwd",
        "static/..%2f..%2f..%2f..%2fetc/passwd",
        "assets/..%2f..%2f..%2f..%2fetc/passwd",
        "svelte/..%2f..%2fapp.py",
        "gradio_api/stream/a/b/1/playlist.m3u8",
        "gradio_api/monitoring",
        "gradio_api/vibe-code",
    ],
)
def test_no_route_gives_a_file_of_the_server_or_fetches_one(address: str, path: str, monkeypatch: pytest.MonkeyPatch):
    looked_up: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: looked_up.append(a) or [])
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.1")) as client:
        monkeypatch.undo()
        answer = client.get(f"{address}{path}", follow_redirects=False)
    assert answer.status_code in (403, 404)
    assert "root:" not in answer.text


def test_a_request_too_large_to_be_one_is_refused(address: str):
    assert httpx.post(f"{address}gradio_api/call/similar", content=b"[" * (2 << 20)).status_code == 413
    streamed = httpx.post(f"{address}gradio_api/call/similar", content=iter([b"[" * 65536] * 32))
    assert streamed.status_code == 413
    assert streamed.json()["detail"] == "A request may have 1 MB here; this one has more."


def connected(address: str, first: bytes) -> socket.socket:
    """A connection on which so much has been sent."""
    line = socket.create_connection((httpx.URL(address).host, httpx.URL(address).port), timeout=10)
    line.sendall(first)
    return line


def drip(line: socket.socket) -> bytes:
    """What comes back to whoever sends a byte now and then, until the other end hangs up."""
    line.settimeout(0.05)
    said, end = b"", time.monotonic() + 10
    while time.monotonic() < end:
        try:
            line.sendall(b"x")
            if not (part := line.recv(4096)):
                return said
            said += part
        except TimeoutError:
            continue
        except OSError:
            return said
    raise AssertionError("the connection was held")


@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\nHost: a\r\nX: "])
def test_a_head_that_drips_in_does_not_hold_a_connection(address: str, monkeypatch: pytest.MonkeyPatch, first: bytes):
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.3)
    assert drip(connected(address, first)) == b""
    after_an_answer = connected(address, b"GET /theme.css HTTP/1.1\r\nHost: a\r\n\r\n")
    assert after_an_answer.recv(12) == b"HTTP/1.1 200"
    drip(after_an_answer)


PART = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'


FORM = "multipart/form-data; boundary=b"


@pytest.mark.parametrize(
    ("route", "kind", "first"),
    [("call/similar", JSON["content-type"], b""), ("queue/join", JSON["content-type"], b""), ("upload", FORM, PART)],
)
def test_a_body_that_drips_in_is_told_so(
    address: str, monkeypatch: pytest.MonkeyPatch, route: str, kind: str, first: bytes
):
    monkeypatch.setattr(patience, "BODY_SECONDS", 0.3)
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.3)
    head = f"POST /gradio_api/{route} HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\nContent-Length: 9000\r\n\r\n"
    said = drip(connected(address, head.encode() + first))
    assert said.startswith(b"HTTP/1.1 408")
    assert door.SLOW.encode() in said


def test_a_large_upload_over_a_slow_line_gets_the_time_it_needs(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patience, "BODY_SECONDS", 0.2)
    monkeypatch.setattr(patience, "BYTES_A_SECOND", 100_000)

    def slowly() -> Iterator[bytes]:
        yield PART
        for _ in range(4):
            yield bytes(60_000)
            time.sleep(0.2)
        yield b"\r\n--b--\r\n"

    kind = {"content-type": FORM}
    assert httpx.post(f"{address}gradio_api/upload", content=slowly(), headers=kind).status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"[", b"null", b"5", b'{"data": 5}', b'{"data": []}', b"[" * 5000, b"\xff", b"1" * 9999]
)
def test_a_body_that_is_no_request_is_refused(address: str, body: bytes, caplog: pytest.LogCaptureFixture):
    answer = httpx.post(f"{address}gradio_api/call/similar", content=body, headers={"content-type": "application/json"})
    if answer.status_code == 200:  # taken, and refused when its turn comes
        event = answer.json()["event_id"]
        sentence(httpx.get(f"{address}gradio_api/call/similar/{event}").text)
    else:
        assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("index", [-1, 10**9, 10**30, "x", None, 0.5])
def test_an_event_that_the_page_does_not_have_is_refused(address: str, index: object):
    body = {"data": [], "fn_index": index, "session_hash": "abc"}
    assert 400 <= httpx.post(f"{address}gradio_api/queue/join", json=body).status_code < 500


def test_a_full_queue_says_so_at_once(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(door, "MOST_WAITING", 0)
    answer = httpx.post(f"{address}gradio_api/call/similar", json={"data": list(SIMILAR.values())})
    assert answer.status_code == 429
    assert answer.json()["detail"] == door.FULL


def test_a_disk_without_room_says_so(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(door, "LEFT_FREE", 1 << 60)
    answer = upload(address, "a.png", b"x")
    assert answer.status_code == 507
    assert answer.json()["detail"] == door.NO_ROOM


@pytest.mark.parametrize("path", ["gradio_api/queue/data?session_hash=none", "gradio_api/call/similar/none"])
def test_events_of_a_visit_that_there_is_not_are_answered_in_full(address: str, path: str):
    assert "not found" in httpx.get(f"{address}{path}").text.lower()

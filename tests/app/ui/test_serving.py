"""How the page is served: nothing is kept, counted or sent anywhere, and nothing too large is taken."""

from __future__ import annotations

import io
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio import processing_utils
from gradio.utils import get_upload_folder
from PIL import Image

from dinoscope.settings import Settings
from dinoscope.ui import door, guarded, page, patience
from dinoscope.workbench import Workbench


@contextmanager
def serving(workbench: Workbench) -> Iterator[tuple[str, gr.Blocks]]:
    """The page on the tiny assets, in this process: its address, and itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    demo = page.build(workbench, {}, lambda task, label, seed: Image.new("RGB", (64, 64)))
    try:
        yield page.launch(demo, Settings(port=port)), demo
    finally:
        demo.close(verbose=False)


@pytest.fixture(scope="module")
def served(workbench: Workbench) -> Iterator[tuple[str, gr.Blocks]]:
    """One page for every test that leaves it as it is."""
    with serving(workbench) as found:
        yield found


@pytest.fixture
def address(served: tuple[str, gr.Blocks]) -> str:
    """Where it is served."""
    return served[0]


@pytest.fixture
def strict(workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a page whose uploads are small and swept every second."""
    monkeypatch.setattr(page, "CACHE_SWEEP", 1)
    monkeypatch.setattr(page, "CACHE_AGE", 1)
    monkeypatch.setattr(page, "UPLOAD_LIMIT", "100kb")
    with serving(workbench) as (found, _):
        yield found


def upload(address: str, name: str, data: bytes) -> httpx.Response:
    return httpx.post(f"{address}gradio_api/upload", files={"files": (name, data)})


def test_no_history_no_analytics_no_monitoring(address: str):
    config = httpx.get(f"{address}config").json()
    assert config["run_history"] is False
    assert config["analytics_enabled"] is False
    assert httpx.get(f"{address}monitoring/summary").status_code >= 400
    assert httpx.get(f"{address}gradio_api/deep_link", params={"session_hash": "x"}).status_code == 404


def test_the_page_asks_no_other_host_for_anything(address: str):
    text = httpx.get(address).text
    for stranger in ("fonts.googleapis", "fonts.gstatic", "cdn.jsdelivr", "cdnjs"):
        assert stranger not in text


def test_an_upload_is_deleted_from_the_disk_when_its_time_is_over(strict: str):
    picture = io.BytesIO()
    Image.effect_noise((64, 64), 40).save(picture, "PNG")
    kept = Path(upload(strict, "visitor.png", picture.getvalue()).json()[0])
    assert kept.is_relative_to(get_upload_folder())
    assert kept.exists()
    for _ in range(100):
        if not kept.exists():
            break
        time.sleep(0.1)
    assert not kept.exists()


def test_an_upload_beyond_the_limit_is_refused(strict: str):
    assert upload(strict, "huge.png", bytes(200_000)).status_code == 413


JSON = {"content-type": "application/json"}


def ask(address: str, verb: str, *values: object) -> str:
    """What an endpoint answers to the bare values: its last event's name and content."""
    body = json.dumps({"data": values})  # with NaN and Infinity, as a program may send them
    event = httpx.post(f"{address}gradio_api/call/{verb}", content=body, headers=JSON).json()["event_id"]
    with httpx.stream("GET", f"{address}gradio_api/call/{verb}/{event}", timeout=60) as stream:
        return "".join(stream.iter_text())


def similar_to(address: str, case_id: str) -> str:
    return ask(address, "similar", None, "colours", 3, [], [], {}, case_id, [], [], [], False, 2)


@pytest.mark.parametrize("kind", ["picture", "missing", "folder", "device", "pipe", "long", "zero", "up"])
def test_an_id_is_never_a_path(address: str, kind: str, tmp_path: Path):
    picture, pipe = tmp_path / "secret.png", tmp_path / "pipe"
    Image.effect_noise((64, 64), 40).save(picture)
    os.mkfifo(pipe)
    case_id = {
        "picture": str(picture),
        "missing": str(tmp_path / "nothing.png"),
        "folder": str(tmp_path),
        "device": "/dev/zero",
        "pipe": str(pipe),
        "long": "x" * 200,
        "zero": "a\0b",
        "up": f"../../../..{picture}",
    }[kind]
    answer = similar_to(address, case_id)
    assert answer.startswith("event: error")
    assert "no case of" in answer
    assert "is called" in answer


def test_a_picture_that_was_not_uploaded_is_not_read(address: str, tmp_path: Path):
    picture = tmp_path / "secret.png"
    Image.effect_noise((64, 64), 40).save(picture)
    for path in (str(picture), "/dev/zero", "/etc/passwd"):
        answer = ask(address, "classify", {"path": path, "meta": {"_type": "gradio.FileData"}}, "")
        assert "are not opened here" in answer


@pytest.mark.parametrize("verb", ["classify", "similar"])
def test_an_address_is_refused_before_its_host_is_looked_up(address: str, verb: str, monkeypatch: pytest.MonkeyPatch):
    looked_up: list[str] = []
    monkeypatch.setattr(processing_utils, "resolve_hostname", looked_up.append, raising=False)
    monkeypatch.setattr(processing_utils, "async_ssrf_protected_download", looked_up.append)
    file = {"path": "http://example.invalid/x.png", "meta": {"_type": "gradio.FileData"}}
    rest = ("",) if verb == "classify" else ("colours", 3, [{"deep": file}], [], {}, "", [], [], [], False, 2)
    answer = ask(address, verb, file if verb == "classify" else None, *rest)
    assert "are not opened here" in answer
    assert not looked_up


def sentence(answer: str) -> str:
    """The one a caller is answered with.

    Raises:
        AssertionError: for an answer that is no error, or an error without a sentence.
    """
    assert answer.startswith("event: error"), answer
    said = json.loads(answer.split("data: ", 1)[1])["error"]
    assert isinstance(said, str)
    assert said
    assert "Traceback" not in said
    assert said != guarded.FAULT
    return said


ODD = ["5", "abc", [1], {"a": 1}, True, 2.5, -1, 10**400, float("nan"), float("inf")]
SIMILAR = {
    "picture": None,
    "task": "colours",
    "k": 3,
    "labels": [],
    "origins": [],
    "filters": {},
    "case_id": "phantom_red_0",
    "region": [],
    "liked": [],
    "disliked": [],
    "every": False,
    "per_class": 2,
}


@pytest.mark.parametrize("odd", ODD, ids=lambda o: repr(o)[:8])
@pytest.mark.parametrize("name", ["k", "per_class"])
def test_a_number_that_is_none_is_answered_by_its_name(address: str, name: str, odd: object):
    said = sentence(ask(address, "similar", *{**SIMILAR, name: odd}.values()))
    assert said.startswith(f"`{name}` is ")
    assert said.endswith("; give a whole number from 1 to 50")


@pytest.mark.parametrize("name", [n for n in SIMILAR if n not in ("picture", "case_id")])
@pytest.mark.parametrize("odd", [5, "x" * 5000, ["y" * 5000], [f"x{i}" for i in range(800)], [[]], {"z": 1}, [None]])
def test_whatever_is_sent_is_answered_by_a_sentence(address: str, name: str, odd: object):
    if odd == 5 and name in ("k", "per_class"):
        odd = -5
    said = sentence(ask(address, "similar", *{**SIMILAR, name: odd}.values()))
    assert len(said) < 400


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"labels": ["pink"]}, "`labels` has no “pink”; choose from blue, green, red"),
        ({"origins": ["mars"]}, "`origins` has no “mars”; choose from "),
        ({"filters": {"age": [0, 10**400]}}, "`age` is a number of more than 18 digits; give a number from "),
        ({"filters": {"age": [float("nan"), None]}}, "`age` is nan; give a number from "),
        ({"filters": {"sex": [f"s{i}" for i in range(60)]}}, "`sex` has 60 entries; the limit is 50"),
        ({"region": [0, 0, float("nan"), 1]}, "`region` is nan; give a number from 0 to 1"),
        ({"liked": [f"x{i}" for i in range(51)]}, "`liked` has 51 entries; the limit is 50"),
    ],
)
def test_what_is_not_there_is_refused_by_name(address: str, given: dict, expected: str):
    assert sentence(ask(address, "similar", *(SIMILAR | given).values())).startswith(expected)


def uploaded(address: str, name: str = "a.png") -> dict:
    """A picture that a visitor sent, as an endpoint is told of it."""
    picture = io.BytesIO()
    Image.effect_noise((64, 64), 40).save(picture, "PNG")
    return {"path": upload(address, name, picture.getvalue()).json()[0], "meta": {"_type": "gradio.FileData"}}


@pytest.mark.parametrize("odd", ODD, ids=lambda o: repr(o)[:8])
def test_a_seed_that_is_none_is_answered_by_its_name(address: str, odd: object):
    values = (uploaded(address), "colours", "", "random", odd, "", "", False)
    assert sentence(ask(address, "explain", *values)).startswith("`seed` is ")


@pytest.mark.parametrize(
    "odd",
    [
        5,
        "a.png",
        "data:image/png;base64,AAAA",
        [],
        {},
        {"path": "/etc/passwd"},
        {"path": 5, "meta": {"_type": "gradio.FileData"}},
        {"path": "x.png", "meta": "gradio.FileData"},
        {"path": "", "meta": {"_type": "gradio.FileData"}},
        {"path": "a\0b", "meta": {"_type": "gradio.FileData"}},
        {"path": "x" * 5000, "meta": {"_type": "gradio.FileData"}},
        {"path": "file:///etc/passwd", "meta": {"_type": "gradio.FileData"}},
        {"path": None, "url": "http://example.invalid/x.png", "meta": {"_type": "gradio.FileData"}},
    ],
    ids=lambda o: repr(o)[:30],
)
def test_a_picture_that_is_no_upload_is_answered_by_a_sentence(address: str, odd: object):
    sentence(ask(address, "classify", odd, "colours"))


def test_an_upload_of_somebody_else_with_a_dot_dot_is_not_read(address: str):
    file = uploaded(address)
    file["path"] = f"{file['path']}/../../../../../../etc/passwd"
    sentence(ask(address, "classify", file, "colours"))


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


def test_a_single_call_leaves_no_session_behind(served: tuple[str, gr.Blocks]):
    address, demo = served
    before = len(demo.state_holder.session_data)
    for _ in range(5):
        sentence(similar_to(address, "nothing"))
    assert len(demo.state_holder.session_data) == before


def test_a_fault_of_code_is_a_neutral_sentence_and_its_log_has_no_value_of_a_visitor(
    address: str, workbench: Workbench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail(self: Workbench, case_id: str, task: str | None = None) -> None:
        raise ValueError(f"{case_id} is secret")

    monkeypatch.setattr(Workbench, "query_case", fail)
    answer = similar_to(address, "mine")
    assert json.loads(answer.split("data: ", 1)[1])["error"] == guarded.FAULT
    assert "ValueError in similar" in caplog.text
    assert "in fail" in caplog.text
    assert "mine" not in caplog.text


@pytest.mark.parametrize("path", ["gradio_api/queue/data?session_hash=none", "gradio_api/call/similar/none"])
def test_events_of_a_visit_that_there_is_not_are_answered_in_full(address: str, path: str):
    assert "not found" in httpx.get(f"{address}{path}").text.lower()

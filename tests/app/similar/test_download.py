"""Download: what a host sends wrongly, or not to its end, is a sentence and no reason to give a picture up for good."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dinoscope.fitting.originals import Original, bring
from dinoscope.similar import Case
from dinoscope.similar.download import FetchError, NoAnswer, content
from dinoscope.similar.public_pictures import PublicPictures
from fixtures.originals import blob, png
from fixtures.tiny import drawn

PICTURE = png(drawn("colours", "red", 1))
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(PICTURE), PICTURE)
BROKEN = {
    "short body": WHOLE[:-100],
    "short chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b" % (len(PICTURE), PICTURE[:-100]),
    "no status": b"nonsense\r\n\r\n",
    "long line": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
    "busy": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    "too many": b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
}


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """A host that answers each call with the next of these bytes, the last of them for ever, and hangs up."""
    left = list(answers)
    with socket.create_server(("127.0.0.1", 0)) as host:

        def serve() -> None:
            while True:
                try:
                    caller, _ = host.accept()
                except OSError:
                    return
                with caller:
                    caller.recv(65536)
                    caller.sendall(left.pop(0) if len(left) > 1 else left[0])

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{host.getsockname()[1]}"


@pytest.mark.parametrize("fault", BROKEN)
def test_an_answer_that_is_broken_off_or_unreadable_is_no_answer(fault: str):
    with answering(BROKEN[fault]) as host, pytest.raises(NoAnswer, match=r"x: http://.* does not answer"):
        content("x", f"{host}/x.png", blob(PICTURE))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/a b.png", "http://127.0.0.1:9/ü\n.png", "http://127.0.0.1:x/", "x"]
)
def test_what_is_no_address_is_said(url: str):
    with pytest.raises(FetchError, match="is no address of the web") as caught:
        content("x", url, blob(PICTURE))
    assert not isinstance(caught.value, NoAnswer)


@pytest.mark.parametrize("fault", BROKEN)
def test_the_others_of_a_fetch_still_come(fault: str, tmp_path):
    with answering(BROKEN[fault], WHOLE) as host:
        wanted = [Original(n, f"{host}/{n}.png", blob(PICTURE), tmp_path / n) for n in "ab"]
        assert len(bring(wanted, "set", say=lambda _: None)) == 1


@pytest.mark.parametrize("fault", BROKEN)
def test_a_picture_is_asked_for_again_after_a_while(fault: str, tmp_path):
    with answering(BROKEN[fault], WHOLE) as host:
        case = Case("x", ("red",), "public", url=f"{host}/x.png", blob=blob(PICTURE))
        pictures = PublicPictures(tmp_path, "on")
        assert not pictures.bring([case], 10)
        assert not pictures.fetches, "not at every search"
        pictures._silent_until = 0.0
        assert pictures.bring([case], 10)

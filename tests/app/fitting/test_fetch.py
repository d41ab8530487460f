"""Fetch: originals are downloaded once, checked against their blob, and make a data set that fit can read."""

from __future__ import annotations

import csv
import hashlib
import http.server
import io
import threading
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dinoscope.fitting import fit
from dinoscope.fitting.features import read_public
from dinoscope.fitting.fetch import FetchError, convert, fetch
from dinoscope.reading import images
from dinoscope.settings import Settings
from dinoscope.similar import Case
from dinoscope.workbench import Workbench
from fixtures.tiny import CLASSES, drawn


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def blob(content: bytes) -> str:
    """What `git hash-object` prints."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@pytest.fixture
def originals():
    """Path on the server -> bytes: twelve pictures a class."""
    return {
        f"/owner/colours/{'c' * 40}/{label}%20({i}).png": png(drawn("colours", label, i, (300, 200)))
        for label in CLASSES["colours"]
        for i in range(12)
    }


@pytest.fixture
def cases(originals) -> list[Case]:
    """The public cases of those pictures."""
    return [
        Case(
            f"{n}",
            (path.rsplit("/", 1)[1].split("%")[0],),
            "public",
            group=f"patient {n}",
            fold=1 + n % 4,
            url=f"https://raw.githubusercontent.com{path}",
            blob=blob(content),
        )
        for n, (path, content) in enumerate(originals.items())
    ]


@pytest.fixture
def server(originals):
    """A host that serves them and counts what it is asked for."""
    asked: Counter[str] = Counter()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked[self.path] += 1
            content = originals.get(self.path)
            self.send_response(200 if content else 404)
            self.end_headers()
            self.wfile.write(content or b"not found")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{host.server_port}", asked
        host.shutdown()


def test_originals_come_as_pictures_that_fit_can_read(cases, server, tmp_path, encoder):
    assert fetch(cases, tmp_path / "colours", server[0]) == 36
    public = read_public(encoder, tmp_path / "colours", None, lambda _: None)
    assert {c.id: (c.labels, c.group, c.fold) for c in public.cases} == {
        c.id: (c.labels, c.group, c.fold) for c in cases
    }
    sizes = {images.read(p).picture.size for p in (tmp_path / "colours" / "all").iterdir()}
    assert sizes == {(256, 171)}


def test_a_second_fetch_asks_only_for_what_is_missing(cases, server, tmp_path):
    fetch(cases[:10], tmp_path / "colours", server[0])
    assert fetch(cases, tmp_path / "colours", server[0]) == 36
    assert set(server[1].values()) == {1}


def test_a_changed_or_vanished_original_is_named_and_left_out(cases, originals, server, tmp_path, capsys):
    first, second, *_ = originals
    originals[first] = png(Image.new("RGB", (8, 8)))
    del originals[second]
    assert fetch(cases, tmp_path / "colours", server[0]) == 34
    said = capsys.readouterr().out
    assert f"0: {server[0]}{first} is no longer the picture it was (git blob" in said
    assert f"1: {server[0]}{second} does not answer (HTTP Error 404: Not Found)" in said
    with (tmp_path / "colours" / "labels.csv").open() as file:
        assert {row["id"] for row in csv.DictReader(file)} == {c.id for c in cases} - {"0", "1"}


def test_an_original_that_is_no_picture_is_named(cases, originals, server, tmp_path, capsys):
    path = next(iter(originals))
    originals[path] = b"version https://git-lfs.github.com/spec/v1"
    fetch([replace(cases[0], blob=blob(originals[path])), *cases[1:3]], tmp_path / "colours", server[0])
    assert "0: " in capsys.readouterr().out
    assert len(list((tmp_path / "colours" / "all").iterdir())) == 2


def test_without_a_network_one_sentence_says_so(cases, tmp_path):
    with pytest.raises(FetchError, match=r"colours: none of 3 pictures could be had; the first: .* does not answer"):
        fetch(cases[:3], tmp_path / "colours", "http://127.0.0.1:9")


def test_grey_pictures_stay_grey_and_small_ones_small():
    grey = Image.fromarray(np.tile(np.arange(100, dtype=np.uint8), (50, 1)))
    with Image.open(io.BytesIO(convert(png(grey)))) as found:
        assert (found.mode, found.size, found.format) == ("L", (100, 50), "JPEG")


def test_findings_come_back_from_a_fetched_set(cases, server, tmp_path, monkeypatch, encoder):
    monkeypatch.setitem(
        fit.catalogue.TASKS, "both", {"exclusive": False, "classes": {"red": "", "green": "", "blue": ""}}
    )
    several = [replace(c, labels=("red", "blue") if c.labels == ("red",) else c.labels) for c in cases]
    fetch(several, tmp_path / "both", server[0])
    public = read_public(encoder, tmp_path / "both", None, lambda _: None)
    assert {c.id: set(c.labels) for c in public.cases} == {c.id: set(c.labels) for c in several}


def test_another_backbone_learns_from_fetched_pictures(
    cases, server, tmp_path, tiny_settings: Settings, other_backbone
):
    fetch(cases, tmp_path / "colours", server[0])
    chosen = replace(tiny_settings, backbone=str(other_backbone), images=tmp_path)
    bench = Workbench.load(chosen, fit, lambda _: None)
    assert sum(c.origin == "public" for c in bench.tasks["colours"].cases) == 36
    assert bench.classify(drawn("colours", "red", 500, strength=80), "colours").label == "red"

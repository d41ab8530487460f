"""Public pictures: small ones are fetched once from their pinned commit, checked, and kept in the cache alone."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from dinoscope.reading import images
from dinoscope.similar import Case, SearchRequest
from dinoscope.similar.public_pictures import PublicPictures
from dinoscope.ui.similar_view import Searcher, Wanted
from dinoscope.ui.visit import Chosen
from fixtures.originals import blob, png, serving
from fixtures.tiny import drawn


def public(name: str, content: bytes, **more) -> Case:
    url = f"https://raw.githubusercontent.com/owner/set/{'c' * 40}/{name}.png"
    return Case(name, ("red",), "public", url=url, blob=blob(content), **more)


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    return {f"{i}": png(drawn("colours", "red", i, (300, 200))) for i in range(6)}


@pytest.fixture
def server(contents):
    with serving({f"/owner/set/{'c' * 40}/{name}.png": c for name, c in contents.items()}) as host:
        yield host


@pytest.fixture
def cases(contents) -> list[Case]:
    return [public(name, content) for name, content in contents.items()]


def test_what_is_missing_is_fetched_once_and_kept(cases, server, tmp_path):
    pictures = PublicPictures(tmp_path, "on", server[0])
    assert pictures.bring(cases, 10)
    assert all(pictures.of(c).startswith(b"RIFF") for c in cases)
    assert not pictures.bring(cases, 10)
    assert set(server[1].values()) == {1}
    assert len(server[1]) == len(cases)


def test_what_came_while_others_were_asked_for_is_not_asked_for_again(cases, server, tmp_path, monkeypatch):
    class AtOnce(threading.Thread):
        def start(self):
            self.run()

    monkeypatch.setattr("dinoscope.similar.public_pictures.threading.Thread", AtOnce)
    pictures = PublicPictures(tmp_path, "on", server[0])
    assert pictures.bring([cases[0], replace(cases[0], id="the same picture")], 10)
    assert sum(server[1].values()) == 1


@pytest.mark.parametrize("mode", ["cached", "off"])
def test_nothing_is_fetched_unless_it_is_switched_on(mode, cases, server, tmp_path):
    assert not PublicPictures(tmp_path, mode, server[0]).bring(cases, 10)
    assert not server[1]
    PublicPictures(tmp_path, "on", server[0]).bring(cases, 10)
    assert bool(PublicPictures(tmp_path, mode).of(cases[0])) == (mode == "cached")


def test_a_picture_that_is_another_one_now_is_not_shown_and_not_asked_for_again(cases, server, tmp_path):
    changed = replace(cases[0], blob="0" * 40)
    pictures = PublicPictures(tmp_path, "on", server[0])
    assert not pictures.bring([changed], 10)
    assert not pictures.bring([changed], 10)
    assert sum(server[1].values()) == 1
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_host_that_cannot_be_reached_is_left_in_peace(cases, tmp_path):
    pictures = PublicPictures(tmp_path, "on", "http://127.0.0.1:9")
    assert not pictures.bring(cases[:2], 10)
    assert not pictures.fetches
    began = time.monotonic()
    assert not pictures.bring(cases, 10)
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize(
    "wrong", [{"blob": "../" * 14}, {"blob": ""}, {"url": ""}, {"url": "file:///etc/passwd"}, {"origin": "phantom"}]
)
def test_only_addresses_and_blobs_of_public_cases_are_taken(wrong, cases, server, tmp_path):
    case = replace(cases[0], **wrong)
    pictures = PublicPictures(tmp_path, "on")
    assert not pictures.bring([case], 10)
    assert pictures.of(case) == b""
    assert not server[1]


def test_the_cases_come_at_once_and_their_pictures_afterwards(workbench, tmp_path):
    """As the page has it: text rows first, then the same with pictures, then from the cache."""
    contents = {}
    task = workbench.tasks["colours"]

    def placed(case: Case) -> Case:
        if case.origin != "public":
            return case
        content = png(drawn("colours", case.labels[0], len(contents)))
        named = public(f"{len(contents)}", content)
        contents[named.url.removeprefix("https://raw.githubusercontent.com")] = content
        return replace(case, url=named.url, blob=named.blob)

    known = tuple(placed(c) for c in task.cases)
    of = {c.id: c for c in known}
    with serving(contents) as (mirror, asked):
        pictures = PublicPictures(tmp_path, "on", mirror)
        served = _Relabelled(replace(workbench, tasks={"colours": replace(task, cases=known)}, pictures=pictures), of)
        searcher, wanted = Searcher(served), Wanted(SearchRequest(6))
        decoded = images.read(drawn("colours", "red", 501, strength=60))
        chosen = Chosen(decoded, "mine")
        chosen = replace(chosen, reading=workbench.classify(decoded, "colours"))
        first = searcher.begin(chosen, wanted)
        assert not asked
        assert 'class="case-rows"' in first.board
        then = searcher.pictured(chosen, first.trail, wanted, "somebody")
        assert 'alt="public case, red"' in then.board
        assert 'class="case-rows"' not in then.board
        assert "https://raw" not in then.board.replace('<a href="https://raw', "")  # a link to follow, no picture
        again = searcher.begin(chosen, wanted)
        assert again.board == then.board
        assert set(asked.values()) == {1}


class _Relabelled(type("Workbench", (), {})):
    """A workbench whose index gives the cases as they are placed now."""

    def __init__(self, workbench, of):
        self._workbench, self._of = workbench, of

    def __getattr__(self, name):
        return getattr(self._workbench, name)

    def _placed(self, found):
        case = self._of[found.case.id]
        return replace(found, case=case, thumbnail=self._workbench.pictures.of(case))

    def similar(self, *asked, **more):
        return [self._placed(s) for s in self._workbench.similar(*asked, **more)]

    def differential(self, *asked, **more):
        found = self._workbench.differential(*asked, **more)
        return {label: [self._placed(s) for s in cases] for label, cases in found.items()}

"""Fetch: originals are downloaded once, checked against their blob, and make a data set that fit can read."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dinoscope.cli import main
from dinoscope.fitting import fit, unlabelled
from dinoscope.fitting.features import read_public
from dinoscope.fitting.fetch import FetchError, fetch, thumbnails
from dinoscope.fitting.originals import ENOUGH, convert, name_of
from dinoscope.reading import images
from dinoscope.settings import Settings
from dinoscope.similar import Case
from dinoscope.similar.public_pictures import PublicPictures
from dinoscope.workbench import Workbench
from fixtures.originals import blob, png, serving
from fixtures.tiny import CLASSES, drawn


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
    with serving(originals) as (url, asked):
        yield url, asked


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


@pytest.fixture
def rows(originals) -> list[dict[str, str]]:
    """The same pictures as a list of unlabelled ones: two sets, and paths as a repository spells them."""
    return [
        {
            "set": "first" if n % 3 else "second",
            "id": f"p{n}",
            "repo": "owner/colours",
            "commit": "c" * 40,
            "path": path.rsplit("/", 1)[1].replace("%20", " "),
            "blob": blob(content),
            "bytes": str(len(content)),
        }
        for n, (path, content) in enumerate(originals.items())
    ]


def test_unlabelled_pictures_come_by_set_and_a_second_fetch_asks_only_for_what_is_missing(rows, server, tmp_path):
    assert unlabelled.fetch(tmp_path, most=4, mirror=server[0], rows=rows) == 8
    assert unlabelled.fetch(tmp_path, mirror=server[0], rows=rows) == 36
    assert set(server[1].values()) == {1}
    assert {p.name for p in tmp_path.iterdir()} == {"first", "second"}
    assert {p.name for p in (tmp_path / "second").iterdir()} == {name_of(f"p{n}") for n in range(0, 36, 3)}


def test_one_set_can_be_asked_for_and_a_strange_one_is_named(rows, server, tmp_path):
    assert unlabelled.fetch(tmp_path, ["second"], mirror=server[0], rows=rows) == 12
    assert [p.name for p in tmp_path.iterdir()] == ["second"]
    with pytest.raises(FetchError, match="no unlabelled set is called 'third'; choose of second, first"):
        unlabelled.fetch(tmp_path, ["third"], mirror=server[0], rows=rows)


def test_a_repository_that_is_gone_does_not_keep_the_others_from_coming(rows, server, tmp_path, capsys):
    moved = [r | {"repo": "nobody/nothing"} if r["set"] == "first" else r for r in rows]
    moved.sort(key=lambda r: r["set"], reverse=True)
    assert unlabelled.fetch(tmp_path, mirror=server[0], rows=moved) == 12
    assert "first: none of 24 pictures could be had" in capsys.readouterr().out


def test_without_a_network_it_stops_after_a_few_tries(cases, tmp_path, capsys):
    many = [replace(c, id=f"{c.id}-{k}") for c in cases for k in range(20)]
    with pytest.raises(FetchError, match=r"none of 720 pictures could be had"):
        fetch(many, tmp_path / "colours", "http://127.0.0.1:9")
    assert ENOUGH <= capsys.readouterr().out.count("does not answer") < ENOUGH + 20


def test_the_shipped_list_names_a_commit_and_a_blob_for_every_picture_and_no_label():
    rows = unlabelled.listed()
    assert len(rows) == 34_594
    assert len({r["set"] for r in rows}) == 21
    assert set(rows[0]) == {"set", "id", "repo", "commit", "path", "blob", "bytes"}
    assert all(len(r["commit"]) == len(r["blob"]) == 40 for r in rows)
    assert len({(r["set"], r["id"]) for r in rows}) == len({r["blob"] for r in rows}) == len(rows)


def test_the_command_fetches_the_list_below_a_folder(rows, server, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(unlabelled, "listed", lambda: rows)
    asked = ["fetch", "--unlabelled", "--set", "second", "--out", str(tmp_path), "--mirror", server[0]]
    assert main(asked) == 0
    assert f"12 pictures; to learn from them: dinoscope pretrain --unlabelled {tmp_path}" in capsys.readouterr().out
    assert main(["fetch", "--unlabelled", "--set", "nothing", "--out", str(tmp_path)]) == 1
    assert "no unlabelled set is called 'nothing'" in capsys.readouterr().err


def test_small_pictures_fill_the_cache_for_a_talk_without_a_network(cases, server, tmp_path, capsys):
    thumbnails({"colours": cases}, tmp_path, server[0])
    assert "36 small pictures of public cases are in" in capsys.readouterr().out
    offline = PublicPictures(tmp_path, "cached")
    sizes = set()
    for case in cases:
        with Image.open(io.BytesIO(offline.of(case))) as small:
            sizes.add((small.format, small.size))
    assert sizes == {("WEBP", (160, 107))}
    thumbnails({"colours": cases}, tmp_path, server[0])
    assert set(server[1].values()) == {1}


def test_small_pictures_are_of_the_bundled_tasks(tiny_assets, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DINOSCOPE_ASSETS", str(tiny_assets))
    monkeypatch.setenv("DINOSCOPE_CACHE", str(tmp_path))
    assert main(["fetch", "--thumbnails", "--task", "nobody"]) == 1
    assert "no bundled task is called 'nobody'; choose one of colours" in capsys.readouterr().err
    assert main(["fetch", "--thumbnails"]) == 0
    assert "0 small pictures" in capsys.readouterr().out
    assert main(["fetch", "--task", "colours"]) == 1
    assert "--out FOLDER" in capsys.readouterr().err

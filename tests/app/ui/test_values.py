"""Whatever a program sends is answered by a sentence that names it; an id is never a path, an address never opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from gradio import processing_utils
from PIL import Image

from fixtures.visiting import ODD, SIMILAR, ask, sentence, similar_to, uploaded


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


@pytest.mark.parametrize("verb", ["classify", "explain", "similar", "features"])
def test_values_that_a_program_leaves_out_are_those_that_the_endpoint_takes_by_itself(address: str, verb: str):
    picture = uploaded(address)
    short = ask(address, verb, picture)
    assert short.startswith("event: complete"), short
    assert sentence(ask(address, verb)).startswith("send" if verb == "similar" else "no picture was sent")


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

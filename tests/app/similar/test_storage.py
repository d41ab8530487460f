"""A server that is absent, too old or locked is told in one sentence, and a good one gets what it needs to be fast."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dinoscope.errors import RequestError
from dinoscope.similar import Case, CaseIndex, IndexFault, Storage, folder
from dinoscope.workbench import Workbench
from fixtures import qdrant_server
from fixtures.looking import by_class, looks, search
from fixtures.tiny import drawn

ROOT = Path(__file__).resolve().parents[3]
CASES = [Case(f"c{i}", ("ant",), "public") for i in range(600)]
VECTORS = np.random.default_rng(0).normal(size=(600, 8)).astype(np.float32)


def test_a_server_that_is_not_there_is_named_with_the_variable_to_check():
    with pytest.raises(IndexFault, match=r"server at http://127\.0\.0\.1:9 cannot be reached .*; check QDRANT_URL"):
        Storage("http://127.0.0.1:9").open()


@pytest.mark.parametrize("version", ["1.7.4", "0.11.0", "2.0.0", "unknown"])
def test_a_server_of_the_wrong_version_is_refused_with_its_version(version):
    with qdrant_server.running(version) as server, pytest.raises(IndexFault, match=f"is version {version}; this app"):
        Storage(server.url).open()


def test_the_server_that_compose_starts_is_within_one_minor_version_of_the_client():
    image = re.search(r"qdrant/qdrant:v(\d+)\.(\d+)", (ROOT / "docker-compose.yml").read_text())
    client = importlib.metadata.version("qdrant-client").split(".")
    assert image[1] == client[0]
    assert abs(int(image[2]) - int(client[1])) <= 1


def test_a_wrong_key_is_refused_and_the_right_one_is_sent():
    with qdrant_server.running(key="secret") as server:
        with pytest.raises(IndexFault, match="refuses the key; check QDRANT_API_KEY"):
            Storage(server.url, "wrong").open()
        Storage(server.url, "secret").open().close()


def test_a_collection_is_created_with_graph_quantization_shards_and_an_index_on_every_filter():
    with qdrant_server.running() as server:
        index = CaseIndex(Storage(server.url, shards=4, replicas=2))
        index.fill("insects", CASES[:3], VECTORS[:3], np.ones((3, 2, 4), np.float32))
        (name, created), indexed = next(iter(server.created.items())), next(iter(server.indexed.values()))
        assert name.startswith("dinoscope_insects_")
        assert (created.shard_number, created.replication_factor) == (4, 2)
        assert created.vectors["picture"].hnsw_config.m == 16
        assert created.vectors["picture"].quantization_config.scalar.type == "int8"
        # Patches only rank again what the pictures' graph has found.
        assert created.vectors["patches"].hnsw_config.m == 0
        assert created.vectors["patches"].multivector_config.comparator == "max_sim"
        assert indexed["labels"] == indexed["sex"] == "keyword"
        assert indexed["age"] == indexed["lesion_size"] == "float"


def test_a_second_start_sends_nothing():
    with qdrant_server.running() as server:
        for sent in (600, 0):
            index = CaseIndex(Storage(server.url))
            assert index.fill("insects", CASES, VECTORS) == sent
            upserts = [c for c in server.calls if c[0] == "PUT" and c[1].endswith("/points")]
            assert len(upserts) == 3  # batches of 256, from the first start only


def test_the_app_serves_from_memory_and_says_so_when_the_server_cannot_be_reached(tiny_settings):
    bench = Workbench.load(replace(tiny_settings, qdrant_url="http://127.0.0.1:9"), say=lambda _: None)
    assert bench.index.storage.kind == "memory"
    assert bench.notices[0].startswith("Searching the bundled cases in memory: the Qdrant server at http://127.0.0.1:9")
    assert len(bench.similar(drawn("colours", "red", 501), "colours")) == 5


def test_the_app_answers_from_a_server_as_it_does_from_memory(tiny_settings, workbench):
    picture = drawn("colours", "red", 501)
    with qdrant_server.running() as server:
        bench = Workbench.load(replace(tiny_settings, qdrant_url=server.url), say=lambda _: None)
        assert bench.notices == ()
        there, here = (b.similar(picture, "colours", k=7) for b in (bench, workbench))
        assert [s.case for s in there] == [s.case for s in here]
        assert [s.similarity for s in there] == pytest.approx([s.similarity for s in here], abs=1e-5)


def test_any_number_of_liked_cases_is_looked_up_at_once(tiny_settings):
    with qdrant_server.running() as server:
        bench = Workbench.load(replace(tiny_settings, qdrant_url=server.url), say=lambda _: None)
        query = bench.query(drawn("colours", "red", 501), "colours")
        before = len(server.calls)
        bench.similar(query, liked=tuple(c.id for c in bench.tasks["colours"].cases[:40]))
        assert [verb.rsplit("/", 1)[-1] for _, verb in server.calls[before:]] == ["points", "query"]
        with pytest.raises(RequestError, match="has no case “nobody”"):
            bench.similar(query, liked=("nobody",) * 800)


def test_a_server_that_goes_away_in_the_middle_of_a_visit_is_told_in_one_sentence(tiny_settings):
    with qdrant_server.running() as server:
        bench = Workbench.load(replace(tiny_settings, qdrant_url=server.url), say=lambda _: None)
    with pytest.raises(RequestError, match=r"^The similar cases cannot be searched: the Qdrant server at .* cannot be"):
        bench.similar(drawn("colours", "red", 501), "colours")


def test_too_many_cases_for_memory_are_told_with_what_to_set(tiny_settings, monkeypatch):
    monkeypatch.setattr("dinoscope.loading.LARGE", 20)
    notices = Workbench.load(tiny_settings, say=lambda _: None).notices
    assert notices[0] == (
        "colours holds 48 cases in memory; above 20, set QDRANT_URL to a Qdrant server or QDRANT_PATH to a folder."
    )


def test_a_folder_keeps_its_cases_from_one_start_to_the_next(tmp_path):
    for sent in (600, 0):
        index = CaseIndex(Storage(path=tmp_path / "index"))
        assert index.fill("insects", CASES, VECTORS) == sent
        found = search(index, looks("insects", VECTORS[5] / np.linalg.norm(VECTORS[5])), 1)
        assert found[0].case.id == "c5"
        index.close()


def damage(path, name, keep):
    """Cut a file of the index short, as a full disk or a kill leaves it."""
    file = next(p for p in sorted(path.rglob(name)) if p.is_file())
    os.truncate(file, keep)


@pytest.mark.parametrize(
    ("name", "keep"),
    [
        ("edge_config.json", 20),
        ("edge_config.json", 0),
        ("segment.json", 0),
        ("version.info", 0),
        ("first-index", 0),
        ("status.dat", 0),
    ],
)
def test_a_damaged_folder_is_called_damaged_and_the_app_searches_in_memory(tmp_path, name, keep):
    index = CaseIndex(Storage(path=tmp_path / "index"))
    index.fill("insects", CASES[:5], VECTORS[:5])
    index.close()
    damage(tmp_path / "index", name, keep)
    with pytest.raises(IndexFault) as caught:
        Storage(path=tmp_path / "index").open()
    assert str(caught.value).startswith(f"the index in {tmp_path / 'index'} is damaged (")
    assert "restore it from a copy, or move the folder away" in str(caught.value)
    shutil.copytree(tmp_path / "index", tmp_path / "copy")  # nothing is left locked


def test_the_app_says_that_its_index_is_damaged_and_searches_in_memory(tiny_settings, tmp_path):
    chosen = replace(tiny_settings, qdrant_path=tmp_path / "index")
    Workbench.load(chosen, say=lambda _: None).index.close()
    damage(tmp_path / "index", "edge_config.json", 20)
    bench = Workbench.load(chosen, say=lambda _: None)
    assert bench.index.storage.kind == "memory"
    assert bench.notices[0].startswith(
        f"Searching the bundled cases in memory: the index in {tmp_path / 'index'} is dam"
    )


def test_damage_that_shows_only_when_cases_are_asked_for_is_told_and_the_app_searches_in_memory(
    tmp_path, tiny_settings
):
    chosen = replace(tiny_settings, qdrant_path=tmp_path / "index")
    Workbench.load(chosen, say=lambda _: None).index.close()
    for file in (tmp_path / "index").rglob("payload_storage/page_0.dat"):
        with file.open("r+b") as held:
            held.write(np.random.default_rng(1).bytes(65536))
    bench = Workbench.load(chosen, say=lambda _: None)
    assert bench.index.storage.kind == "memory"
    assert "index is damaged (Service runtime error: Failed to" in bench.notices[0]
    assert len(bench.similar(drawn("colours", "red", 501), "colours")) == 5


class Broken:
    """A shard whose every call fails, as the engine has it: with a plain exception."""

    def __init__(self) -> None:
        self.closed = False

    def __getattr__(self, name: str):
        def call(*_):
            raise Exception(f"{name} is broken")

        return call

    def close(self) -> None:
        self.closed = True


def test_every_call_of_the_engine_that_fails_is_told_in_words(tmp_path):
    index = CaseIndex(Storage(path=tmp_path / "index"))
    index.fill("insects", CASES[:5], VECTORS[:5])
    sound, broken = index.client.shards, [Broken(), Broken()]
    index.client.shards = dict.fromkeys(sound, broken[0])
    asked = looks("insects", VECTORS[5] / np.linalg.norm(VECTORS[5]))
    for call in (
        lambda: index.count("insects"),
        lambda: index.fill("insects", CASES[:9], VECTORS[:9]),
        lambda: search(index, asked, 1),
        lambda: by_class(index, asked, 1, 1),
        lambda: index.attach("insects", 8, 0, ""),
        index.settle,
    ):
        with pytest.raises(IndexFault, match=r"is damaged \(\w+ is broken\)"):
            call()
    index.client.shards = dict(enumerate(broken)) | sound
    with pytest.raises(IndexFault, match="flush is broken"):
        index.close()
    assert all(b.closed for b in broken)
    CaseIndex(Storage(path=tmp_path / "index")).close()  # nothing is left locked


def test_a_disk_without_room_is_told_before_the_engine_would_be_killed(tmp_path, monkeypatch):
    index = CaseIndex(Storage(path=tmp_path / "index"))
    index.fill("insects", CASES[:5], VECTORS[:5])
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10_000_000))
    for call in (lambda: index.fill("insects", CASES, VECTORS), index.settle, lambda: index.attach("bees", 8, 0, "")):
        with pytest.raises(IndexFault, match=r"has no room left on its disk; make room, .* \(No space: 10 MB are free"):
            call()
    assert index.count("insects") == 5, "what was there can be searched"
    index.close()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("Can't init WAL: Kind(WouldBlock)", "is in use by another process"),
        ("Permission denied (os error 13)", "may not be read and written by this user"),
        ("Read-only file system (os error 30)", "lies on a disk that may only be read"),
        ("No space left on device (os error 28)", "has no room left on its disk"),
        ("Too many open files (os error 24)", "needs more open files than are allowed"),
        ("index out of bounds: the len is 0", "is damaged (index out of bounds: the len is 0)"),
    ],
)
def test_every_fault_of_a_folder_is_told_as_what_it_is(said, sentence):
    assert sentence in folder.in_words(Path("q"), said)


def test_a_folder_that_is_a_file_is_refused_in_words(tmp_path):
    (tmp_path / "index").write_text("")
    with pytest.raises(IndexFault, match=r"cannot be used .*; set QDRANT_PATH"):
        Storage(path=tmp_path / "index").open()

"""Growth: made-up cases look like the real ones, sizes are parts of their own, and the cluster's figures add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import yaml

from dinoscope.reading.scope import unit
from dinoscope.settings import ROOT
from dinoscope_lab.benchmark import cluster, growth
from dinoscope_lab.benchmark.study import Study


@pytest.fixture
def made() -> growth.Made:
    """Like 300 real vectors in five bunches."""
    rng = np.random.default_rng(0)
    middles = 3 * rng.normal(size=(5, 32))
    return growth.Made.like(unit(middles[np.arange(300) % 5] + rng.normal(size=(300, 32))).astype(np.float32), 0)


def test_made_up_vectors_lie_as_near_to_real_ones_as_these_do_to_each_other(made):
    vectors = made.vectors(3)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors, made.vectors(3))
    assert not np.array_equal(vectors, made.vectors(4))
    among = np.sort(made.real @ made.real.T, axis=1)[:, -2]
    beside = np.sort(vectors @ made.real.T, axis=1)[:, -1]
    assert np.median(beside) == pytest.approx(np.median(among), abs=0.1)
    chance = unit(np.random.default_rng(1).normal(size=vectors.shape)) @ made.real.T
    assert np.percentile(beside, 1) > np.percentile(chance.max(1), 99)


def test_a_search_of_each_kind_is_timed_and_the_true_neighbours_are_found(made, monkeypatch):
    monkeypatch.setattr(growth, "CHUNK", 50)
    monkeypatch.setattr(growth, "_alone", lambda do, *arguments: do(*arguments))
    study = Study.__new__(Study)
    monkeypatch.setattr(growth, "_scratch", lambda _: None)
    rows = [r for kind, size in (("memory", 120), ("folder", 130)) for r in growth._grown(study, made, kind, size)]
    assert [(r["place"], r["search"]) for r in rows] == [
        (place, s) for place in ("memory", "folder") for s in ("plain", "filtered", "grouped", "region")
    ]
    for row in rows:
        assert 0 < row["median"] <= row["late"]
        assert row["recall"] > 0.95
    folder = next(r for r in rows if r["place"] == "folder")
    assert folder["disk"] > 0 < folder["start"]
    costs, curve = growth.tables(rows)
    assert len(costs.rows) == 2
    assert curve.places() == ["memory", "folder"]


def test_a_size_that_was_not_asked_for_is_said_to_be_left_out(workbench, tmp_path, monkeypatch):
    study = Study("growth", "", workbench.encoder, tmp_path, tmp_path, tmp_path / "assets", most=600, quick=True)
    study.__dict__["workbench"] = workbench
    row = {"place": "memory", "cases": 500, "search": "plain", "median": 1.0, "late": 2.0, "rate": 9, "recall": 1.0}
    monkeypatch.setattr(growth, "_grown", lambda *_: [row])
    report = growth.measure(study)
    assert report.headline["value"] == 1.0
    assert report.notes[0] == "1,000 cases were not asked for."
    whole = replace(study, quick=False, most=None)
    whole.__dict__["workbench"] = workbench
    monkeypatch.setattr(growth.shutil, "disk_usage", lambda _: type("Disk", (), {"free": 4e9})())
    assert growth.measure(whole).notes[0] == "1,000,000 cases were left out: 30 GB of disk were not free."


def test_the_clusters_memory_is_the_published_rule():
    table = cluster.table([{"place": "folder", "cases": 100_000, "disk": 600, "search": "plain"}])
    million = table.find(cases=1_000_000)
    assert million["float32"] == pytest.approx(1e6 * 512 * 4 * 1.5 * 2 / 3 / 1e9, abs=0.05)
    assert million["int8"] == pytest.approx(million["float32"] / 4, abs=0.05)
    assert million["disk"] == pytest.approx(2 * 6.0 * 2 / 3, abs=0.05)


def test_the_composed_cluster_is_the_one_on_paper():
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    nodes = {n: s for n, s in composed["services"].items() if s.get("profiles") == ["cluster"]}
    assert len(nodes) == cluster.NODES
    assert all(s["environment"]["QDRANT__CLUSTER__ENABLED"] == "true" for s in nodes.values())
    assert all(s["image"] == composed["services"]["qdrant"]["image"] for s in nodes.values())
    assert len({tuple(s["volumes"]) for s in nodes.values()}) == cluster.NODES
    first, *others = nodes
    assert all(f"http://{first}:6335" in nodes[n]["command"] for n in others)
    text = (ROOT / "docker-compose.yml").read_text()
    assert (
        f"QDRANT_SHARDS={cluster.SHARDS} QDRANT_REPLICAS={cluster.COPIES} docker compose --profile cluster up" in text
    )
    # Named, and without what the app else depends on: the single server has no profile and would start beside them.
    assert f"up --no-deps app {' '.join(nodes)}\n" in text

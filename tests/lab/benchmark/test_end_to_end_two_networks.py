"""Two networks: the app is asked both ways where the second one's heads are shipped, and not at all elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from dinoscope import fusion
from dinoscope_lab.benchmark import two_networks
from dinoscope_lab.benchmark.study import Study


def test_both_ways_are_asked_the_same_where_heads_are_shipped(encoder, tmp_path, monkeypatch):
    study = Study("end_to_end", "", encoder, tmp_path, tmp_path, tmp_path / "assets")
    pictures = [("colours", SimpleNamespace(path=Path(__file__))), ("stripes", SimpleNamespace(path=Path(__file__)))]
    assert two_networks.measure(study, pictures) == []
    fusion.place(study.assets, two_networks.NETWORK).mkdir(parents=True)
    asked, began = [], []

    @contextmanager
    def started(settings):
        began.append(settings)
        yield "address", SimpleNamespace(pid=1, poll=lambda: None), 0.0

    def asking(verb, picture, **named):
        asked.append((verb, named))
        return [{}], 0.1

    monkeypatch.setattr(two_networks, "started", started)
    monkeypatch.setattr(two_networks, "Asking", lambda address: asking)
    alone, both = two_networks.measure(study, pictures)
    assert [s["DINOSCOPE_FUSION"] for s in began] == ["", "efficientnet-lite0"]
    assert (alone["method"], both["method"]) == ("backbone alone", "with EfficientNet-Lite0")
    assert asked[: len(asked) // 2] == asked[len(asked) // 2 :]
    assert asked[1:][:2] == [("classify", {"task": "colours"}), ("classify", {"task": "stripes"})]
    assert two_networks.table([alone, both]).rows[0]["answers"] == 2

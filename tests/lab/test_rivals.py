"""Rivals: those that are here are read, and a sentence says why another is not."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from dinoscope.reading import efficientnet
from dinoscope.reading.backbone import EncoderError, fingerprint
from dinoscope_lab import rivals
from fixtures.tiny import write_backbone


def test_a_network_that_is_not_installed_is_told_and_left_out(monkeypatch):
    def absent(*_):
        raise EncoderError("EfficientNet-Lite0 is not installed; say how")

    monkeypatch.setattr(efficientnet, "_module", absent)
    found = rivals.installed()
    assert found.encoders == ()
    assert found.first is None
    assert [(r["encoder"], r["ran"]) for r in found.tried] == [
        ("EfficientNet-Lite0", "no"),
        ("EfficientNet-Lite2", "no"),
    ]
    assert "say how" in found.tried[0]["why"]


@pytest.fixture
def history(tmp_path):
    """A checkout whose first commit has another backbone than its second; the commit's name."""
    checkout = tmp_path / "checkout"
    shutil.copytree(write_backbone(tmp_path / "old", 3), checkout / "model_assets" / "backbone")

    def git(*arguments):
        settings = ["-c", "user.name=n", "-c", "user.email=e@e", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", "-C", checkout, *settings, *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "old")
    first = git("rev-parse", "HEAD")
    shutil.copytree(write_backbone(tmp_path / "new", 4), checkout / "model_assets" / "backbone", dirs_exist_ok=True)
    git("commit", "-qam", "new")
    return checkout, first


def test_the_earlier_backbone_comes_out_of_the_history_and_is_kept(history, tmp_path):
    checkout, first = history
    found = rivals.earlier_backbone(tmp_path / "cache", checkout=checkout, commit=first)
    assert found.name == rivals.EARLIER
    assert found.fingerprint == fingerprint(tmp_path / "old") != fingerprint(tmp_path / "new")
    shutil.rmtree(checkout)
    again = rivals.earlier_backbone(tmp_path / "cache", checkout=checkout, commit=first)
    assert again.fingerprint == found.fingerprint


def test_measurements_that_want_the_earlier_backbone_at_once_all_get_it(history, tmp_path):
    checkout, first = history
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(rivals.earlier_backbone, tmp_path / "cache", "cpu", checkout, first) for _ in range(6)]
        assert len({a.result().fingerprint for a in asked}) == 1


def test_without_its_history_a_sentence_says_so_and_nothing_is_kept(tmp_path):
    with pytest.raises(
        EncoderError, match=r"is in this repository's history \(commit d055546\), which is not here; clone"
    ):
        rivals.earlier_backbone(tmp_path / "cache", checkout=tmp_path)
    assert list((tmp_path / "cache" / "backbones").iterdir()) == []

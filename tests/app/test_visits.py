"""Nothing outlives the visit: one folder for all of it, empty again however the app ended."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path

import pytest

from dinoscope import atomic, visits


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The machine's folder for temporary files, for this test alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    return tmp_path


def test_every_temporary_file_lies_in_the_visits_folder_and_goes_with_it():
    with visits.folder() as own:
        with tempfile.NamedTemporaryFile(delete=False) as file:
            assert Path(file.name).parent == own
        assert Path(os.environ["GRADIO_TEMP_DIR"]).is_relative_to(own)
        assert own.stat().st_mode & 0o077 == 0
    assert not own.exists()
    assert "GRADIO_TEMP_DIR" not in os.environ


def test_what_a_killed_process_left_is_deleted_and_what_a_living_one_holds_is_not(elsewhere: Path):
    with visits.folder() as living:
        dead = living.parent / "killed"
        (dead / "uploads").mkdir(parents=True)
        (dead / "uploads" / "scan.dcm").write_bytes(b"x")
        (dead / visits.LOCK).touch()
        os.environ["TMPDIR"] = tempfile.tempdir = str(elsewhere)
        with visits.folder() as other:
            assert other != living
            assert living.exists()
            assert not dead.exists()


def test_a_folder_that_somebody_else_put_there_is_not_used(elsewhere: Path, tmp_path_factory: pytest.TempPathFactory):
    (elsewhere / f"dinoscope-{os.getuid()}").symlink_to(tmp_path_factory.mktemp("theirs"))
    with pytest.raises(PermissionError, match="set TMPDIR to a folder of your own"), visits.folder():
        pass


def test_a_sweep_takes_the_old_and_the_empty_and_leaves_the_rest(tmp_path: Path):
    for name in ("uploads/old/scan.png", "uploads/page/logo.svg"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "uploads" / "tmpabc").touch()
    (tmp_path / "uploads" / "empty").mkdir()
    own = {str(tmp_path / "uploads/page/logo.svg")}
    assert visits.sweep(tmp_path, 1800, own) == 0
    soon, late = time.time() + 2 * visits.SETTLED, time.time() + 1801
    visits.sweep(tmp_path, 1800, own, soon)
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")) == [
        "uploads",
        "uploads/old",
        "uploads/old/scan.png",
        "uploads/page",
        "uploads/page/logo.svg",
    ]
    visits.sweep(tmp_path, 1800, own, late)
    visits.sweep(tmp_path, 1800, own, late + 2 * visits.SETTLED)
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == ["uploads/page/logo.svg"]
    assert not (tmp_path / "uploads" / "old").exists()


def test_a_left_over_that_goes_meanwhile_stops_no_start(elsewhere: Path):
    assert not visits._is_abandoned(elsewhere / "gone")


def test_starts_wait_for_each_other_so_that_none_deletes_what_is_not_locked_yet(elsewhere: Path):
    base = elsewhere / f"dinoscope-{os.getuid()}"
    base.mkdir()
    began = threading.Event()

    def start() -> None:
        began.set()
        with visits.folder():
            pass

    with atomic.held(base):
        other = threading.Thread(target=start)
        other.start()
        began.wait(10)
        time.sleep(0.2)
        assert not any(base.iterdir())
    other.join(10)
    assert not other.is_alive()

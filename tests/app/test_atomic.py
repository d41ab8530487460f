"""A change of several files is there as a whole or not at all, however it is cut short."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dinoscope import atomic


class Killed(BaseException):
    """Stands for a kill: no handler of the app catches it."""


def test_a_change_that_is_cut_short_anywhere_leaves_the_old_state_or_the_new_one(tmp_path, monkeypatch):
    """Every call that touches the disk is the last one once; then `finish`, as a reader calls it, is enough."""
    names = ("a.txt", "tasks/x/b.txt", "tasks/x/c.txt", "manifest.json")
    seen = set()
    for last in range(1, 40):
        root = tmp_path / str(last)
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("old")
        counter = itertools.count(1)

        def counted(real, counter=counter, last=last):
            def call(*arguments, **more):
                if next(counter) >= last:
                    raise Killed
                return real(*arguments, **more)

            return call

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", counted(Path.rename))
            patch.setattr(Path, "replace", counted(Path.replace))
            patch.setattr(shutil, "rmtree", counted(shutil.rmtree))
            patch.setattr("os.fsync", counted(lambda _: None))
            with contextlib.suppress(Killed), atomic.change(root) as staged:
                for name in names:
                    (staged / name).parent.mkdir(parents=True, exist_ok=True)
                    (staged / name).write_text("new")
        atomic.finish(root)
        state = {(root / name).read_text() for name in names}
        assert len(state) == 1, f"a kill at call {last} leaves {state}"
        assert not (root / atomic.DECIDED).exists()
        seen |= state
    assert seen == {"old", "new"}


def test_a_full_disk_leaves_the_old_state_and_no_scraps(tmp_path):
    (tmp_path / "a.txt").write_text("old")

    def fill_the_disk():
        with atomic.change(tmp_path) as staged:
            (staged / "a.txt").write_text("ne")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        fill_the_disk()
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    (tmp_path / f"{atomic.STAGED}dead").mkdir()
    with atomic.change(tmp_path) as staged:
        atomic.finish(tmp_path)
        assert staged.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_change_waits_until_another_below_the_same_root_has_ended(tmp_path):
    """Else of two that read a file and write it anew, as the manifest is, one would lose what the other wrote."""
    (tmp_path / "count").write_text("0")

    def one_more(_: int) -> None:
        with atomic.change(tmp_path) as staged:
            found = int((tmp_path / "count").read_text())
            time.sleep(0.02)
            (staged / "count").write_text(str(found + 1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one_more, range(8)))
    assert (tmp_path / "count").read_text() == "8"
    assert [p.name for p in tmp_path.iterdir()] == ["count"]


def test_a_change_that_another_has_decided_on_meanwhile_comes_first_and_both_are_carried_out(tmp_path):
    with atomic.change(tmp_path) as staged:
        (staged / "a.txt").write_text("ours")
        (tmp_path / atomic.DECIDED).mkdir()
        for name in ("a.txt", "b.txt"):
            (tmp_path / atomic.DECIDED / name).write_text("theirs")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a.txt": "ours", "b.txt": "theirs"}


def test_a_file_is_written_with_the_rights_of_any_new_file_and_the_processes_mask_is_left_alone(tmp_path, monkeypatch):
    (tmp_path / "plain").write_text("")
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("another thread's files would get these rights"))
    atomic.write(tmp_path / "new", "new")
    atomic.write(tmp_path / "new", b"newer")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)
    assert (tmp_path / "new").read_bytes() == b"newer"
    assert {p.name for p in tmp_path.iterdir()} == {"plain", "new"}

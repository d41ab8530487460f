"""A change of several files is there as a whole or not at all, however it is cut short."""

from __future__ import annotations

import contextlib
import errno
import itertools
import shutil
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

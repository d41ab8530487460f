"""Torch files: the tensors of an old weights file come out as they went in, and nothing that it says is run."""

from __future__ import annotations

import os
from collections import OrderedDict

import pytest
import torch

from dinoscope.reading import torch_file
from dinoscope.reading.torch_file import TorchFileError


def written(path, value):
    """A file as `torch.save` wrote it before version 1.6."""
    torch.save(value, path, _use_new_zipfile_serialization=False)
    return path


def test_a_state_dict_comes_out_as_it_went_in(tmp_path):
    torch.manual_seed(0)
    wanted = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2)).state_dict()
    wanted["half"] = torch.randn(3, 5).half()
    wanted["turned"] = torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last)
    both = torch.randn(10)
    wanted["part"], wanted["whole"] = both[2:6], both
    found = torch_file.read(written(tmp_path / "a.pth", wanted))
    assert list(found) == list(wanted)
    for name, tensor in wanted.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor), name


class Hostile:
    """What runs a command when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize(
    "wrap", [lambda h: h, lambda h: OrderedDict(weight=h), lambda h: {"a": torch.ones(2), "b": [h]}]
)
def test_a_file_that_would_run_something_is_refused_and_runs_nothing(tmp_path, wrap):
    path = written(tmp_path / "a.pth", wrap(Hostile(tmp_path / "made")))
    with pytest.raises(TorchFileError, match=r"a\.pth cannot be read as a dictionary of tensors"):
        torch_file.read(path)
    assert not (tmp_path / "made").exists()


def test_a_file_cut_short_anywhere_is_refused(tmp_path):
    whole = written(tmp_path / "a.pth", {"w": torch.randn(20)}).read_bytes()
    for end in (0, 5, len(whole) // 2, len(whole) - 1):
        (tmp_path / "b.pth").write_bytes(whole[:end])
        with pytest.raises(TorchFileError):
            torch_file.read(tmp_path / "b.pth")


def test_todays_form_and_anything_else_are_refused(tmp_path):
    torch.save({"w": torch.ones(3)}, tmp_path / "new.pth")
    (tmp_path / "text.pth").write_text("hello")
    for name in ("new.pth", "text.pth"):
        with pytest.raises(TorchFileError):
            torch_file.read(tmp_path / name)


def test_a_tensor_that_reaches_beyond_its_numbers_is_refused(tmp_path):
    path = written(tmp_path / "a.pth", {"w": torch.zeros(200)})
    told = path.read_bytes()
    at = told.index(b"K\xc8\x85")  # BININT1 200, TUPLE1: the tensor's shape
    path.write_bytes(told[:at] + b"K\xc9\x85" + told[at + 3 :])
    with pytest.raises(TorchFileError):
        torch_file.read(path)

"""Torch file: the tensors of a weights file that others wrote with `torch.save`, read without running what it says.

Such a file is a program for an unpickler, and unpickling runs it. Here its instructions are only listed (by the
standard library's `genops`, which executes nothing) and the few kinds that describe a plain dictionary of tensors are
followed; names of functions stay names, and any other instruction is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from pickletools import genops
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
KINDS: dict[str, np.dtype] = {
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
}
"""Kind of storage -> how its numbers lie."""


class TorchFileError(ValueError):
    """A file that is no plain dictionary of tensors in PyTorch's form from before 2020."""


def read(path: Path) -> dict[str, Tensor]:
    """Name -> tensor, of a file that `torch.save` wrote from a state dict in its form from before version 1.6.

    Raises:
        TorchFileError: when it holds anything else than a dictionary of tensors, or is cut short.
    """
    with path.open("rb") as file:
        try:
            magic, protocol, _, wanted, keys = (_followed(file) for _ in range(5))
            if (magic, protocol) != (MAGIC, PROTOCOL):
                raise TorchFileError("it is not in PyTorch's form from before version 1.6")
            described = {name: _Described.of(called) for name, called in wanted.items()}
            kinds = {d.key: d.kind for d in described.values()}
            stored = {key: _numbers(file, kinds[key]) for key in keys}
            return {name: d.tensor(stored[d.key]) for name, d in described.items()}
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError) as fault:
            raise TorchFileError(f"{path} cannot be read as a dictionary of tensors: {fault}") from fault


@dataclass(frozen=True)
class _Called:
    """A function by name, and the arguments that the file would call it with; it is never called."""

    function: str
    arguments: tuple


@dataclass(frozen=True)
class _Described:
    """A tensor before its numbers are there: the storage's key and kind, where in it, and which shape."""

    key: str
    kind: str
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    @classmethod
    def of(cls, called: _Called) -> _Described:
        """From the call by which the file would build it: of all functions, only this one is known."""
        if called.function != "torch._utils _rebuild_tensor_v2":
            raise TorchFileError(f"it calls {called.function}")
        (_, kind, key, _, _, _), offset, size, stride = called.arguments[:4]
        return cls(key, kind.removeprefix("torch "), offset, tuple(size), tuple(stride))

    def tensor(self, numbers: np.ndarray) -> Tensor:
        """The tensor itself, of its storage's numbers."""
        return torch.from_numpy(numbers).as_strided(self.size, self.stride, self.offset).contiguous()


def _followed(file: IO[bytes]) -> Any:
    """The value that the next instructions describe; the file then stands behind them."""
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[int, Any] = {}
    argument: Any
    for code, argument, _ in genops(file):
        match code.name:
            case "PROTO":
                pass
            case "STOP":
                return stack.pop()
            case "MARK":
                marks.append(len(stack))
            case "LONG1" | "BININT" | "BININT1" | "BININT2" | "BINUNICODE" | "GLOBAL" | "SHORT_BINUNICODE":
                stack.append(argument)
            case "NEWTRUE" | "NEWFALSE" | "NONE":
                stack.append({"NEWTRUE": True, "NEWFALSE": False, "NONE": None}[code.name])
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_TUPLE":
                stack.append(())
            case "TUPLE":
                at = marks.pop()
                stack[at:] = [tuple(stack[at:])]
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                at = len(stack) - int(code.name[-1])
                stack[at:] = [tuple(stack[at:])]
            case "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "BINPERSID":  # where a storage is: the tuple itself says it
                pass
            case "REDUCE":
                arguments = stack.pop()
                function = stack.pop()
                stack.append({} if function == "collections OrderedDict" else _Called(function, arguments))
            case "APPENDS":
                at = marks.pop()
                stack[at - 1].extend(stack[at:])
                del stack[at:]
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                stack[-1][key] = value
            case "SETITEMS":
                at = marks.pop()
                stack[at - 1].update(zip(stack[at::2], stack[at + 1 :: 2], strict=True))
                del stack[at:]
            case "BUILD":  # the dictionary's own attributes, such as its versions
                stack.pop()
            case other:
                raise TorchFileError(f"the instruction {other} is not one of a dictionary of tensors")
    raise TorchFileError("it ends too soon")


def _numbers(file: IO[bytes], kind: str) -> np.ndarray:
    """The next storage: how many numbers, then the numbers."""
    count, form = int.from_bytes(file.read(8), "little"), KINDS[kind]
    content = file.read(count * form.itemsize)
    if len(content) != count * form.itemsize:
        raise TorchFileError("it ends too soon")
    return np.frombuffer(bytearray(content), form)

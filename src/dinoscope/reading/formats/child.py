"""The process in which `isolated.py` reads one file: question and bytes on stdin, answer and pixels on stdout.

A core dump would hold the visitor's picture, so there is none.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import warnings


def main() -> None:
    """Read the file that stdin holds after a line of JSON: its kind, subject and frame, the seconds and the bytes."""
    head, _, data = sys.stdin.buffer.read().partition(b"\n")
    kind, subject, frame, seconds, memory = json.loads(head)
    limit(seconds, memory)
    warnings.simplefilter("ignore")  # they may quote a visitor's file
    from . import decoding
    from .decoded import APART, File, ImageError

    try:
        decoded = decoding.decode(File(data, kind, subject, frame), APART)
    except ImageError as error:
        sys.stdout.buffer.write(json.dumps({"error": str(error)}).encode() + b"\n")
        return
    except MemoryError:
        sys.stdout.buffer.write(b'{"limit": "memory"}\n')
        return
    told = {name: getattr(decoded, name) for name in ("frames", "frame", "facts", "warnings")}
    sys.stdout.buffer.write(json.dumps({"size": decoded.picture.size, **told}).encode() + b"\n")
    sys.stdout.buffer.write(decoded.picture.tobytes())


def limit(seconds: int, memory: int) -> None:
    """Bound this process's time and memory, and give way to those who wait for an answer about a small picture."""
    try:
        import resource  # not on Windows, where the clock alone must do
    except ImportError:
        return
    wanted = (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_CPU, seconds, seconds + 1),
    )
    for kind, soft, hard in wanted:
        given = resource.getrlimit(kind)[1]
        most = hard if given == resource.RLIM_INFINITY else min(hard, given)  # nobody may raise their own
        with contextlib.suppress(OSError, ValueError):  # macOS takes no limit of memory: the others hold
            resource.setrlimit(kind, (min(soft, most), most))
    os.nice(5)

"""Isolated: read one file in a process of its own, bounded in time and memory, a few at a time.

For what may take long or much (hundreds of megabytes, a million DICOM elements) and for decoders that may die: GDCM is
the decoder of JPEG Lossless and JPEG-LS whose licence is permissive, and it ends the whole process (std::terminate) on
some damaged streams: one broken file would take the demo down for everybody.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from PIL import Image

from . import refusals
from .decoded import Decoded, File, ImageError

SECONDS = 20
"""Of processor time; of the clock, twice as many."""
MEMORY = 3 << 30
AT_ONCE = 2
WAIT_SECONDS = 60
_slots = threading.BoundedSemaphore(AT_ONCE)
_PACKAGE = __package__ or ""
_ROOT = str(Path(__file__).resolve().parents[_PACKAGE.count(".") + 1])


def read(file: File) -> Decoded:
    """Read a file in a process of its own.

    Raises:
        ImageError: with its sentence; one names the limit where the file needs more time or memory than that, or
            had to wait too long for its turn.
    """
    if not _slots.acquire(timeout=WAIT_SECONDS):
        raise refusals.waited_in_vain(file.subject, WAIT_SECONDS)
    try:
        answer = _run(file)
    finally:
        _slots.release()
    head, _, pixels = answer.partition(b"\n")
    told = json.loads(head)
    if "limit" in told:
        raise refusals.too_much_memory(file.subject, MEMORY)
    if "error" in told:
        raise ImageError(told["error"])
    picture = Image.frombytes("RGB", told["size"], pixels)
    return Decoded(picture, told["frames"], told["frame"], tuple(told["facts"]), tuple(told["warnings"]))


def _run(file: File) -> bytes:
    """What the process answers, as `child.main` writes it."""
    # -P: the folder in which the app was started must not shadow the modules that the process imports.
    script = f"import sys; sys.path.insert(0, {_ROOT!r}); from {_PACKAGE}.child import main; main()"
    question = json.dumps([file.kind, file.subject, file.frame, SECONDS, MEMORY]).encode() + b"\n"
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", script],
            input=question + file.data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=2 * SECONDS,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise refusals.too_long(file.subject, 2 * SECONDS) from error
    if done.returncode in (-24, -9):  # SIGXCPU, or SIGKILL a second later
        raise refusals.too_long(file.subject, SECONDS)
    if done.returncode != 0 or b"\n" not in done.stdout:
        raise refusals.damaged(file.subject, file.kind)
    return done.stdout

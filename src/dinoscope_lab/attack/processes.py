"""Processes: the app and its commands, started here, watched, and killed at any moment."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dinoscope.settings import ROOT

WATCHED = """
import runpy, sys
place = sys.argv[1]
def note(event, given):
    if event == "socket.getaddrinfo" and given[0] not in (None, "127.0.0.1", "localhost", "::1", "0.0.0.0"):
        open(place, "a").write(f"look-up {given[0]}\\n")
    if event == "socket.connect" and isinstance(given[1], tuple) and given[1][0] not in ("127.0.0.1", "::1"):
        open(place, "a").write(f"connection {given[1][0]}\\n")
sys.addaudithook(note)
sys.argv = ["app.py"]
runpy.run_path("app.py", run_name="__main__")
"""
"""Runs the app and writes down every look-up of, and connection to, another host than this one."""
START = 240.0
"""Seconds that a start may take on a busy machine."""


@dataclass(frozen=True)
class App:
    """The app in a process of its own.

    Attributes:
        abroad: file of requests to other hosts; temporary: its folder for temporary files; log: what it wrote.
    """

    process: subprocess.Popen
    address: str
    abroad: Path
    temporary: Path
    log: Path

    def memory(self) -> int:
        """MB held by the process and its children."""
        return sum(_resident(pid) for pid in (self.process.pid, *_children(self.process.pid))) >> 20

    def requests_abroad(self) -> int:
        """How many times another host was asked for."""
        return len(self.abroad.read_text().splitlines()) if self.abroad.exists() else 0

    def files(self) -> int:
        """Files and empty folders in its folder for temporary files, the frame of the visits' folders apart."""
        inside = (p for p in self.temporary.glob("*/**/*") if p.name != ".in-use")
        return sum(1 for p in inside if not (p.is_dir() and any(p.iterdir())))


@contextlib.contextmanager
def app(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[App]:
    """Serve the app until the block is left; then it is asked to stop.

    Raises:
        RuntimeError: when it does not start, with what it said.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    temporary = folder / "temporary"
    temporary.mkdir(parents=True, exist_ok=True)
    log, abroad = folder / "app.log", folder / "abroad.txt"
    own = {"DINOSCOPE_PORT": str(port), "DINOSCOPE_HOST": "127.0.0.1", "TMPDIR": str(temporary)}
    with open(log, "w") as out:
        command = [sys.executable, "-c", WATCHED, str(abroad)]
        process = subprocess.Popen(
            command, cwd=ROOT, env={**environment(), **own, **(settings or {})}, stdout=out, stderr=out
        )
    try:
        end = time.monotonic() + START
        while "DINOscope is ready" not in log.read_text():
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the app did not start: {log.read_text()[-500:]}")
            time.sleep(0.1)
        yield App(process, f"http://127.0.0.1:{port}", abroad, temporary, log)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def environment() -> dict[str, str]:
    """This process's, with the packages to be found and without settings of the app."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DINOSCOPE_", "QDRANT_"))}
    return kept | {"PYTHONPATH": str(ROOT / "src")}


def killed_after(command: Sequence[str], settings: Mapping[str, str], seconds: float) -> None:
    """Start a command of the app and kill it, with its children, so many seconds later."""
    process = _start(command, settings)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def finished(command: Sequence[str], settings: Mapping[str, str], patience: float = 600) -> tuple[int, str]:
    """Run a command of the app to its end: its status, and what it said."""
    process = _start(command, settings)
    try:
        said, _ = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
        return 124, said
    return process.returncode, said


def _start(command: Sequence[str], settings: Mapping[str, str]) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**environment(), **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) << 10
    return 0


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []

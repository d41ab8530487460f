"""Public pictures: thumbnails of public cases, made from their originals, kept in the operator's cache alone."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .. import atomic
from ..reading import images
from ..reading.images import ImageError
from . import download, thumbnails
from .case import Case, SimilarCase
from .download import FetchError, NoAnswer

BLOB = re.compile(r"[0-9a-f]{40}")
AT_ONCE = 4
"""Downloads at a time: the originals lie with hosts that owe us nothing."""
MOST_ASKED = 32
"""Downloads that are under way or wait for their turn; what is asked beyond them is left out."""
PATIENCE = 8
"""Seconds that a host may take to answer."""
SILENCE = 600
"""Seconds for which a host that could not be reached is asked no more."""


def place(cache: Path, case: Case) -> Path:
    """Where the thumbnail of a public case is kept, by the blob of its original."""
    return cache / "thumbnails" / "public" / case.blob[:2] / f"{case.blob[2:]}.webp"


def small(original: bytes) -> bytes:
    """The thumbnail of an original: WebP, at most 160 px.

    Raises:
        ImageError: when it is no picture.
    """
    return thumbnails.make(images.read(original).picture)


def fetchable(case: Case) -> bool:
    """Whether there is an original to fetch: a blob is a name of a file, so that nothing else may be one."""
    return case.origin == "public" and bool(case.url) and BLOB.fullmatch(case.blob) is not None


@dataclass
class PublicPictures:
    """Thumbnails of public cases. Addresses come from the bundled cases, never from a visitor. For several threads.

    Attributes:
        cache: the operator's.
        mode: `on` to fetch what is missing, `cached` for what is there already, `off` for none.
        mirror: `http://host[:port]` to ask in place of the original host.
    """

    cache: Path | None = None
    mode: str = "off"
    mirror: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE), repr=False)
    _asked: dict[str, threading.Event] = field(default_factory=dict, repr=False)
    _vain: set[str] = field(default_factory=set, repr=False)
    _silent_until: float = field(default=0.0, repr=False)

    def of(self, case: Case) -> bytes:
        """WebP of a public case's picture, or of the thumbnail of an own one; b"" where it is not here."""
        if self.cache is None or self.mode == "off":
            return b""
        if case.origin == "own":
            path = thumbnails.place(self.cache, case) if case.pixels else None
        else:
            path = place(self.cache, case) if BLOB.fullmatch(case.blob) else None
        return path.read_bytes() if path is not None and path.is_file() else b""

    def beside(self, found: Sequence[SimilarCase]) -> list[SimilarCase]:
        """Found cases with their thumbnails, where there are any."""
        return [s if s.thumbnail else replace(s, thumbnail=self.of(s.case)) for s in found]

    @property
    def fetches(self) -> bool:
        """Whether anything is fetched at all, just now: a host that cannot be reached is left in peace for a while."""
        return self.mode == "on" and self.cache is not None and time.monotonic() >= self._silent_until

    def bring(self, cases: Sequence[Case], seconds: float) -> bool:
        """Fetch the thumbnails that are missing, a few at a time, and wait for them at most so long.

        Returns:
            whether one that was missing is here now. What comes later is there for the next search.
        """
        missing = [c for c in cases if fetchable(c) and not self.of(c)]
        waiting = [event for c in missing if (event := self._ask(c)) is not None]
        end = time.monotonic() + seconds
        for event in waiting:
            event.wait(max(0.0, end - time.monotonic()))
        return any(self.of(c) for c in missing)

    def _ask(self, case: Case) -> threading.Event | None:
        """Set once the download has ended, however; None where there will be none."""
        if not self.fetches:
            return None
        with self._lock:
            if case.blob in self._vain or self.of(case):  # it may have come since somebody looked
                return None
            if case.blob in self._asked:
                return self._asked[case.blob]
            if len(self._asked) >= MOST_ASKED:
                return None
            event = self._asked[case.blob] = threading.Event()
        # Not of a pool: at the end of the app nobody waits for a host that dawdles.
        threading.Thread(target=self._fetch, args=(case, event), daemon=True).start()
        return event

    def _fetch(self, case: Case, event: threading.Event) -> None:
        try:
            with self._turns:
                if self.fetches and self.cache is not None:
                    found = download.content(case.id, case.url, case.blob, self.mirror, PATIENCE)
                    atomic.write(place(self.cache, case), small(found))
        except NoAnswer:
            self._silent_until = time.monotonic() + SILENCE
        except (FetchError, ImageError, OSError):
            # It is no longer what it was, or the cache cannot be written: the case stays a row of text.
            self._vain.add(case.blob)
        finally:
            with self._lock:
                self._asked.pop(case.blob, None)
            event.set()

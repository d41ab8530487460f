"""Originals: pictures at pinned commits of public repositories, downloaded once, checked by blob, converted."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from PIL import Image

from ..reading import images
from ..reading.images import ImageError
from ..similar import download
from ..similar.download import FetchError, NoAnswer

SIDE = 256
QUALITY = 90
AT_ONCE = 4
"""Downloads at a time: the originals lie with hosts that owe us nothing."""
PATIENCE = 20
"""Seconds that one download may take to answer."""
SAY_EVERY = 50
ENOUGH = 4
"""Tries in a row that a host leaves without any answer, after which it is asked no more: there is no way to it."""


Make = Callable[[bytes], bytes]
"""An original's bytes -> those of the file that is kept."""


@dataclass(frozen=True)
class Original:
    """A picture of a public repository: its address at a pinned commit, its git blob SHA-1, and the file it becomes."""

    id: str
    url: str
    blob: str
    file: Path


def address(repo: str, commit: str, path: str) -> str:
    """Where GitHub serves a file of a repository at a commit."""
    return f"https://raw.githubusercontent.com/{repo}/{commit}/{quote(path)}"


def name_of(case_id: str) -> str:
    """The file name of a picture: any id becomes one that every file system takes."""
    return f"{hashlib.sha256(case_id.encode()).hexdigest()[:20]}.jpg"


def bring(
    wanted: Sequence[Original],
    title: str,
    mirror: str = "",
    say: Callable[[str], None] = print,
    make: Make | None = None,
) -> set[Path]:
    """Download what is not there yet, a few at a time; returns the files that are there now.

    Pictures that are there already are kept, so that a fetch cut short goes on where it stopped. What cannot be had is
    named and left out.

    Args:
        title: what is fetched, for what is said; mirror: `http://host[:port]` to ask instead of the original host.
        make: what becomes of an original's bytes; `convert` if nothing is said.
    Raises:
        FetchError: when not one picture could be had.
    """
    make = make or convert
    here = {o.file for o in wanted if o.file.is_file()}
    missing = [o for o in wanted if o.file not in here]
    say(f"{title}: {len(here)} of {len(wanted)} pictures are here")
    failures: list[str] = []
    for folder in {o.file.parent for o in missing}:
        folder.mkdir(parents=True, exist_ok=True)
    queue, done, skipped = iter(missing), 0, 0
    silent: Counter[str] = Counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting: dict[Future, Original] = {}
        while done < len(missing):
            # A list of tens of thousands is not queued at once: a stop then waits for a few downloads only.
            for original in queue:
                if silent[urlsplit(original.url).netloc] >= ENOUGH:
                    done, skipped = done + 1, skipped + 1
                    continue
                waiting[pool.submit(_one, original, mirror, make)] = original
                if len(waiting) >= 2 * AT_ONCE:
                    break
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                original, done = waiting.pop(future), done + 1
                host = urlsplit(original.url).netloc
                try:
                    future.result()
                    here.add(original.file)
                    silent[host] = 0
                except FetchError as fault:
                    silent[host] = silent[host] + 1 if isinstance(fault, NoAnswer) else 0
                    if silent[host] == ENOUGH:
                        say(f"{title}: no answer from {mirror or host}, which is asked no more; is there a network?")
                    failures.append(str(fault))
                    say(str(fault))
                if done % SAY_EVERY == 0 or done == len(missing):
                    say(f"{title}: {done} of {len(missing)} asked for, {len(failures)} failed")
    if skipped:
        say(f"{title}: {skipped} pictures were not asked for; fetch again when there is a network")
    if wanted and not here:
        raise FetchError(f"{title}: none of {len(wanted)} pictures could be had; the first: {failures[0]}")
    return here


def _one(original: Original, mirror: str, make: Make) -> None:
    """Download, check and convert one original; the file appears whole or not at all."""
    content = download.content(original.id, original.url, original.blob, mirror, PATIENCE)
    try:
        picture = make(content)
    except ImageError as fault:
        raise FetchError(f"{original.id}: {fault}") from fault
    draft = original.file.with_suffix(".part")
    draft.write_bytes(picture)
    draft.replace(original.file)


def convert(content: bytes) -> bytes:
    """An original as the folds were fitted on it: JPEG, quality 90, longest side at most 256 px, never enlarged.

    Raises:
        ImageError: when it is no picture.
    """
    picture = images.read(content).picture
    red, green, blue = picture.split()
    if red.tobytes() == green.tobytes() == blue.tobytes():
        picture = red
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()

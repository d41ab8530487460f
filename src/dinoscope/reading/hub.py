"""Hub: the DINOv2 checkpoints that may be downloaded."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from httpx2 import HTTPError, TransportError  # what huggingface_hub speaks with
from huggingface_hub import get_hf_file_metadata, hf_hub_url, snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError, OfflineModeIsEnabled

REVISIONS = {
    "facebook/dinov2-small": "ed25f3a31f01632728cabb09d1542f84ab7b0056",
    "facebook/dinov2-base": "f9e44c814b77203eaa57a6bdbbd535f21ede1415",
    "facebook/dinov2-large": "47b73eefe95e8d44ec3623f8890bd894b6ea2d6c",
    "facebook/dinov2-with-registers-small": "0d9846e56b43a21fa46d7f3f5070f0506a5795a9",
    "facebook/dinov2-with-registers-base": "a1d738ccfa7ae170945f210395d99dde8adb1805",
    "facebook/dinov2-with-registers-large": "e4c89a4e05589de9b3e188688a303d0f3c04d0f3",
    "microsoft/rad-dino": "110cbc18d5133582e320b43d53bf5c44e410c936",
}
"""Hub backbones that may be chosen, each pinned to one commit of its repository."""


class HubError(RuntimeError):
    """A checkpoint that cannot be had; the message says which, why and what to do."""


def download(name: str, files: Sequence[str]) -> Path:
    """Fetch these files of a backbone at its pinned revision, or find all of them in the hub's cache.

    Args:
        files: their names, without patterns.
    Returns:
        the folder that holds them, as far as the repository has them.
    Raises:
        HubError: for a name that is not pinned here, or a hub that does not give it.
    """
    if name not in REVISIONS:
        raise HubError(
            f"no backbone is called {name!r}; choose bundled, a local folder, or one of {', '.join(REVISIONS)}"
        )
    revision, patterns = REVISIONS[name], list(files)
    with contextlib.suppress(LocalEntryNotFoundError):
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=patterns, local_files_only=True))
        if all((folder / file).is_file() for file in files):  # it is there as soon as one of them is
            return folder
    try:
        # Asked once beforehand: the download itself asks a hub that does not answer for half a minute.
        get_hf_file_metadata(hf_hub_url(name, files[0], revision=revision))
        return Path(snapshot_download(name, revision=revision, allow_patterns=patterns))
    except (LocalEntryNotFoundError, TransportError, OfflineModeIsEnabled) as fault:
        raise HubError(
            f"the hub cannot be reached and {name!r} is not in its cache; check the network, or use bundled"
        ) from fault
    except (HTTPError, OSError, ValueError) as fault:
        raise HubError(f"the hub did not give {name!r} at {revision[:8]}: {fault}") from fault

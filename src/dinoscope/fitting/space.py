"""Space: a folder that can be uploaded as a Hugging Face Space, with heads and vectors of the backbone it runs."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from .. import manifest, settings, tasks
from ..reading.encoder import FILES, Encoder
from ..reading.hub import REVISIONS
from ..reading.images import ImageError
from . import fit

WHOLE = ("app.py", "LICENSE", "README.md", "SECURITY.md", "requirements.txt", "docs", "model_assets")
PACKAGES = ("dinoscope", "dinoscope_phantoms")
"""What a Space needs of the repository; the laboratory stays behind."""
CPU = "https://download.pytorch.org/whl/cpu"
LARGEST = 1 << 30
"""Bytes that a Space's repository takes without asking."""
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


def write(
    backbone: str, out: Path, data: Path | None, chosen: settings.Settings, say: Callable[[str], None] = print
) -> int:
    """Write the folder; it appears whole or not at all.

    Args:
        backbone: `bundled`, a hub id or a local folder.
        out: folder that is not there yet, or is empty.
        data: folder of data sets that another backbone's heads are fitted on; without it, drawn pictures alone.
    Returns:
        its size in bytes.
    Raises:
        ValueError: for a folder that is in use, a repository that is not whole, or too many bytes.
        EncoderError: when the backbone cannot be had.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} is not empty; give a folder that is not there yet")
    if missing := [name for name in WHOLE if not (settings.ROOT / name).exists()]:
        raise ValueError(f"{settings.ROOT} lacks {', '.join(missing)}; run this from a clone of the repository")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as beside:
        draft = Path(beside) / out.name
        _copy(draft, chosen.assets)
        if backbone != "bundled":
            encoder = Encoder.load(backbone, chosen.assets / "backbone", chosen.device)
            _refit(encoder, draft / "model_assets", chosen.assets, data, say)
            _choose(backbone, draft / "model_assets")
            manifest.write(draft / "model_assets")
        for name, change in (("README.md", _front), ("requirements.txt", _without_cuda)):
            text = (draft / name).read_text(encoding="utf-8")
            (draft / name).write_text(change(text, backbone), encoding="utf-8")
        size = sum(p.stat().st_size for p in draft.rglob("*") if p.is_file())
        if size > LARGEST:
            raise ValueError(f"the folder has {size >> 20} MB, and a Space takes {LARGEST >> 20}; name fewer tasks")
        if out.is_dir():
            out.rmdir()
        draft.rename(out)
    return size


def _copy(draft: Path, assets: Path) -> None:
    """The product as it is, with the assets that the settings name."""
    draft.mkdir()
    for name in WHOLE:
        source = assets if name == "model_assets" else settings.ROOT / name
        if source.is_dir():
            shutil.copytree(source, draft / name, ignore=LEFT_OUT)
        else:
            shutil.copy(source, draft / name)
    for package in PACKAGES:
        shutil.copytree(settings.ROOT / "src" / package, draft / "src" / package, ignore=LEFT_OUT)


def _refit(encoder: Encoder, staged: Path, assets: Path, data: Path | None, say: Callable[[str], None]) -> None:
    """Put heads, vectors and projection of the encoder in place of the bundled ones."""
    projection = fit.fit_projection(encoder, assets / "tasks", data, say)
    projection.save(staged / "tasks" / "projection.safetensors")
    for folder in tasks.found(assets / "tasks")[0]:
        place = staged / "tasks" / folder.name
        why = tasks.unfit(folder, data)
        if not why:
            for old in place.glob("*.safetensors"):
                old.unlink()
            try:
                fit.refit(encoder, projection, folder, data, place, say)
                continue
            except (ImageError, ValueError) as fault:
                why = str(fault)
        say(f"{folder.name} is left out: {why}")
        shutil.rmtree(place)
    shutil.rmtree(staged / "fusion", ignore_errors=True)  # fitted for the bundled backbone and another network
    if not tasks.found(staged / "tasks")[0]:
        raise ValueError("no task could be fitted for this backbone; give --images, a folder that `fetch` has filled")


def _choose(backbone: str, staged: Path) -> None:
    """A hub's backbone is named, and comes from there; a local one takes the bundled one's place."""
    if Path(backbone).is_dir():
        shutil.rmtree(staged / "backbone")
        (staged / "backbone").mkdir()
        for name in FILES:
            shutil.copy(Path(backbone) / name, staged / "backbone" / name)
    else:
        (staged / settings.CHOSEN).write_text(f"{backbone}\n", encoding="utf-8")


def _front(readme: str, backbone: str) -> str:
    """The README with a front matter that names the backbone and has the Space fetch it when it is built."""
    _, front, rest = readme.split("---\n", 2)
    if backbone in REVISIONS:
        front += f"models:\n- {backbone}\npreload_from_hub:\n- {backbone} {','.join(FILES)} {REVISIONS[backbone]}\n"
    return f"---\n{front}---\n{rest}"


def _without_cuda(requirements: str, backbone: str) -> str:
    """PyTorch's build for processors: the plain pin brings gigabytes of CUDA into a Space that has no GPU."""
    return re.sub(r"^torch==(\S+)$", rf"--extra-index-url {CPU}\ntorch==\1+cpu", requirements, flags=re.MULTILINE)

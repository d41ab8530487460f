"""DINOscope: classify, explain and compare one medical picture with a frozen DINOv2."""

from __future__ import annotations

from PIL import Image

from src import evidence, settings
from src.lab import fit, phantoms
from src.ui import page
from src.workbench import Workbench


def draw(task: str, label: str, seed: int) -> Image.Image:
    """A new phantom for the page."""
    return phantoms.draw(task, label, seed).picture


def main() -> None:
    """Load, lay out, serve."""
    chosen = settings.load()
    workbench = Workbench.load(chosen, fit)
    demo = page.build(workbench, evidence.read(chosen.assets / "evidence"), draw)
    print(f"DINOscope is ready: http://{chosen.host}:{chosen.port}", flush=True)
    page.launch(demo, chosen)


if __name__ == "__main__":
    main()

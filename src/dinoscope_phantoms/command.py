"""Draw synthetic cases: pictures, lesion masks, and phantoms.jsonl that lists them; or choose the app's examples."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from PIL import Image

from dinoscope import atomic, bounds
from dinoscope.reading.images import pixel_hash

from . import ROOMS, classes, draw


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which task, how many, and where to."""
    parser.add_argument("--task", choices=list(ROOMS), action="append", help="may be given more than once; default all")
    parser.add_argument("--n", type=bounds.count, default=28, help="phantoms a class")
    parser.add_argument("--seed", type=int, default=7, help="seed of the first one; the next follow")
    parser.add_argument("--size", type=bounds.count, default=224, help="side in pixels")
    parser.add_argument("--out", type=Path, help="folder; each task gets its own below it")
    parser.add_argument(
        "--examples", action="store_true", help="draw nothing: choose the app's examples among the cases"
    )


def run(arguments: argparse.Namespace) -> None:
    """Draw and write, or choose among what was drawn.

    Raises:
        ValueError: without a folder to draw into.
    """
    if arguments.examples:
        from . import examples  # needs the app's network, which drawing does not

        examples.run(arguments.task or [])
        return
    if arguments.out is None:
        raise ValueError("give --out, the folder to draw into, or --examples")
    for task in arguments.task or ROOMS:
        write(task, arguments.out / task, arguments.n, arguments.seed, arguments.size)
        print(f"{arguments.n * len(classes(task))} phantoms of {task} written to {arguments.out / task}")


def write(task: str, folder: Path, n: int, seed: int, size: int) -> None:
    """Draw `n` phantoms a class into `folder`: images/*.webp, masks/*.png, phantoms.jsonl; all of them or none."""
    with atomic.change(folder.parent) as staged:
        entries = _draw(task, staged / folder.name, n, seed, size)
    listed = {entry[part] for entry in entries for part in ("image", "mask") if part in entry}
    for old in (*folder.glob("images/phantom_*"), *folder.glob("masks/phantom_*")):
        if old.relative_to(folder).as_posix() not in listed:
            old.unlink()


def _draw(task: str, folder: Path, n: int, seed: int, size: int) -> list[dict]:
    """Draw and list; the entries of phantoms.jsonl."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    entries = []
    for label in classes(task):
        for i in range(n):
            phantom = draw(task, label, seed + i, size)
            name = f"phantom_{label}_{seed + i}"
            image, mask = f"images/{name}.webp", f"masks/{name}.png"
            phantom.picture.save(folder / image, quality=90, method=6)
            entry = {
                "id": name,
                "labels": [label],
                "origin": "phantom",
                "licence": "Apache-2.0",
                "group": name,
                "fold": 1 + i % 4,
                "image": image,
                "pixels": pixel_hash(Image.open(folder / image).convert("RGB")),
                "metadata": {"seed": seed + i, **phantom.parameters},
            }
            if phantom.mask.any():
                entry["mask"] = mask
                Image.fromarray(phantom.mask).save(folder / mask, optimize=True)
            entries.append(entry)
    lines = "".join(json.dumps(entry) + "\n" for entry in entries)
    (folder / "phantoms.jsonl").write_text(lines, encoding="utf-8")
    return entries

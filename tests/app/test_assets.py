"""The files that ship: whole, small enough, without a real picture, and the numbers that the README quotes."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from matplotlib import cbook
from PIL import Image
from sklearn.datasets import load_sample_images

import dinoscope_phantoms as phantoms
from dinoscope import evidence, settings, tasks
from dinoscope.fitting import catalogue
from dinoscope.reading.encoder import Encoder
from dinoscope.reading.images import pixel_hash, read
from dinoscope.workbench import Workbench
from dinoscope_lab import plot, readme

ASSETS = settings.ROOT / "model_assets"
PICTURES = settings.ROOT.parent / "shared" / "data"
MEGABYTE = 1_000_000


def tracked() -> list[Path]:
    """Files that git knows."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=settings.ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [settings.ROOT / name for name in listing.stdout.split("\0") if name]


def test_every_bundled_file_is_in_the_manifest_and_as_recorded():
    listed = tasks.verify(ASSETS)
    assert listed == sum(p.is_file() for p in ASSETS.rglob("*")) - 1


def test_nothing_is_too_large_for_a_space():
    assert [p for p in tracked() if p.is_file() and p.stat().st_size > 30 * MEGABYTE] == []
    assert sum(p.stat().st_size for p in ASSETS.rglob("*") if p.is_file()) < 90 * MEGABYTE
    assert (ASSETS / "backbone" / "model.safetensors").stat().st_size <= 24 * MEGABYTE


def test_every_task_belongs_to_the_bundled_backbone_and_what_can_be_drawn_has_an_example_a_class():
    encoder = Encoder.load("bundled", ASSETS / "backbone")
    folders = sorted(p for p in (ASSETS / "tasks").iterdir() if p.is_dir())
    assert [f.name for f in folders] == sorted(catalogue.TASKS)
    for folder in folders:
        task = tasks.load(folder, encoder.fingerprint)
        if folder.name in phantoms.ROOMS:
            assert {c.labels[0] for c in task.examples()} == set(phantoms.classes(folder.name))
        assert task.facts["exclusive"] == task.head.exclusive == (folder.name != "odir")
        assert all(task.facts[key] for key in ("question", "data", "licence", "flaw", "metrics"))
        assert {c.fold for c in task.cases} == {1, 2, 3, 4}
        assert all(not c.image for c in task.cases if c.origin == "public")


def test_photographs_of_other_things_are_unfamiliar_to_every_task():
    bench = Workbench.load(settings.Settings(device="cpu"), say=lambda _: None)
    photographs = [Image.fromarray(p) for p in load_sample_images().images]  # a temple, a flower
    photographs.append(Image.open(cbook.get_sample_data("grace_hopper.jpg")))
    for photograph in photographs:
        for name in bench.tasks:
            assert not bench.classify(photograph, name).scope.familiar, name


def test_phantoms_are_the_pictures_their_hashes_name():
    for folder in sorted(p for p in (ASSETS / "tasks").iterdir() if p.is_dir()):
        fingerprint = Encoder.load("bundled", ASSETS / "backbone").fingerprint
        for case in tasks.load(folder, fingerprint).examples():
            assert pixel_hash(read(folder / case.image).picture) == case.pixels


@pytest.mark.skipif(not PICTURES.is_dir(), reason="the real pictures are not on this machine")
def test_no_real_picture_is_in_the_repository():
    endings = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}
    bundled = [p for p in tracked() if p.suffix.lower() in endings]
    sizes = {p.stat().st_size for p in bundled}
    real = {
        hashlib.sha256(p.read_bytes()).hexdigest()
        for p in PICTURES.rglob("*")
        if p.suffix.lower() in endings and p.stat().st_size in sizes
    }
    assert [p for p in bundled if hashlib.sha256(p.read_bytes()).hexdigest() in real] == []


def test_the_documents_quote_the_evidence_as_it_is():
    measured = evidence.read(ASSETS / "evidence")
    text = (settings.ROOT / "README.md").read_text(encoding="utf-8")
    shipped = Encoder.load("bundled", ASSETS / "backbone").fingerprint
    assert text.split(readme.BEGIN, 1)[1].split(readme.END, 1)[0].strip() == readme.block(measured, shipped)
    assert (settings.ROOT / readme.PAGE).read_text(encoding="utf-8") == readme.page(measured, shipped)
    assert (settings.ROOT / readme.PICTURE).read_text(encoding="utf-8") == plot.svg(measured)
    assert (settings.ROOT / readme.GROWTH).read_text(encoding="utf-8") == plot.growth(measured)


def test_the_readme_is_two_screens():
    assert (settings.ROOT / "README.md").stat().st_size < 12_000

"""The layout: which room may know which, and which library stands behind which door."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dinoscope.settings import ROOT

SRC = ROOT / "src"
OURS = ("dinoscope", "dinoscope_lab", "dinoscope_phantoms")

MAY_IMPORT = {
    "errors": set(),
    "notice": set(),
    "bounds": set(),
    "settings": set(),
    "evidence": set(),
    "atomic": set(),
    "manifest": {"atomic"},
    "results": {"reading", "explain", "similar"},
    "fusion": {"reading", "similar", "tasks"},
    "machine": set(),
    "reading": {"settings", "machine"},
    "visit_tasks": {"similar", "tasks"},
    "similar": {"reading", "tasks", "results", "settings", "atomic"},
    "examples": set(),
    "tasks": {"examples", "reading", "see", "similar", "manifest", "places"},
    "places": {"reading", "atomic"},
    "see": {"reading", "similar"},
    "explain": {"reading", "similar", "tasks", "results"},
    "colour_maps": set(),
    "figures": {"colour_maps", "notice"},
    "loading": {"atomic", "fusion", "reading", "similar", "tasks", "settings"},
    "agreement": {"reading", "tasks", "results"},
    "words": set(),
    "report": {"workbench", "explain", "reading", "see", "similar", "tasks", "results", "notice", "words"},
    "guess": {"reading", "tasks"},
    "workbench": {
        "agreement",
        "guess",
        "reading",
        "explain",
        "see",
        "similar",
        "tasks",
        "results",
        "loading",
        "settings",
        "visit_tasks",
    },
    "fitting": {
        "fusion",
        "reading",
        "see",
        "similar",
        "tasks",
        "loading",
        "settings",
        "results",
        "manifest",
        "notice",
        "atomic",
    },
}
"""Room -> the rooms of the product that it may know beside `errors` and `bounds`; one not named may know every one."""

BEHIND = {
    "gradio": ("dinoscope/ui/",),
    "qdrant_client": ("dinoscope/similar/",),
    "qdrant_edge": ("dinoscope/similar/",),
    "transformers": ("dinoscope_lab/",),
    "sklearn": ("dinoscope/fitting/", "dinoscope_lab/"),
}
"""Library -> the only places that import it."""


@cache
def imported(path: Path) -> tuple[str, ...]:
    """Every module or name that a file imports, in full."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    package = path.relative_to(SRC).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    """The room of a file of the product: a folder, or a file beside the folders."""
    return path.relative_to(SRC / "dinoscope").parts[0].removesuffix(".py")


FILES = sorted(SRC.rglob("*.py"))


def test_the_product_knows_neither_the_laboratory_nor_the_drawings():
    strangers = {
        (str(path.relative_to(SRC)), name)
        for path in FILES
        for name in imported(path)
        if path.is_relative_to(SRC / "dinoscope") and name.split(".")[0] in OURS[1:]
    }
    assert strangers == set()


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_arrows_point_one_way(name: str):
    files = [p for p in FILES if p.is_relative_to(SRC / "dinoscope") and room(p) == name]
    assert files
    known = {
        (str(path.relative_to(SRC)), other)
        for path in files
        for other in (module.split(".")[1] for module in imported(path) if module.startswith("dinoscope."))
    }
    assert {k for k in known if k[1] not in MAY_IMPORT[name] | {name, "errors", "bounds", "__version__"}} == set()


@pytest.mark.parametrize("library", BEHIND)
def test_each_library_stands_behind_its_door(library: str):
    users = {str(p.relative_to(SRC)) for p in FILES for name in imported(p) if name.split(".")[0] == library}
    assert users
    assert {u for u in users if not u.startswith(BEHIND[library])} == set()


def test_everything_that_is_imported_is_declared():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["dynamic"]
    for named in extras["optional-dependencies"].values():
        lines += [line for file in named["file"] for line in (ROOT / file).read_text(encoding="utf-8").splitlines()]
    declared = {canonicalize_name(Requirement(r).name) for line in lines if (r := line.split("#")[0].strip())}
    of = packages_distributions()
    undeclared = {
        top
        for path in FILES
        for name in imported(path)
        if (top := name.split(".")[0]) not in sys.stdlib_module_names
        and top not in OURS
        and top in of
        and not declared & {canonicalize_name(d) for d in of[top]}
    }
    assert undeclared == set()


def test_every_file_of_the_packages_is_in_the_wheel():
    globs = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]
    for package in OURS:
        shipped = {p for pattern in globs.get(package, []) for p in (SRC / package).glob(pattern)}
        there = {p for p in (SRC / package).rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")}
        assert there - shipped == set()


def test_no_two_test_files_have_one_name():
    """pytest would take the second for the first."""
    names = [p.name for p in (ROOT / "tests").rglob("test_*.py")]
    assert {n for n in names if names.count(n) > 1} == set()


def test_torch_has_one_version_wherever_it_is_named():
    named = {
        version
        for file in ("requirements.txt", "Dockerfile", "README.md")
        for version in re.findall(r"torch==([\d.]+\d)", (ROOT / file).read_text(encoding="utf-8"))
    }
    assert len(named) == 1

"""Source: a fingerprint of the code that a measurement runs, so that its results are forgotten when it changes.

Comments, doc-strings and layout do not count; nor do the rooms that only keep, print or serve what was measured.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SRC = Path(__file__).resolve().parents[2]
OURS = ("dinoscope", "dinoscope_lab", "dinoscope_phantoms")
OUTSIDE = (
    "dinoscope.ui",
    "dinoscope.evidence",
    "dinoscope.settings",
    "dinoscope.manifest",
    "dinoscope_lab.benchmark.study",
    "dinoscope_lab.benchmark.kept",
    "dinoscope_lab.benchmark.source",
    "dinoscope_lab.claims",
    "dinoscope_lab.evidence",
    "dinoscope_lab.plot",
    "dinoscope_lab.readme",
)
"""Modules that change no number."""


@cache
def fingerprint(module: str, src: Path = SRC) -> str:
    """sha256 over a module and all of our modules that it imports, directly or not."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _imports(name, src)
    together = "\n".join(f"{name} {_meaning(name, src)}" for name in sorted(seen))
    return hashlib.sha256(together.encode()).hexdigest()


@cache
def _imports(module: str, src: Path) -> tuple[str, ...]:
    """Our modules that a module imports, the ones of `OUTSIDE` left out."""
    path = _file(module, src)
    assert path
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = [n for node in ast.walk(_tree(path)) for n in _asked(node, package.split("."))]
    ours = [n if _file(n, src) else n.rpartition(".")[0] for n in found if n.split(".")[0] in OURS]
    return tuple(n for n in dict.fromkeys(ours) if _file(n, src) and not n.startswith(OUTSIDE))


def _asked(node: ast.AST, package: list[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else []
        inside = ".".join([*base, *([node.module] if node.module else [])])
        yield inside
        yield from (f"{inside}.{alias.name}" for alias in node.names)


@cache
def _meaning(module: str, src: Path) -> str:
    """sha256 of a module's code without its doc-strings."""
    path = _file(module, src)
    assert path
    tree = _tree(path)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [s for s in body if not _said(s)]  # type: ignore[attr-defined]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _said(statement: ast.stmt) -> bool:
    """Whether it is a string that stands for itself."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _file(module: str, src: Path) -> Path | None:
    at = src.joinpath(*module.split("."))
    return next((p for p in (at.with_suffix(".py"), at / "__init__.py") if p.is_file()), None)

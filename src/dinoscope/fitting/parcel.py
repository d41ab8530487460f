"""Parcels: labelled features as one file that a visitor takes along and `dinoscope fit --from` takes in.

It holds no picture: features, labels, groups and names, from which the head is fitted again where it arrives.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as tensors

from ..notice import NOTICE
from ..similar import Case
from .features import Labelled

FACTS, CASES, FEATURES, README = "parcel.json", "cases.jsonl", "features.safetensors", "README.txt"
MOST_BYTES = 512 << 20
"""Of a parcel's file once unpacked."""
KEPT = ("id", "labels", "group", "pixels")
"""What is kept of a case."""


def pack(path: Path, title: str, pool: Labelled, fingerprint: str, measured: dict) -> None:
    """Write a parcel.

    Args:
        fingerprint: of the backbone whose features they are; measured: metrics of the head, for a reader.
    """
    facts = {"title": title, "fingerprint": fingerprint, "measured": measured, "notice": NOTICE}
    lines = [{k: v for k, v in asdict(c).items() if k in KEPT} for c in pool.cases]
    features = np.ascontiguousarray(pool.pooled, dtype=np.float32)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parcel:
        parcel.writestr(FACTS, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
        parcel.writestr(CASES, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
        parcel.writestr(FEATURES, tensors({"pooled": features}))
        parcel.writestr(
            README,
            f"{title}: what a head was fitted on in DINOscope. No picture is in here, only what the network made of "
            f"each.\n\n    dinoscope fit --from {path.name} --task my_task\n\nfits the same head again and keeps it. "
            f"{NOTICE}\n",
        )


def unpack(path: Path, fingerprint: str) -> tuple[str, Labelled]:
    """The title and the labelled features of a parcel made with the backbone of this fingerprint.

    Raises:
        FileNotFoundError: where there is none.
        ValueError: with one sentence, for what is no parcel, damaged, or of another backbone.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist; give the file that the Batch tab offers after a fit")
    wrong = f"{path} is no file that the Batch tab offers after a fit, or it is damaged; take it along again"
    try:
        with zipfile.ZipFile(path) as parcel:
            facts, lines, features = (_member(parcel, name, path) for name in (FACTS, CASES, FEATURES))
        told = json.loads(facts)
        title, made = str(told["title"])[:200], told["fingerprint"]
        entries = [json.loads(line) for line in io.StringIO(lines.decode("utf-8"))]
        cases = [Case.of({k: e[k] for k in KEPT} | {"origin": "own"}) for e in entries]
        pooled = read_tensors(features)["pooled"]
    except (zipfile.BadZipFile, SafetensorError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as fault:
        raise ValueError(wrong) from fault
    except json.JSONDecodeError as fault:
        raise ValueError(wrong) from fault
    if made != fingerprint:
        raise ValueError(
            f"{path} was made with backbone {str(made)[:8]}, not with {fingerprint[:8]}; set DINOSCOPE_BACKBONE "
            "to that one, or fit on the pictures with --images"
        )
    whole = pooled.ndim == 2 and pooled.dtype == np.float32 and len(pooled) == len(cases) and np.isfinite(pooled).all()
    if not whole or len({c.id for c in cases}) != len(cases) or not all(len(c.labels) == 1 for c in cases):
        raise ValueError(wrong)
    return title, Labelled(cases, pooled)


def _member(parcel: zipfile.ZipFile, name: str, path: Path) -> bytes:
    with parcel.open(name) as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"{name} in {path} unpacks to more than {MOST_BYTES >> 20} MB, which is the limit")
    return content

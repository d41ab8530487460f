"""Given: what a program sends to an endpoint, taken as it comes and read by `bounds`; and what it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradio.components.api_component import Api

from ..errors import RequestError
from .markup import NOTICE

_SCHEMAS: dict[type, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    list: {"type": "array", "items": {}},
    dict: {"type": "object"},
}


def value(default: Any, kind: type, label: str) -> Api:
    """An input that programs alone use: any JSON value reaches the endpoint, which says what is wrong with it.

    Other components would refuse some values with a traceback, and read others as what they are not.

    Args:
        default: where the caller gives none.
        kind: as the endpoint's description has it.
    """
    return Api(default, _SCHEMAS[kind], label=label)


def picture(upload: str | None) -> Path:
    """The upload; Gradio has checked that it lies in the folder of uploads.

    Raises:
        RequestError: when there is none.
    """
    if not upload:
        raise RequestError("no picture was sent; send one as `picture`")
    return Path(upload)


def told(answer: dict) -> dict:
    """An answer as it leaves the app: with the notice that stands in every export."""
    return answer | {"notice": NOTICE}

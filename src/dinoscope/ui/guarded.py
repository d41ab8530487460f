"""Guarded: events with values from anybody; what these get wrong is a sentence, and a fault goes to the log."""

from __future__ import annotations

import logging
import math
import traceback
from typing import Any

import gradio as gr
from gradio.exceptions import InvalidPathError
from gradio_client.utils import is_file_obj_with_meta, traverse
from starlette.middleware import Middleware

from ..errors import RequestError

ADDRESS = "Send the picture itself, as an upload; addresses and paths are not opened here."
UNREADABLE = (
    "A value that was sent is not of the kind that is asked for here; reload the page, "
    "or see “Use it from a program” for what each value is."
)
FAULT = "Something went wrong here, and it is not your doing. It was written to the log; try again, or another picture."

log = logging.getLogger("dinoscope")


class GuardedBlocks(gr.Blocks):
    """Blocks that take files only as uploads, answer every mistake with a sentence, and forget single calls.

    Attributes:
        routes: middleware that answers what is no event.
    """

    routes: tuple[Middleware, ...] = ()

    async def process_api(self, *given: Any, **asked: Any) -> dict[str, Any]:
        """Run one event.

        Raises:
            gr.Error: with the sentence a visitor sees, whatever went wrong.
        """
        said = asked.get("event_data")
        if said is not None and not isinstance(said._data, dict):
            said._data = {}  # the page's clicks say something in an object, or nothing
        try:
            return await super().process_api(*given, **asked)
        except gr.Error as fault:
            fault.print_exception = False  # it may quote a visitor's value, and the log is no place for that
            raise
        except RequestError as fault:
            raise gr.Error(str(fault), print_exception=False) from fault
        except Exception as fault:
            note(fault, getattr(asked.get("block_fn"), "name", None) or "an event")
            raise gr.Error(FAULT, print_exception=False) from None
        finally:
            # A call without a session of its own was given one named after itself, and nobody comes back for that.
            session = asked.get("session_hash")
            if session is not None and session == asked.get("event_id"):
                self.state_holder.session_data.pop(session, None)
                self.state_holder.time_last_used.pop(session, None)

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], state: Any, explicit_call: bool = False
    ) -> list[Any]:
        """Refuse what is no upload before Gradio opens a path or looks up a host, then let it go on.

        Raises:
            RequestError, gr.Error: with the sentence a visitor sees.
        """
        try:
            traverse(inputs, _refuse_address, is_file_obj_with_meta)
            if block_fn.api_visibility == "private":
                for block, value in zip(block_fn.inputs, inputs, strict=True):
                    _refuse_unset(block, value)
            else:  # a program that leaves out the last values means what their endpoint takes by itself
                inputs = [*inputs, *(block.value for block in block_fn.inputs[len(inputs) :])]
            return await super().preprocess_data(block_fn, inputs, state, explicit_call)
        except (gr.Error, RequestError):
            raise
        except InvalidPathError as fault:
            raise RequestError(ADDRESS) from fault
        except Exception as fault:  # whatever Gradio makes of a value that no page of ours sends
            raise RequestError(UNREADABLE) from fault


def note(fault: BaseException, where: str) -> None:
    """Write a fault to the log: what kind and which lines of code, without the values that its message may quote."""
    lines = "".join(traceback.format_tb(fault.__traceback__))
    log.error("%s in %s\n%s", type(fault).__name__, where, lines.rstrip())


def _refuse_address(file: dict) -> dict:
    """Gradio would download an address, and the look-up of its host alone would leave the machine."""
    if "://" in file["path"]:
        raise RequestError(ADDRESS)
    return file


def _refuse_unset(block: Any, value: Any) -> None:
    """On the page a menu that starts with a choice always has one, an upload has a file, and a number is one."""
    menu = isinstance(block, gr.Dropdown | gr.Radio) and block.value is not None
    unset = value is None and (menu or isinstance(block, gr.Slider))
    unsent = not value and isinstance(block, gr.File | gr.UploadButton)
    endless = isinstance(block, gr.Number | gr.Slider) and isinstance(value, float) and not math.isfinite(value)
    if unset or unsent or endless:
        raise RequestError(UNREADABLE)

"""Guarded: a page that takes files only as uploads, and says so before Gradio opens a path or looks up a host."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.exceptions import InvalidPathError
from gradio_client.utils import is_file_obj_with_meta, traverse

REFUSED = "Send the picture itself, as an upload; addresses and paths are not opened here."


class GuardedBlocks(gr.Blocks):
    """Blocks whose events cannot be handed an address or a path in place of an upload."""

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], state: Any, explicit_call: bool = False
    ) -> list[Any]:
        """Refuse what is no upload, then let Gradio go on.

        Raises:
            gr.Error: with the sentence a visitor sees.
        """
        traverse(inputs, _refuse_address, is_file_obj_with_meta)
        try:
            return await super().preprocess_data(block_fn, inputs, state, explicit_call)
        except InvalidPathError as fault:
            raise gr.Error(REFUSED, print_exception=False) from fault


def _refuse_address(file: dict) -> dict:
    """Gradio would download an address, and the look-up of its host alone would leave the machine."""
    if "://" in file["path"]:
        raise gr.Error(REFUSED, print_exception=False)
    return file

"""Command line: dinoscope demo, doctor, read, fit, fetch, index, space, pretrain, phantoms, attack, benchmark."""

from __future__ import annotations

import argparse
import importlib
import sys

from .errors import OperatorError, RequestError, of_disk

COMMANDS = {
    "demo": ("dinoscope.demo", "serve the app"),
    "doctor": ("dinoscope.doctor", "print versions, backbone, tasks and whether the files are whole"),
    "read": ("dinoscope.batch.command", "read a folder or archive of pictures into a table"),
    "fit": ("dinoscope.fitting.fit_command", "fit heads and case vectors from labelled pictures"),
    "fetch": ("dinoscope.fitting.fetch", "download the originals of a task's public cases"),
    "index": ("dinoscope.fitting.index_command", "add a folder of labelled pictures to a task's search index"),
    "space": ("dinoscope.fitting.space_command", "write a folder to upload as a Hugging Face Space"),
    "pretrain": ("dinoscope_lab.pretrain.command", "train a backbone on unlabelled pictures"),
    "phantoms": ("dinoscope_phantoms.command", "draw synthetic cases"),
    "phantoms compare": ("dinoscope_lab.drawn.compare", "compare drawn cases with the real pictures at hand"),
    "phantoms fit": ("dinoscope_lab.drawn.fit", "fit the acquisition of drawn cases to the real pictures at hand"),
    "attack": ("dinoscope_lab.attack", "try to break the app, on this machine alone"),
    "benchmark": ("dinoscope_lab.benchmark", "measure, into model_assets/evidence"),
}
"""Verb -> the module that carries it out (`add_arguments`, `run`), imported only when it is asked for.

The one place where the product, the laboratory and the drawings meet, and by name alone.
"""


LABORATORY = "`.venv/bin/pip install -e '.[lab]'`"
"""What installs the packages that the product does without."""


def main(argv: list[str] | None = None) -> int:
    """Run one verb; the exit status is 0 when it worked, 1 when it did not, 2 for a misspelt call."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="dinoscope", description="DINOscope on the command line.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    if " ".join(argv[:2]) in COMMANDS:
        argv = [" ".join(argv[:2]), *argv[2:]]
    asked = argv[0] if argv else ""
    for verb, (module, purpose) in COMMANDS.items():
        command = verbs.add_parser(verb, help=purpose, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        if verb == asked:
            try:
                room = importlib.import_module(module)
            except ModuleNotFoundError as fault:
                if not module.startswith("dinoscope_lab"):
                    raise
                print(f"{verb} needs {fault.name}; {LABORATORY} brings it", file=sys.stderr)
                return 1
            command.description = room.__doc__
            room.add_arguments(command)
            command.set_defaults(run=room.run)
    arguments = parser.parse_args(argv)
    try:
        return arguments.run(arguments) or 0
    except OSError as fault:
        print(of_disk(fault), file=sys.stderr)
    except (OperatorError, RequestError, ValueError) as fault:
        print(fault, file=sys.stderr)
    return 1

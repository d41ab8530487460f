"""Errors: the one type of everything a visitor can get wrong, and the one of what an operator has to mend.

Whatever else is raised, a `ValueError` from code among it, is a fault: it goes to the log, and never onto the page.
"""

from __future__ import annotations


class RequestError(Exception):
    """A request that cannot be met; the message is the sentence a visitor sees: what was wrong and what to do."""


class OperatorError(RuntimeError):
    """Files, a backbone or a device that will not do; the message is the sentence an operator sees."""


def of_disk(fault: OSError) -> str:
    """What the system would not do, with the file where it names one; our own sentences as they are."""
    if fault.strerror is None or fault.filename is None:
        return str(fault)
    return f"{fault.filename} cannot be read or written ({fault.strerror})"


def shown(text: str) -> str:
    """A visitor's text as a sentence quotes it: printable, on one line, not longer than a line."""
    printable = "".join(letter for letter in text if letter.isprintable())
    return f"“{printable if len(printable) <= 80 else printable[:60] + '…'}”"

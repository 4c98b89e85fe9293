"""Texts that people choose: titles and labels, which stand on one line of a figure, a table or a page."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
"""Control characters and line breaks, halves of characters, what turns the direction of text, what takes no room."""


def one_line(text: str) -> str:
    """The text, if it is one line of characters that can be seen.

    Raises:
        ValueError: it has another character, which is named.
    """
    if found := HIDDEN.search(text):
        where = f"leave out character {found.start() + 1}, U+{ord(found[0]):04X}"
        raise ValueError(f"must be one line without control characters, got {text!r}: {where}")
    return text


def lines(text: str) -> str:
    """The text, if its lines are each as ``one_line`` wants them.

    Raises:
        ValueError: one of them is not.
    """
    for line in text.split("\n"):
        one_line(line.replace("\t", " "))
    return text


OneLine = Annotated[str, AfterValidator(lambda text: one_line(text.removesuffix("\n")))]
"""Text as of ``one_line``, without the line break at the end of a block of YAML."""
Lines = Annotated[str, AfterValidator(lines)]


def visible(text: str) -> str:
    r"""Text on one line in which everything can be seen: hidden characters are written as in JSON, ``\u0007``.

    Example:
        >>> from experiments.study.texts import visible
        >>> visible("a\nb\u202e")
        'a\\u000ab\\u202e'
    """
    if text.isascii() and text.isprintable():
        return text
    return HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)

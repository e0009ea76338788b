"""The streams of a command: what is printed cannot control the terminal.

Names, columns, exceptions and helps come from files and programs of others.
"""

import codecs
import contextlib
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

ESCAPES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
COLOURS = re.compile(r"(\x1b\[[0-9;]*m)")


def without_control_characters(text: str) -> str:
    """Return the text without control characters that affect a terminal; colors stay."""
    if not ESCAPES.search(text):
        return text
    parts = COLOURS.split(text.replace("\r\n", "\n"))
    parts[::2] = [ESCAPES.sub("�", part) for part in parts[::2]]
    return "".join(parts)


class CleanStream:
    """A text stream that replaces control characters; everything else is that of `unchanged`."""

    def __init__(self, unchanged: TextIO):
        self.unchanged = unchanged
        # Otherwise click replaces a stream of ASCII by one of its own.
        if codecs.lookup(unchanged.encoding or "utf-8").name == "ascii":
            unchanged.reconfigure(encoding="utf-8")  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unchanged, name)

    def write(self, text: str) -> int:
        """Write a text without control characters."""
        return self.unchanged.write(without_control_characters(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write lines without control characters."""
        for line in lines:
            self.write(line)


@contextlib.contextmanager
def clean_streams() -> Iterator[None]:
    """Remove control characters from all that the block prints."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(CleanStream, before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before

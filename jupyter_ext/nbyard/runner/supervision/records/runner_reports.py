"""Reads what the runner reports about the work through a pipe, as lines of JSON."""

from __future__ import annotations

import json
from typing import Any

from ...secret_masking import Masks

MAX_REPORT_BYTES = 32 * 1024 * 1024


class Reports:
    """Parses the runner's messages and masks secrets in them.

    `end` is the message about the end of the work, once it has come.
    """

    def __init__(self, masks: Masks) -> None:
        self._masks = masks
        self.rest = b""
        self._is_skipping = False
        self.end: dict[str, Any] | None = None

    @property
    def offers_to_stay(self) -> bool:
        """Return whether the work has ended and its runner offers to serve another attempt."""
        return self.end is not None and self.end.get("stays", False)

    def read(self, data: bytes) -> list[dict[str, Any]]:
        """Add data from the pipe. Return the messages that are complete with it.

        The pipe is open to the code of a function too: lines that are no messages are dropped.
        """
        *lines, self.rest = (self.rest + data).split(b"\n")
        if lines and self._is_skipping:
            del lines[0]  # the remainder of a message that was too long
            self._is_skipping = False
        # A message without an end must not fill the memory.
        if self._is_skipping or len(self.rest) > MAX_REPORT_BYTES:
            self.rest, self._is_skipping = b"", True
        parsed = [_message(line) for line in lines]
        messages = [self._masks.cleaned(message) for message in parsed if message is not None]
        for message in messages:
            if message["type"] == "end":
                self.end = message
        return messages


def _message(line: bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) and "type" in message else None

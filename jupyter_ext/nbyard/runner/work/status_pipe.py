"""Sends messages from the work to its supervisor, one JSON object per line."""

from __future__ import annotations

import json
import os
from typing import Any


class Report:
    """The pipe to the supervisor, on the descriptor `descriptor`."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._file = os.fdopen(descriptor, "w", encoding="utf-8")

    def send(self, message: dict[str, Any]) -> None:
        """Send a message."""
        self._file.write(json.dumps(message) + "\n")
        self._file.flush()

    def stage(self, name: str) -> None:
        """Report that the attempt has entered a stage."""
        self.send({"type": "stage", "stage": name})

    def cell(self, place: dict[str, int], state: str, seconds: float | None = None) -> None:
        """Report the state of a cell. `seconds` is its duration, once it has ended."""
        more = {} if seconds is None else {"seconds": round(seconds, 3)}
        self.send({"type": "cell", **place, "state": state, **more})

    def end(
        self,
        failure: dict[str, Any] | None,
        *,
        used: dict[str, float] | None = None,
        stays: bool = False,
    ) -> None:
        """Report the end of the work, with its failure if there is one.

        `used` has the resources that this process and its kernel have used so far. `stays` states
        whether the process waits for another attempt.
        """
        more = {} if used is None else {"used": used, "stays": stays}
        self.send({"type": "end", "failure": failure, **more})

"""Spellings of requests: the same request as a command and as Python."""

from typing import Any

import msgspec


class SpellingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request to spell. `operation` is its ID, such as `runs.create`.

    Secret values are not needed, and never part of a spelling. `project` is the ID of the active
    project, to which what the request creates is linked.
    """

    operation: str
    path: dict[str, str] = {}
    query: dict[str, Any] = {}
    body: dict[str, Any] | None = None
    project: str = ""


class Spelling(msgspec.Struct, frozen=True):
    """A command for a POSIX shell and a program that send the same request.

    Both ask for secret values when they run.
    """

    command: str
    python: str

"""What a check of the installation says."""

from typing import Literal

import msgspec


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at; `missing` things are optional, `failed` ones are needed.
    `cure` is a command or a sentence that helps."""

    name: str
    state: Literal["ok", "missing", "failed"]
    message: str
    cure: str = ""


class Runtimes(msgspec.Struct, frozen=True):
    """Names of the runtimes that can be chosen."""

    names: list[str]


class Diagnosis(msgspec.Struct, frozen=True):
    """All checks."""

    version: str
    checks: list[Check]

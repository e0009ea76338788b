"""Results of a check of the installation."""

from typing import Literal

import msgspec


class Check(msgspec.Struct, frozen=True):
    """One check. `missing` things are optional, `failed` ones are required.

    `cure` is a command or a sentence that helps.
    """

    name: str
    state: Literal["ok", "missing", "failed"]
    message: str
    cure: str = ""


class Runtimes(msgspec.Struct, frozen=True):
    """Names of the available runtimes."""

    names: list[str]


class Diagnosis(msgspec.Struct, frozen=True):
    """All checks, with the version of nbyard."""

    version: str
    checks: list[Check]

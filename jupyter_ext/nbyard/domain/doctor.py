"""Results of a check of the installation."""

from typing import Literal

import msgspec

from nbyard.errors import Unavailable
from nbyard.reasons.structs import Reason


class Check(msgspec.Struct, frozen=True):
    """One check and its finding. `missing` things are optional, `failed` ones are required.

    `cure` says what helps.
    """

    name: str
    state: Literal["ok", "missing", "failed"]
    finding: Reason
    cure: Reason | None = None

    def require(self) -> None:
        """Check that it is ok.

        Raises:
            Unavailable: it is not.
        """
        if self.state != "ok":
            raise Unavailable(self.finding, hint=self.cure)


class Runtimes(msgspec.Struct, frozen=True):
    """Names of the available runtimes."""

    names: list[str]


class Diagnosis(msgspec.Struct, frozen=True):
    """All checks, with the version of nbyard."""

    version: str
    checks: list[Check]

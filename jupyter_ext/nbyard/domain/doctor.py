"""Results of a check of the installation."""

from typing import Literal

import msgspec

from nbyard.errors import Unavailable
from nbyard.reasons.structs import Reason


class Check(msgspec.Struct, frozen=True):
    """One check and its finding.

    The state is `missing` if an optional thing is missing, and `failed` if a required one is.
    `cure` says what helps.
    """

    name: str
    state: Literal["ok", "missing", "failed"]
    finding: str
    cure: str = ""

    def require(self) -> None:
        """Check that the state is ok.

        Raises:
            Unavailable: the state is not ok. The cure is the hint.
        """
        if self.state != "ok":
            raise Unavailable(self.finding, hint=self.cure)


class Runtimes(msgspec.Struct, frozen=True):
    """Names of the available runtimes, the default first.

    `note` says why the Dask cluster is missing, or for which runs it is.
    """

    names: list[str]
    note: Reason | None = None


class Diagnosis(msgspec.Struct, frozen=True):
    """All checks, with the version of nbyard."""

    version: str
    checks: list[Check]

"""The question whether a file keeps its contract, as the reader process receives it."""

import msgspec

from nbyard.domain.contracts.structs import Contract


class CheckedFile(msgspec.Struct, omit_defaults=True):
    """A file that a contract is about; `metrics` were recorded by its task."""

    path: str = ""
    filename: str = ""
    folder: str = ""
    metrics: dict[str, float | str] = {}


class ContractQuestion(msgspec.Struct, omit_defaults=True):
    """A contract to check at the time `now`, in seconds since 1970.

    `references` are the datasets that it names, `last` is the output of the last good run, and
    `is_same` tells whether that has the same bytes.
    """

    contract: Contract
    now: float
    metrics: dict[str, float | str] = {}
    references: dict[str, CheckedFile] = {}
    last: CheckedFile | None = None
    is_same: bool = False

"""Checks of runs before they start: without executing anything, or on a sample of the data."""

import msgspec

from nbyard.domain.runs.structs import FILES, ROWS, NewRun, Run
from nbyard.errors import Conflict

FOR_SCRATCH = (
    "This is a check run or the run of a bisection. Such runs are deleted automatically,"
    " so they cannot be kept, compared, retried, pinned, exported or registered."
)


class CheckedRun(msgspec.Struct, frozen=True):
    """The title and nodes of a run that passed all checks and can start."""

    title: str
    nodes: list[str]


class NewCheckRun(NewRun, frozen=True, forbid_unknown_fields=True):
    """A run on a sample, as for `runs.create`.

    Tasks get `rows` rows of each table, and `files` files of each suffix in each folder. A check
    run has no name.
    """

    rows: int = ROWS
    files: int = FILES


def file_of(run: Run) -> str:
    """Return the file of a run, else the title of its executable, which may have no file."""
    return run.path or run.title


def refuse_scratch(run: Run) -> None:
    """Refuse a scratch run where only runs of the history count.

    Raises:
        Conflict: the run is a scratch run.
    """
    if run.is_scratch:
        raise Conflict(FOR_SCRATCH)

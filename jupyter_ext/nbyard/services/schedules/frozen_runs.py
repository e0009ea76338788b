"""The runs of schedules: checked and frozen when a schedule is saved, or started now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun, Run
from nbyard.errors import Invalid
from nbyard.freezing.drafts import Draft, create_draft
from nbyard.reasons.structs import because
from nbyard.services.runs.service import RunService

if TYPE_CHECKING:
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection
    from nbyard.store.schedules import ScheduleRow


class FrozenRuns:
    """Checks and freezes the run of a schedule."""

    def __init__(self, parts: ServiceContext):
        self._parts = parts
        self._service = RunService(parts)

    def check(self, caller: Caller, run: NewRun) -> tuple[NewRun, str]:
        """Return a run with its path as it is stored, and its real path; empty for executables.

        Raises:
            Invalid: a field is refused.
        """
        if isinstance(run.name, str) or run.replace:
            raise Invalid.field("run.name", because("schedule-run-name"))
        if not run.path:
            return run, ""
        real = str(self._parts.files.locate_code(run.path))
        return msgspec.structs.replace(run, path=real), real

    def freeze(self, caller: Caller, run: NewRun) -> Draft:
        """Check a run and store the bytes that it needs."""
        return create_draft(self._parts, caller, run)

    def keep(self, c: Connection, caller: Caller, drafted: Draft) -> str:
        """Store the template of a frozen run and return its ID."""
        return ""

    def start(self, caller: Caller, row: ScheduleRow) -> Run:
        """Start a run now."""
        return self._service.create(caller, row.schedule.run)

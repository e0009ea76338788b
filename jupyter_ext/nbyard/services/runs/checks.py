"""Service operations that check a run before it starts: without executing it, or on a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.callers import Caller
from nbyard.domain.runs.checks import CheckedRun, NewCheckRun, file_of
from nbyard.domain.runs.origins import Origin
from nbyard.domain.runs.samples import check_sample
from nbyard.domain.runs.structs import NewRun, Run
from nbyard.domain.state_machines import RUN
from nbyard.errors import Invalid
from nbyard.freezing.runs.run_creation import create_run
from nbyard.freezing.runs.templates import check_request, freeze, store_template
from nbyard.retention.removal import remove_records, remove_run
from nbyard.services.operation import operation
from nbyard.services.runs.exports import RunExports
from nbyard.services.service_context import pin_blobs

if TYPE_CHECKING:
    from nbyard.store import Connection


class RunChecks(RunExports):
    """The part of the run service that checks."""

    @operation("POST", "/runs/check", scope="runs:read")
    def check(self, caller: Caller, body: NewRun) -> CheckedRun:
        """Check that a run can start, without creating it.

        The check fails, for example, if an input is missing. It does not look for container images,
        which may still be built.
        """
        document = check_request(self._parts, caller.name, body)
        return CheckedRun(document.meta.title, list(document.nodes))

    @operation("POST", "/runs/check/sample", scope="runs:write", status=201)
    @pin_blobs
    def check_sample(self, caller: Caller, body: NewCheckRun) -> Run:
        """Start a check run: run the saved workflow on a sample of its data.

        Tasks get the first rows of tables (CSV, TSV, JSON lines, Parquet) and the first files of
        each suffix in each folder. Other data, and files that code opens itself, are used whole.
        The run is kept out of lists, searches, comparisons, the cache, notices and triggers.
        It is deleted after the next check run of the same file, or a day after its end.

        Raises:
            Invalid: the request has a name or replaces a run.
        """
        if body.name is not msgspec.UNSET or body.replace:
            raise Invalid.field("name", "a check run has no name")
        sample = check_sample(body.rows, body.files)
        frozen = freeze(self._parts, caller.name, body, caller.project)
        self._parts.retire_idle_dispatcher()
        with self._store.write() as c:
            template = store_template(c, frozen)
            origin = Origin("check", person=caller.submitter)
            made, _ = create_run(self._store, c, template, origin=origin, sample=sample)
            names = self._supersede(c, caller, made)
        self._parts.ensure_dispatcher()
        # Only after the commit. The dispatcher deletes folders that a crash leaves without a row.
        remove_records(self._store, names)
        with self._store.read() as c:
            return self._with_shown_path(self._find(c, caller, made))

    def _supersede(self, c: Connection, caller: Caller, made: str) -> set[str]:
        """Delete or cancel earlier check runs of the same file. Return the folders to delete.

        `made` is the ID of the new check run.
        """
        names: set[str] = set()
        new = self._find(c, caller, made)
        for old in self._store.runs.scratch(c, caller.name, new.path):
            is_same = old.origin.kind == "check" and file_of(old) == file_of(new)
            if old.id == made or not is_same:
                continue
            # A live run is deleted by the dispatcher after its end.
            if old.state in RUN.terminal:
                names |= remove_run(self._store, c, old)
            else:
                self._store.runs.request_cancel(c, old)
        return names

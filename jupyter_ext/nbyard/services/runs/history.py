"""Service operation that lists and searches runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from nbyard.domain.callers import Caller
from nbyard.domain.ids import is_id
from nbyard.domain.paging import Page, check_limit, page_of
from nbyard.domain.runs.origins import KINDS
from nbyard.domain.runs.structs import Run
from nbyard.domain.state_machines import RUN
from nbyard.errors import Invalid
from nbyard.host.project_files import DOCUMENT
from nbyard.services.operation import operation
from nbyard.services.project_filter import filter_project
from nbyard.services.runs.forecasts import RunForecasts
from nbyard.services.workflows.file_tracking import saved_workflow
from nbyard.services.workflows.pushed_copies import PushedCopies
from nbyard.services.workflows.pushed_names import PushedNames

Names = list[str]  # inside the class, `list` is the operation


class RunHistory(RunForecasts):
    """The part of the run service that searches past runs."""

    @operation("GET", "/runs", scope="runs:read")
    def list(  # noqa: PLR0913, PLR0917  these are the query's parameters
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        state: str = "",
        workflow: str = "",
        executable: str = "",
        search: str = "",
        node: str = "",
        since: str = "",
        until: str = "",
        origin: str = "",
        automation: str = "",
        project: str = "",
        person: str = "",
    ) -> Page[Run]:
        """List runs, newest first, filtered by the given fields.

        `workflow` is an ID or path. A file and its pushed copy have the same runs. `node` means
        runs in which that node's task succeeded. `since` and `until` limit the time of submission,
        without `until` itself: a date or time in ISO 8601, by default in the server's time zone.
        `origin` is what started the runs, such as `manual`, `shell`, `retry` or `automation`.
        `automation` is an ID or a name; its backfills and retries are among the runs.
        `project` is the ID or name of a project.

        `person` is the name of who submitted the runs: the user of JupyterHub or of another
        identity provider, else the user of the machine.

        Raises:
            Invalid: the state or origin is unknown.
        """
        check_limit(limit)
        _check_known(state, "state", RUN.moves)
        _check_known(origin, "origin", KINDS)
        begin, end = _moment(since, "since"), _moment(until, "until")
        known, path, same_as = self._of_workflow(caller, workflow)
        filters = {
            "state": state,
            "workflow": known,
            "path": path,
            "executable": self._executable(caller, executable),
            "search": search,
            "node": node,
            "origin": origin,
            "person": person,
            "automation": self._automation(caller, automation),
        }
        with self._store.read() as c:
            filters["project"] = filter_project(self._store, c, caller, project)
            runs = self._store.runs.page(
                c, caller.name, limit + 1, after, begin=begin, end=end, same_as=same_as, **filters
            )
        return page_of([self._with_shown_path(run) for run in runs], limit, lambda r: r.id)

    def _of_workflow(self, caller: Caller, workflow: str) -> tuple[str, str, Names]:
        """Return the ID of a workflow, "" and the IDs of workflows with the same history.

        For other code, return the given text and the real path. `workflow` is the ID of a workflow,
        the path of a file, or `PROJECT:PATH` for a pushed workflow.
        """
        if not workflow:
            return "", "", []
        with self._store.read() as c:
            pushed = PushedNames(self._store, c, caller.name).real(c, workflow)
        real = self._real(pushed or workflow)
        with self._store.read() as c:
            # A workflow keeps its ID when its file moves. Other code is known by its path only.
            if real.endswith(DOCUMENT):
                known = saved_workflow(self._parts, c, caller.name, Path(real))
            else:
                known = self._store.workflows.get(c, caller.name, workflow)
            if known is not None:
                copies = PushedCopies(self._store, c, caller.name)
                return known.id, "", copies.same_as(c, known)
        return (real, "", []) if real.endswith(DOCUMENT) else (workflow, real, [])

    def _real(self, path: str) -> str:
        """Return the real path of code.

        Absolute paths are accepted, because this API returns them.
        """
        if not path or path.startswith("/"):
            return path and os.path.realpath(path)
        return str(self._parts.files.locate_code(path, "workflow"))

    def _executable(self, caller: Caller, key: str) -> str:
        """Return the ID of an executable, which is given by ID (even if deleted), name or file."""
        if not key or is_id(key):
            return key
        with self._store.read() as c:
            return self._store.executables.find(c, caller.name, key, self._real(key)).id

    def _automation(self, caller: Caller, key: str) -> str:
        """Return the ID of an automation, which is given by ID (even if deleted) or name."""
        if not key or is_id(key):
            return key
        with self._store.read() as c:
            return self._store.automations.find(c, caller.name, key).automation.id


def _check_known(word: str, field: str, known: Iterable[str]) -> None:
    names = [*known]
    if word and word not in names:
        raise Invalid.field(field, f"must be one of {', '.join(names)}")


def _moment(text: str, field: str) -> datetime | None:
    """Return the time in a text, None for an empty text.

    Raises:
        Invalid: The text is no date or time in ISO 8601. The error names the field.
    """
    if not text:
        return None
    try:
        # a text without a time zone means that of the server
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise Invalid.field(
            field, f"{text[:40]} is not a date or time. Write 2026-11-25 or 2026-11-25T08:00+01:00"
        ) from None

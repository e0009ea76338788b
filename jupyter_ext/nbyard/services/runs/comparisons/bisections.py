"""Service operations on bisections: which change between two runs made the result bad."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.bisections.mixed_plans import BisectionChange, untried_changes
from nbyard.domain.bisections.structs import (
    Bisection,
    BisectionJudge,
    BisectionPreview,
    NewBisection,
    check_limit_of_probes,
    expected_tries,
    hint_of_metrics,
    judge_of,
)
from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.domain.paging import Page, page_of
from nbyard.domain.runs.checks import file_of
from nbyard.domain.runs.structs import Run
from nbyard.domain.state_machines import BISECTION, RUN
from nbyard.errors import Conflict, Forbidden, Invalid, NotFound
from nbyard.freezing.runs.bisected_runs import mixed_plans
from nbyard.services.operation import operation
from nbyard.services.runs.comparisons.run_comparisons import RunComparisons
from nbyard.services.runs.comparisons.run_facts import FactReader
from nbyard.services.service_context import Service, ServiceContext

if TYPE_CHECKING:
    from nbyard.store import Connection

Pair = tuple[Run, Run]


class BisectionService(Service):
    """Searches for the change between a good and a bad run that makes the result bad."""

    noun = "bisections"

    def __init__(self, context: ServiceContext):
        super().__init__(context)
        self._rows = context.store.bisections
        self._runs = RunComparisons(context)

    @operation("POST", "/bisections/preview", scope="runs:read")
    def preview(self, caller: Caller, body: NewBisection) -> BisectionPreview:
        """Show the changes between two runs, and how many runs a bisection takes.

        Nothing is started. The last changes may have a `reason`: no run can try them, such as
        packages of a kernel that nbyard does not manage.
        """
        return self._plan(caller, body)[1]

    @operation("POST", "/bisections", scope="runs:write", status=201)
    def create(self, caller: Caller, body: NewBisection) -> Bisection:
        """Start a bisection: run combinations of the changes between a good and a bad run.

        First both runs are repeated, mostly from the cache. Then each run halves the changes that
        may be the cause. The runs are kept out of history, and read the cache but do not write it.

        Raises:
            Conflict: the runs have no difference that a run can try.
            Forbidden: one of the runs belongs to another user.
        """
        (good, bad), preview = self._plan(caller, body)
        if not preview.changes:
            raise Conflict("The runs have the same values, data, code and packages.")
        untried = [change.reason for change in preview.changes if change.reason]
        if len(untried) == len(preview.changes):
            raise Conflict(
                f"Only this changed between the runs: {'; '.join(map(str, untried))}. Runs use the"
                " packages and files of this machine as they are now, so there is nothing to try."
            )
        bisection = Bisection(
            id=new_id(),
            owner=caller.name,
            title=bad.title,
            good_run=good.id,
            bad_run=bad.id,
            good_number=good.number,
            bad_number=bad.number,
            state="running",
            judge=preview.judge,
            limit=preview.limit,
            expected=preview.expected,
            changes=preview.changes,
            created_at=datetime.now(UTC),
        )
        with self._context.writing_work(is_new=True) as c:
            self._rows.insert(c, bisection)
        return bisection

    @operation("GET", "/bisections", scope="runs:read")
    def list(self, caller: Caller, limit: int = 50, after: str = "") -> Page[Bisection]:
        """List bisections, newest first."""
        with self._store.read() as c:
            bisections = self._rows.page(c, caller.name, limit + 1, after)
        return page_of(bisections, limit)

    @operation("GET", "/bisections/{bisection}", scope="runs:read")
    def get(self, caller: Caller, bisection: str) -> Bisection:
        """Show a bisection with its probes."""
        self._context.watch()
        with self._store.read() as c:
            return self._find(c, caller, bisection)

    @operation("POST", "/bisections/{bisection}/cancel", scope="runs:write", status=202)
    def cancel(self, caller: Caller, bisection: str) -> Bisection:
        """Cancel a bisection and its run.

        Raises:
            Conflict: the bisection has ended.
        """
        with self._context.writing_work() as c:
            record = self._find(c, caller, bisection)
            if not self._rows.cancel(c, record):
                raise Conflict(f"The bisection has already finished ({record.state}).")
            last = record.probes[-1] if record.probes else None
            run = self._store.runs.by_id(c, last.run_id) if last and last.run_id else None
            if run is not None and run.state not in RUN.terminal:
                self._store.runs.request_cancel(c, run)
        return self.get(caller, record.id)

    @operation("DELETE", "/bisections/{bisection}", scope="runs:write", status=204)
    def delete(self, caller: Caller, bisection: str) -> None:
        """Delete a bisection that has ended.

        Raises:
            Conflict: the bisection has not ended.
        """
        with self._store.write() as c:
            record = self._find(c, caller, bisection)
            if record.state in BISECTION.live:
                raise Conflict("The bisection is running; cancel it first.")
            self._rows.delete(c, record)

    def _find(self, c: Connection, caller: Caller, bisection: str) -> Bisection:
        record = self._rows.get(c, caller.name, bisection)
        if record is None:
            raise NotFound(f"There is no bisection '{bisection[:80]}'.")
        return record

    def _plan(self, caller: Caller, body: NewBisection) -> tuple[Pair, BisectionPreview]:
        """Check a request for a bisection. Return both runs and the preview of it."""
        check_limit_of_probes(body.limit)
        good, bad = (self._runs.recorded(caller, key) for key in (body.good, body.bad))
        for name, run in (("good", good), ("bad", bad)):
            if run.state not in RUN.terminal:
                raise Invalid.field(name, "the run has not finished")
        # Probes belong to the owner of the runs, and have the owner's files and secrets.
        if {good.owner, bad.owner} != {caller.name}:
            raise Forbidden("You can only bisect your own runs.", hint="Retry the other run first.")
        # Runs of one notebook or script have no workflow.
        if (good.workflow_id or file_of(good)) != (bad.workflow_id or file_of(bad)):
            raise Invalid.field("bad", "is a run of a different workflow than the good run")
        judge = self._judge(caller, body, good, bad)
        with self._store.read() as c:
            raw_changes = mixed_plans(self._store, c, good, bad).changes
            changes = [self._with_version_numbers(c, change) for change in raw_changes]
            reader = FactReader(self._store, c)
            old, new = (reader.read(run, {}, {}) for run in (good, bad))
        expected = min(expected_tries(len(changes)), body.limit)
        untried = untried_changes(old, new, changes)
        return (good, bad), BisectionPreview([*changes, *untried], judge, expected, body.limit)

    def _judge(self, caller: Caller, body: NewBisection, good: Run, bad: Run) -> BisectionJudge:
        metrics = [self._runs.metrics_of(caller, run) for run in (good, bad)]
        hint = hint_of_metrics(*metrics)
        if body.metric:
            node = next((n for n in metrics[0] if body.metric.startswith(f"{n}.")), "")
            name = body.metric.removeprefix(f"{node}.")
            first, last = (run_metrics.get(node, {}).get(name) for run_metrics in metrics)
            return judge_of(body.metric, node, body.threshold, first, last, hint)
        # Without a metric, success decides. Two runs that both failed would lead to no cause.
        judge = judge_of("", "", body.threshold, None, None)
        for name, run in (("good", good), ("bad", bad)):
            if judge.verdict(run.state, None) != name:
                why = f"the state of run {run.number} is {run.state}"
                raise Invalid.field(name, why, hint=hint)
        return judge

    def _with_version_numbers(self, c: Connection, change: BisectionChange) -> BisectionChange:
        if change.kind != "code":
            return change
        versions = [
            self._store.executables.version(c, version_id or "")
            for version_id in (change.before, change.after)
        ]
        before, after = (f"version {version.number}" if version else None for version in versions)
        return msgspec.structs.replace(change, before=before, after=after)

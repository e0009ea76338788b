"""The controller of bisections: starts the next probe as soon as the last one has ended.

The next step follows from the stored verdicts alone. A probe and its run are stored in one
transaction, so a killed dispatcher neither loses nor repeats one.

Read the judged metric from the run of a probe.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import msgspec

from nbyard.dispatch.cache.contract_verdicts import recorded_metrics
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.threads import Threads
from nbyard.domain.bisections.mixed_plans import MixedPlans, plan_signatures
from nbyard.domain.bisections.structs import (
    Bisection,
    BisectionJudge,
    BisectionProbe,
    Conclusion,
    next_step,
)
from nbyard.domain.runs.structs import Run, TaskPlan
from nbyard.domain.state_machines import RUN
from nbyard.errors import Busy, Conflict, NbyardError, NotFound, Unavailable, reason_of
from nbyard.freezing.runs.bisected_runs import mixed_plans, with_mixed_bundles
from nbyard.freezing.runs.run_creation import create_probe
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import because
from nbyard.store import Connection
from nbyard.store.leases import LeaseLost
from nbyard.tabular import TableFile

JSON = "json"


def value_of(context: DispatchContext, run: Run, judge: BisectionJudge) -> float | str | None:
    """Return the value of the judge's metric in a run, None without it.

    It is the last value that the judge's node recorded, else the number in a JSON output.
    """
    if not judge.metric:
        return None
    with context.store.read() as c:
        task = context.store.tasks.of_node(c, run.id, judge.node)
        metrics = recorded_metrics(context, c, run.owner, task.id) if task else []
        outputs = [] if metrics else context.store.artifacts.of_run(c, run.id)
    for output in outputs:
        if output.node == judge.node and output.format == JSON:
            file = TableFile(context.blobs.path(output.digest), output.filename, output.digest)
            # A file without readable numbers has none of this name.
            with suppress(NbyardError, OSError):
                metrics += context.tables.preview(file).metrics
    return next((metric.value for metric in metrics if metric.name == judge.metric), None)


log = logging.getLogger("nbyard.dispatch")


class BisectionController:
    """Handles the running bisections in threads; `wake` wakes the loop after a new run."""

    def __init__(self, context: DispatchContext, threads: Threads, wake: Callable[[], None]):
        self._context = context
        self._store = context.store
        self._rows = context.store.bisections
        self._threads = threads
        self._wake = wake
        self._has_some = False
        self._has_created = False

    def tick(self, *, has_news: bool = True, has_time: bool = True) -> bool:
        """Start threads that advance the running bisections.

        Return whether a bisection advanced since the last round, which may have created a run.
        """
        # This dispatcher itself writes the end of a probe, and its own writes are no news.
        if has_news or has_time or self._has_some:
            with self._store.read() as c:
                running = self._rows.running(c)
            self._has_some = bool(running)
            for name in running:
                handle = partial(self.handle, name)
                self._threads.submit(f"bisection {name}", handle, then=self._done)
        has_created, self._has_created = self._has_created, False
        return has_created

    def handle(self, bisection_id: str) -> bool:
        """Judge the last probe and start the next one; return whether anything changed."""
        with self._store.read() as c:
            bisection = self._rows.by_id(c, bisection_id)
            last = bisection.probes[-1] if bisection and bisection.probes else None
            run = self._store.runs.by_id(c, last.run_id) if last and last.run_id else None
        if bisection is None or bisection.state != "running":
            return False
        probes = [*bisection.probes]
        if last is not None and last.verdict is None:
            if run is not None and run.state not in RUN.terminal:
                return False
            probes[-1] = self._with_verdict(bisection, last, run)
        try:
            self.go_on(bisection, probes)
        except NbyardError as error:
            # These errors pass, or another dispatcher takes over. The step is repeated.
            if isinstance(error, Busy | Unavailable | LeaseLost):
                raise
            with self._context.write() as c:
                self._rows.set_failed(c, bisection, reason_of(error))
        return True

    def _with_verdict(
        self, bisection: Bisection, probe: BisectionProbe, run: Run | None
    ) -> BisectionProbe:
        if run is None:  # somebody deleted it
            return msgspec.structs.replace(probe, verdict="unclear")
        value = value_of(self._context, run, bisection.judge)
        verdict = bisection.judge.verdict(run.state, value)
        return msgspec.structs.replace(probe, verdict=verdict, value=value)

    def go_on(self, bisection: Bisection, probes: list[BisectionProbe]) -> None:
        """Store the verdicts, and start the next probe or conclude.

        Raises:
            NotFound: one of both runs is gone.
            Conflict: the changes are divided otherwise than at the start.
        """
        # The same combination is never tried twice, so no verdict is lost.
        verdicts = {frozenset(p.changes): p.verdict or "unclear" for p in probes}
        # Changes with a reason come last: no run can try them.
        tried = [change for change in bisection.changes if change.reason is None]
        step = next_step(len(tried), verdicts, bisection.limit)
        if isinstance(step, Conclusion):
            with self._context.write() as c:
                if self._rows.store_probes(c, bisection, probes):
                    self._rows.conclude(c, bisection, step)
            return
        changes = sorted(step.changes)
        blobs = self._context.blobs
        with blobs.without_collection(), self._context.write() as c:
            bad, mixed = mixed_plans_of(self._context, c, bisection)
            # Indexes have the same meaning only if an upgrade of nbyard finds the same changes.
            if [change.identity for change in tried] != [
                change.identity for change in mixed.changes
            ]:
                raise Conflict(because("bisection-outdated"))
            plans = mixed.mix(changes)
            if plans is None:
                probe = BisectionProbe(changes, verdict="unclear")
            else:
                plans = with_mixed_bundles(self._store, blobs, c, plans)
                plans = self.with_reused_tasks(c, plans, probes)
                made = create_probe(self._store, c, bad, plans, bisection.id)
                probe = BisectionProbe(changes, made)
            if not self._rows.store_probes(c, bisection, [*probes, probe]) and probe.run_id:
                # It was cancelled meanwhile: its run must not work.
                self._store.runs.request_cancels(c, [probe.run_id])
            crash_point("probe-inserted")
        crash_point("probe-committed")

    def with_reused_tasks(
        self, c: Connection, plans: list[TaskPlan], probes: Sequence[BisectionProbe]
    ) -> list[TaskPlan]:
        """Return the plans, with results of earlier probes to reuse.

        A task is reused if it succeeded in an earlier probe with the same plan.
        """
        known: dict[str, str] = {}
        for probe in probes:
            tasks = self._store.tasks.of_run(c, probe.run_id) if probe.run_id else []
            of = plan_signatures([task.plan for task in tasks])
            known |= {of[task.node]: task.id for task in tasks if task.state == "succeeded"}
        # Not those of both compared runs: repeating them shows what runs do not record.
        own = plan_signatures(plans)
        return [
            msgspec.structs.replace(plan, reuse=known[own[plan.node]])
            if not plan.pinned and own[plan.node] in known
            else plan
            for plan in plans
        ]

    def _done(self, has_changed: bool | None) -> None:
        if has_changed:
            self._has_created = True
            self._wake()


def mixed_plans_of(
    context: DispatchContext, c: Connection, bisection: Bisection
) -> tuple[Run, MixedPlans]:
    """Return the bad run, and the plans of both runs to combine.

    Raises:
        NotFound: one of both runs is gone.
    """
    store = context.store
    good, bad = store.runs.by_id(c, bisection.good_run), store.runs.by_id(c, bisection.bad_run)
    if good is None or bad is None:
        raise NotFound(because("bisected-run-gone"))
    return bad, mixed_plans(store, c, good, bad)

"""Run a nightly sample of cached nodes again.

Code that gives other bytes from equal inputs is marked as not reproducible.
"""

import logging
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import inputs_from
from nbyard.dispatch.threads import Threads
from nbyard.domain.attempts.structs import EXECUTED
from nbyard.domain.digest import digest_of
from nbyard.domain.runs.structs import BytesOf, TaskPlan, bytes_of
from nbyard.errors import Busy, NbyardError, Unavailable
from nbyard.freezing.runs.run_creation import create_recheck
from nbyard.reasons.structs import because
from nbyard.store import Connection
from nbyard.store.leases import LeaseLost
from nbyard.store.runs.past_results import LONGEST
from nbyard.store.runs.tasks import TaskRecord

log = logging.getLogger("nbyard.dispatch")
LOOK_SECONDS = 10.0
# The end of the last sampled day, in seconds since 1970.
SAMPLED_AT = "rechecked_at"
DAY = timedelta(days=1)


def is_sampled(percent: float, day: datetime, owner: str, key: str) -> bool:
    """Return whether the sample of a day has a result.

    The answer is the same after a restart.
    """
    place = int(digest_of([f"{day:%Y-%m-%d}", owner, key])[-12:], 16) / 16**12
    return 100 * place < percent


class RecheckController:
    """Runs sampled nodes again after midnight, and compares them."""

    def __init__(self, context: DispatchContext, threads: Threads):
        self._context = context
        self._store = context.store
        self._threads = threads
        self._next = 0.0

    def tick(self) -> None:
        """Start a thread that samples and compares what is due."""
        if self._context.settings.reproducibility_sample and time.monotonic() >= self._next:
            self._next = time.monotonic() + LOOK_SECONDS
            self._threads.submit("rechecks", partial(self.look, datetime.now().astimezone()))

    def look(self, now: datetime) -> None:
        """Compare the ended rechecks, and start those of a day."""
        with self._store.read() as c:
            sampled = float(self._store.facts.get(c, SAMPLED_AT) or 0)
            ended = self._store.rechecks.unjudged(c, now)
        for task_id in ended:
            with self._context.write() as c:
                self._judge(c, task_id)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        if sampled == midnight.timestamp():
            return
        # also if the clock was set back, or no dispatcher ran for long
        since = datetime.fromtimestamp(sampled, UTC)
        if not midnight - LONGEST <= since < midnight:
            since = midnight - DAY
        with self._store.read() as c:
            cached = self._store.rechecks.cached_between(c, since, midnight)
        percent = self._context.settings.reproducibility_sample
        for row in cached:
            if is_sampled(percent, midnight, row.owner, row.cache_key):
                key = f"recheck {midnight:%Y-%m-%d} {row.cache_key}"
                try:
                    with self._context.write() as c:
                        self._start(c, row.id, key)
                except NbyardError as error:
                    # These errors pass, or another dispatcher takes over: the sample is repeated.
                    if isinstance(error, Busy | Unavailable | LeaseLost):
                        raise
                    log.info("the task %s is not run again: %s", row.id, error)
        with self._context.write() as c:
            self._store.facts.set(c, SAMPLED_AT, str(midnight.timestamp()))

    def _start(self, c: Connection, task_id: str, key: str) -> None:
        """Queue a run of a cached task alone, with the same inputs.

        Raises:
            NotFound: The task before it has no such output.
            OverQuota: The quota of the owner allows no further run.
        """
        store, task = self._store, self._store.tasks.get(c, task_id)
        run = store.runs.by_id(c, task.run_id) if task else None
        if task is None or run is None or not _is_repeatable(task.plan):
            return
        made: dict[str, dict[str, BytesOf]] = {}
        for row in store.artifacts.of_run(c, run.id):
            own = made.setdefault(row.node, {})
            own[row.name] = bytes_of(row.digest, row.filename, row.node)
        inputs = inputs_from(task.plan, lambda node: made.get(node, {}))
        alone = msgspec.structs.replace(
            task.plan,
            bindings=task.plan.bindings | inputs,
            force=True,
            when="",
            element=None,
            contracts={},
            data_contracts={},
        )
        create_recheck(store, c, run, alone, key)

    def _judge(self, c: Connection, task_id: str) -> None:
        """Compare a recheck with the record, and mark its code."""
        store, task = self._store, self._store.tasks.get(c, task_id)
        run = store.runs.by_id(c, task.run_id) if task else None
        if task is None or run is None:
            return
        before = store.tasks.of_node(c, run.origin.id, task.node)
        old = store.runs.by_id(c, run.origin.id)
        if before is None or old is None or not self._are_alike(c, before, task):
            why = because("not-comparable")
        else:
            rows = store.artifacts.of_tasks(c, [before.id, task.id])
            was, now = ({r["name"]: r["digest"] for r in rows[t.id]} for t in (before, task))
            names = sorted({*was, *now} - {EXECUTED})  # which has times
            outputs = [name for name in names if was.get(name) != now.get(name)]
            why = because("reproduced", run=old.number)
            if outputs:
                why = because("not-reproduced", run=old.number, outputs=outputs)
                at = f"{run.created_at:%Y-%m-%d}"
                mark = because("not-reproducible", outputs=outputs, at=at)
                store.executables.mark(c, task.plan.executable_version_id, mark)
        store.tasks.note_all(c, [msgspec.structs.replace(task, reason=why)])

    def _are_alike(self, c: Connection, before: TaskRecord, task: TaskRecord) -> bool:
        keys = [self._store.tasks.key_of(c, each.id).get("parts") for each in (before, task)]
        return bool(keys[0]) and keys[0] == keys[1]


def _is_repeatable(plan: TaskPlan) -> bool:
    """Return whether a task itself computes its result."""
    return not (plan.reuse or plan.pinned or plan.map or plan.sample)

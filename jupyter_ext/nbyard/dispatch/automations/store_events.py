"""Find events of the store that fire automations: ready versions of datasets and ended runs.

The events are written in the transactions of their causes. A cursor moves over them in the
transaction that records the firings, so neither a crash nor a second dispatcher repeats or loses
one.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from nbyard.dispatch.context import DispatchContext
from nbyard.domain.automations.structs import EventKind, Fire, OnRun
from nbyard.domain.automations.values import values_or_reason
from nbyard.domain.events import Event
from nbyard.domain.runs.origins import Cause, DatasetCause, RunCause
from nbyard.ipc.crash_points import crash_point
from nbyard.store import Connection
from nbyard.store.automations.queries import AutomationRow

KINDS: tuple[EventKind, ...] = ("dataset", "run")
MOST_AT_ONCE = 2_000
# Without a match, the stored cursor may stay behind; a new dispatcher reads these events again.
MOST_BEHIND = 1_000
ENDS = ("succeeded", "failed")


class Occurrence(msgspec.Struct, frozen=True):
    """An event that may fire automations of its owner."""

    event_id: int
    kind: str
    owner: str
    key: str
    sources: frozenset[str]  # IDs and real paths that identify where it happened
    cause: Cause
    run_id: str  # the run that caused it


class StoreEvents:
    """Compares events of the store with the enabled automations."""

    def __init__(self, context: DispatchContext):
        self._context = context
        self._store = context.store
        self._seen = 0

    def is_behind(self, newest: int) -> bool:
        """Return whether there are events that were not compared yet."""
        return newest > self._seen

    def match(self) -> bool:
        """Record the firings of the next events; return whether there were any."""
        with self._store.read() as c:
            # First the newest event: an automation that is created meanwhile begins after it.
            newest = self._store.events.newest_id(c)
            stored = self._store.automations.cursor(c)
            first = self._store.automations.first_since(c, KINDS)
            # Events before the oldest of these automations concern no automation.
            start = max(stored, self._seen, newest if first is None else first)
            until = min(newest, start + MOST_AT_ONCE)
            occurrences = [*self._occurrences(c, start, until)] if first is not None else []
            rows = self._rows(c, occurrences)
        matches = [
            occurrence for occurrence in occurrences if any(_fires(row, occurrence) for row in rows)
        ]
        if matches or (first is not None and until - stored > MOST_BEHIND):
            with self._context.write() as c:
                has_fired = self._record(c, matches)
                self._store.automations.move_cursor(c, until)
                crash_point("events-matched")
            crash_point("firings-committed")
        else:
            has_fired = False
        self._seen = until
        return has_fired

    def _rows(self, c: Connection, occurrences: Iterable[Occurrence]) -> list[AutomationRow]:
        sources = {source for occurrence in occurrences for source in occurrence.sources}
        return self._store.automations.of_sources(c, KINDS, sources)

    def _record(self, c: Connection, matches: Sequence[Occurrence]) -> bool:
        rows = self._rows(c, matches)
        has_fired = False
        for occurrence in matches:
            for row in rows:
                if not _fires(row, occurrence):
                    continue
                values, reason = values_or_reason(row.automation.values_from, occurrence.cause)
                made = self._store.firings.add(
                    c,
                    row.automation,
                    occurrence.key,
                    occurrence.cause,
                    given=Fire(values),
                    after_run=occurrence.run_id,
                    reason=reason,
                )
                has_fired |= made is not None
        return has_fired

    def _occurrences(self, c: Connection, start: int, until: int) -> Iterator[Occurrence]:
        for event in self._store.events.of_runs_and_versions(c, start, until):
            state = event.data.get("state")
            if event.topic == "run" and state in ENDS:
                yield from self._of_run(c, event)
            elif event.topic == "dataset-version" and state == "ready":
                version = self._store.automations.version(c, event.subject_id)
                if version is not None:
                    cause = DatasetCause(
                        version.dataset_id, version.dataset, version.id, version.number
                    )
                    sources = frozenset({version.dataset_id})
                    key = f"version:{version.id}"
                    yield Occurrence(
                        event.id, "dataset", version.owner, key, sources, cause, version.run_id
                    )

    def _of_run(self, c: Connection, event: Event) -> Iterator[Occurrence]:
        run = self._store.runs.by_id(c, event.subject_id)
        # It may be deleted, or be the original of a cancelled one.
        if run is None or run.state not in ENDS or run.is_scratch:
            return
        sources = {run.workflow_id, run.path} - {""}
        if not run.workflow_id:  # of one executable
            sources |= {task.plan.executable_id for task in self._store.tasks.of_run(c, run.id)}
        cause = RunCause(run.id, run.number, run.title, run.state)  # type: ignore[arg-type]
        yield Occurrence(
            event.id, "run", run.owner, f"run:{run.id}", frozenset(sources), cause, run.id
        )


def _fires(row: AutomationRow, occurrence: Occurrence) -> bool:
    if (row.kind, row.automation.owner) != (
        occurrence.kind,
        occurrence.owner,
    ) or occurrence.event_id <= row.since_event:
        return False
    on = row.automation.on
    ends = {"either", occurrence.cause.state} if isinstance(occurrence.cause, RunCause) else set()
    if isinstance(on, OnRun) and on.outcome not in ends:
        return False
    return not {row.source_id, row.source_path}.isdisjoint(occurrence.sources)

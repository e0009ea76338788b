"""Announce runs that take longer than a rule allows."""

from datetime import datetime

from nbyard.dispatch.context import DispatchContext
from nbyard.domain.notices.rules import (
    Occurrence,
    StoredRule,
    long_after,
    projects_in,
    rule_matches,
)
from nbyard.domain.notices.structs import NoticeEvent
from nbyard.domain.runs.previews.estimates import usual_seconds
from nbyard.domain.runs.structs import Run
from nbyard.store import Connection
from nbyard.store.database.project_filter import projects_of_runs
from nbyard.store.notices.announce import announce_long

EVENT: NoticeEvent = "running-long"


class LongRuns:
    """Compares running runs with the times in rules; each channel learns of a run once."""

    def __init__(self, context: DispatchContext):
        self._context = context
        self._store = context.store
        self._usual: dict[str, float | None] = {}
        self._announced: set[tuple[str, str]] = set()

    def announce(self, now: datetime) -> None:
        """Write notices about the runs that take long by now."""
        with self._store.read() as c:
            owners = self._store.rules.owners_of(c, EVENT)
            running = self._store.runs.running(c, owners) if owners else []
            rules = {owner: self._store.rules.of_owner(c, owner) for owner in owners}
            named = {owner: projects_in(own) for owner, own in rules.items()}
            late = {
                run.id: self._rules_to_announce(c, run, rules[run.owner], named[run.owner], now)
                for run in running
            }
        live = {run.id for run in running}
        self._usual = {run_id: usual for run_id, usual in self._usual.items() if run_id in live}
        self._announced = {key for key in self._announced if key[0] in live}
        rules_by_run = {run_id: passed for run_id, passed in late.items() if passed}
        if not rules_by_run:
            return
        with self._context.write() as c:
            for run_id, passed in rules_by_run.items():
                announce_long(c, run_id, passed)
        # A new dispatcher does not know these. `announce` skips notices that exist already.
        self._announced |= {
            (run, rule.channel_id) for run, all_ in rules_by_run.items() for rule in all_
        }

    def _rules_to_announce(
        self, c: Connection, run: Run, rules: list[StoredRule], named: set[str], now: datetime
    ) -> list[StoredRule]:
        """Return the rules whose time has passed, and whose channel does not know it yet."""
        if run.started_at is None:
            return []
        if run.id not in self._usual:
            past = self._store.history.of_file(c, run.owner, run.path) if run.path else []
            self._usual[run.id] = usual_seconds(past)
        projects = projects_of_runs(c, named, {run.id})[run.id]
        source = run.origin.source_id
        occurrence = Occurrence(EVENT, "", run.owner, "", run.path, source, run.id, projects)
        elapsed = (now - run.started_at).total_seconds()
        return [
            rule
            for rule in rules
            if rule_matches(rule, occurrence)
            and (run.id, rule.channel_id) not in self._announced
            and (after := long_after(rule.rule, self._usual[run.id])) is not None
            and elapsed >= after
        ]

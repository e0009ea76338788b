"""Clean-up of runs: which finished runs are deleted, and what protects the others."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import nsmallest
from itertools import islice
from operator import attrgetter
from typing import Annotated

import msgspec
from msgspec.structs import replace

from nbyard.domain.paging import check_range
from nbyard.domain.presentation import AGE, SIZE, shown
from nbyard.domain.state_machines import RUN, RunState
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

MAX_DAYS = 36_500
MAX_KEPT = 1_000_000
MOST_SHOWN = 100
BY_AGE = attrgetter("finished_at", "number")
OF_WORKFLOW = "workflow:"
# The fields of rules: those of a clean-up, and those of a project's policy.
Age = Annotated[
    float | None,
    shown(
        "Older than (days)",
        order=1,
        option="--older-than",
        option_help="Only runs that finished this long ago: 12h, 30d, 4w.",
        format=AGE,
    ),
]
Newest = Annotated[
    int | None,
    shown(
        "Newest runs to keep of each workflow",
        order=2,
        option_help="Keep the newest N runs of each workflow.",
        metavar="N",
    ),
]
Most = Annotated[
    int | None,
    shown(
        "Most gigabytes of all outputs",
        order=3,
        widget="gigabytes",
        option="--max-size",
        option_help="Delete the oldest until all outputs fit into SIZE, such as 20GB. The newest"
        " successful run of each workflow goes last.",
        format=SIZE,
    ),
]
FINAL = {state: state for state in ("succeeded", "failed", "cancelled")}
States = Annotated[
    list[str],
    shown(
        "Only these states (none: all)",
        order=4,
        widget="boxes",
        labels=FINAL,
        option="--state",
        option_help="Only runs in this state. Repeatable.",
    ),
]


class CleanUpRules(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True
):
    """Rules that choose finished runs to delete. A run is deleted if all given rules choose it.

    - `older_than_days`: the run finished at least that many days ago.
    - `keep`: the number of newest finished runs to keep of each workflow or executable.
    - `states`: the states of runs to delete, all final states if empty.
    - `max_bytes`: delete the oldest runs until the outputs of all runs have at most this size.
    - `workflow`: the ID or path of the only workflow, notebook or script whose runs are deleted.

    With `keep`, the newest successful run of each workflow or executable stays, unless `keep` is
    0. `max_bytes` deletes these runs last. It keeps the newest successful run of all, or of
    `workflow`, unless `max_bytes` is 0.
    """

    older_than_days: Age = None
    keep: Newest = None
    states: States = []
    max_bytes: Most = None
    workflow: Annotated[
        str, shown(option_help="Only runs of this workflow or file.", metavar="FILE")
    ] = ""

    @property
    def is_given(self) -> bool:
        """Return whether a rule chooses runs. A workflow alone does not."""
        return self != CleanUpRules(workflow=self.workflow)


class FinishedRun(msgspec.Struct, frozen=True, gc=False):
    """A finished run and its outputs as (digest, size in bytes).

    `group` is the same for runs of one workflow or executable. For a workflow, it is `workflow:`
    and the ID. `protection` is why clean-ups keep
    the run, None if they may delete it.
    """

    id: str
    number: int
    title: str
    name: str
    state: RunState
    group: str
    path: str
    finished_at: datetime
    outputs: Sequence[tuple[str, int]] = ()
    protection: Reason | None = None


class ShownRun(msgspec.Struct, frozen=True):
    """A run in a preview. `protection` is why it is kept, null if it will be deleted."""

    id: str
    number: int
    title: str
    name: str
    state: RunState
    finished_at: datetime
    protection: Reason | None = None


class CleanUpPreview(msgspec.Struct, frozen=True):
    """The runs that a clean-up would delete, and the chosen runs that are protected.

    `freed_bytes` is the size of the stored files that become unused. `record_bytes` is the size of
    the records of attempts. Both are null unless requested. `runs` and `protected` have at most
    the 100 oldest runs each.
    """

    count: int
    freed_bytes: int | None
    record_bytes: int | None
    runs: list[ShownRun]
    protected_count: int
    protected: list[ShownRun]


class CleanedUp(msgspec.Struct, frozen=True):
    """The number of runs that a clean-up deleted, and of those that remain to be deleted."""

    deleted: int
    left: int


class NewRetention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules to set for the daily clean-up; null to delete no runs."""

    rules: CleanUpRules | None


class Retention(msgspec.Struct, frozen=True):
    """The rules that the dispatcher applies every day; null without a daily clean-up."""

    rules: CleanUpRules | None
    updated_at: datetime | None = None


def check_rules(rules: CleanUpRules) -> None:
    """Check the limits of clean-up rules.

    Raises:
        Invalid: a rule is out of range, or the rules would delete all runs.
    """
    days = rules.older_than_days
    check_range("older_than_days", days, 0, MAX_DAYS)
    check_range("keep", rules.keep, 0, MAX_KEPT)
    if rules.max_bytes is not None and rules.max_bytes < 0:
        raise Invalid.field("max_bytes", "may not be negative")
    if set(rules.states) - set(RUN.terminal):
        raise Invalid.field("states", f"must be one of {', '.join(sorted(RUN.terminal))}")
    # A workflow alone is no rule: even its newest successful run would be deleted.
    if not rules.states and (days, rules.keep, rules.max_bytes) == (None, None, None):
        raise Invalid(
            "Set an age, a number of runs to keep, a state or a size. Otherwise even the newest"
            " successful runs would be deleted."
        )


def choose_runs(
    runs: Iterable[FinishedRun], rules: CleanUpRules, now: datetime
) -> tuple[list[FinishedRun], list[FinishedRun]]:
    """Return the runs to delete, and the runs that only their protection keeps.

    Both have the order of deletion: the oldest first, but with a size, the newest successful run of
    each group last.
    """
    ordered = sorted(runs, key=BY_AGE)
    newest = {run.group: run.id for run in ordered if run.state == "succeeded"}
    kept = _kept_by_number(ordered, rules, newest.values())
    chosen = [run for run in ordered if run.id not in kept and _matches_rules(run, rules, now)]
    if rules.max_bytes is not None:
        chosen.sort(key=lambda run: newest.get(run.group) == run.id)
        last = _kept_by_size(ordered, rules)
        why = because("newest-success")
        chosen = [
            replace(run, protection=run.protection or why) if run.id in last else run
            for run in chosen
        ]
        # The rule does not reach protected runs that would be deleted after the last one.
        chosen = _first_beyond(ordered, chosen, rules.max_bytes)
    doomed = [run for run in chosen if run.protection is None]
    return doomed, [run for run in chosen if run.protection is not None]


def _kept_by_number(
    ordered: Sequence[FinishedRun], rules: CleanUpRules, newest: Iterable[str]
) -> set[str]:
    """Return the IDs of the runs that the number keeps, with the `newest` successes of groups."""
    if not rules.keep:
        return set()
    groups: Mapping[str, list[str]] = defaultdict(list)
    for run in ordered:
        groups[run.group].append(run.id)
    return {run_id for ids in groups.values() for run_id in ids[-rules.keep :]}.union(newest)


def _kept_by_size(ordered: Sequence[FinishedRun], rules: CleanUpRules) -> set[str]:
    """Return the ID of the newest successful run, which only a size of 0 deletes."""
    if not rules.max_bytes:
        return set()
    successes = (
        run.id for run in reversed(ordered) if run.state == "succeeded" and _is_in(run, rules)
    )
    return {*islice(successes, 1)}


def _is_in(run: FinishedRun, rules: CleanUpRules) -> bool:
    return rules.workflow in ("", run.group, run.group.removeprefix(OF_WORKFLOW), run.path)


def _matches_rules(run: FinishedRun, rules: CleanUpRules, now: datetime) -> bool:
    if rules.states and run.state not in rules.states:
        return False
    if not _is_in(run, rules):
        return False
    days = rules.older_than_days
    return days is None or now - run.finished_at >= timedelta(days=days)


def _first_beyond(
    ordered: Sequence[FinishedRun], chosen: Sequence[FinishedRun], most: int
) -> list[FinishedRun]:
    """Return the first of `chosen` up to the run whose deletion lets all outputs fit into `most`.

    Return all of them if their deletion does not suffice. `ordered` are all runs. `most` is a
    number of bytes. Equal outputs of several runs count once. Protected runs stay, so they free
    nothing.
    """
    uses = Counter(digest for run in ordered for digest, _ in set(run.outputs))
    size = sum({digest: size for run in ordered for digest, size in run.outputs}.values())
    last = 0
    for position, run in enumerate(chosen, 1):
        if size <= most:
            break
        if run.protection is not None:
            continue
        last = position
        # Several outputs of one run may have equal bytes, which count once.
        for digest, its_size in set(run.outputs):
            uses[digest] -= 1
            size -= its_size if not uses[digest] else 0
    return [*chosen[:last]] if size <= most else [*chosen]


def shown_choice(
    doomed: Sequence[FinishedRun],
    protected: Sequence[FinishedRun],
    freed_bytes: int | None = None,
    record_bytes: int | None = None,
) -> CleanUpPreview:
    """Return the preview of a clean-up that deletes `doomed` and keeps `protected` runs."""
    names = ShownRun.__struct_fields__
    shown, kept = (
        [
            ShownRun(*(getattr(run, name) for name in names))
            for run in nsmallest(MOST_SHOWN, runs, key=BY_AGE)
        ]
        for runs in (doomed, protected)
    )
    return CleanUpPreview(len(doomed), freed_bytes, record_bytes, shown, len(protected), kept)

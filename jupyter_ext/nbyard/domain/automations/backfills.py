"""Backfills: runs for the past due times of an automation."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Annotated, Literal

import msgspec

from nbyard.domain.automations.structs import Firing, Outcome, shown_moment
from nbyard.domain.automations.times.due_times import TimingPlan
from nbyard.domain.automations.times.zones import in_zone, zone_of
from nbyard.domain.paging import check_range
from nbyard.domain.presentation import shown
from nbyard.domain.state_machines import RUN, BackfillState, RunState
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

MOST_DUE_TIMES = 1_000
MOST_AT_ONCE = 100
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

Forecast = Literal["run", "succeeded", "active"]


class NewBackfill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A range of past due times to run, from `since` to `until`, both included.

    A time without an offset is in the automation's zone. Without `until`, the range ends now. At
    most `at_once` runs of the backfill are active. With `again`, due times that already have a
    succeeded run are run again.
    """

    since: Annotated[
        datetime,
        shown_moment("From", order=1, option="--from", option_help="First moment."),
    ]
    until: Annotated[
        datetime | None,
        shown_moment("Until (empty: now)", order=2, option_help="Last moment. Default: now."),
    ] = None
    at_once: Annotated[
        int,
        shown(
            "Runs at a time",
            order=3,
            metavar="N",
            option_help="Run at most N at a time. Default: 1.",
        ),
    ] = 1
    again: Annotated[
        bool,
        shown(
            "Repeat due times that have a succeeded run",
            order=4,
            option_help="Repeat due times that have a succeeded run.",
        ),
    ] = False


class BackfillCounts(msgspec.Struct, frozen=True):
    """The number of due times of a backfill by their state.

    `failed` also counts due times whose run could not be created. `cancelled` also counts those
    that were waiting when the backfill was cancelled. Deleted runs are not counted.
    """

    waiting: int = 0
    active: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    skipped: int = 0


class Backfill(msgspec.Struct, frozen=True):
    """A backfill of the automation with the name `automation` and the time zone `zone`.

    `firings` are its due times in order. They are empty in lists of backfills.
    """

    id: str
    automation_id: str
    automation: str
    zone: str
    owner: str
    state: BackfillState
    since: datetime
    until: datetime
    at_once: int
    again: bool
    created_at: datetime
    finished_at: datetime | None
    counts: BackfillCounts = BackfillCounts()
    firings: list[Firing] = []


class BackfillForecast(msgspec.Struct, frozen=True):
    """The forecast of a due time.

    With `run`, the backfill would create a run. With `succeeded` or `active` it would not, because
    the run `run_id` has succeeded or is active. `local` is the time in the automation's zone.
    """

    at: datetime
    local: str
    forecast: Forecast
    run_id: str = ""


class BackfillPreview(msgspec.Struct, frozen=True):
    """The due times of a range in order. `runs` is the number of runs to be created."""

    automation: str
    zone: str
    since: datetime
    until: datetime
    runs: int
    times: list[BackfillForecast]


class PastRun(msgspec.Struct, frozen=True):
    """An existing run for a due time, from the automation itself, a backfill or a retry."""

    id: str
    number: int
    state: RunState


class Range(msgspec.Struct, frozen=True):
    """A checked range in UTC, with both ends included."""

    since: datetime
    until: datetime


def checked_range(body: NewBackfill, zone: str, now: datetime) -> Range:
    """Check the fields of a new backfill, and return its range in UTC.

    Raises:
        Invalid: the range is empty, too early or in the future, or `at_once` is out of range.
    """
    check_range("at_once", body.at_once, 1, MOST_AT_ONCE)
    since = _moment("since", body.since, zone)
    until = now if body.until is None else _moment("until", body.until, zone)
    if until > now:
        raise Invalid.field("until", "a backfill covers past due times only")
    if since > until:
        raise Invalid.field("since", "the start is after the end")
    return Range(since, until)


def past_due(plan: TimingPlan, wanted: Range, pending: datetime | None) -> list[datetime]:
    """Return the due times of a range in order.

    `pending` is the next due time that the automation itself handles. It and later ones are left
    out.

    Raises:
        Invalid: the range has no due times, or too many.
    """
    due_times = takewhile(
        lambda due: due <= wanted.until and (pending is None or due < pending),
        # `after` leaves out its moment, but the range includes its first one.
        plan.after(wanted.since - timedelta(microseconds=1)),
    )
    moments = list(islice(due_times, MOST_DUE_TIMES + 1))
    if not moments:
        raise Invalid.field("since", "the automation has no past due time in this range")
    if len(moments) > MOST_DUE_TIMES:
        last = moments[MOST_DUE_TIMES - 1].astimezone(zone_of(plan.zone)).isoformat()
        why = f"the range has more than {MOST_DUE_TIMES} due times"
        raise Invalid.field("until", why, hint=f"End at {last}, then start another backfill.")
    return moments


def forecast_of(runs: Iterable[PastRun], *, again: bool) -> tuple[Forecast, PastRun | None]:
    """Return whether a due time with these runs is run, and else the run that prevents it."""
    known = list(runs)
    for run in known:
        if run.state in RUN.live:
            return "active", run
    if not again:
        for run in known:
            if run.state == "succeeded":
                return "succeeded", run
    return "run", None


def left_out_reason(run: PastRun) -> Reason:
    """Return why a due time is skipped: the run is active or has succeeded."""
    if run.state in RUN.live:
        return because("backfill-active", number=run.number)
    return because("backfill-succeeded", number=run.number)


def counts_of(times: Sequence[tuple[Outcome, RunState | None, int]]) -> BackfillCounts:
    """Return the counts of a backfill.

    `times` has the number of due times for each outcome and state of the run.
    """
    counted: Counter[str] = Counter()
    for outcome, state, count in times:
        if outcome != "started":
            counted[outcome] += count
        elif state is not None:
            counted["active" if state in RUN.live else state] += count
    return BackfillCounts(**counted)


def _moment(field: str, moment: datetime, zone: str) -> datetime:
    localized = in_zone(moment, zone_of(zone), field)
    if localized < EARLIEST:
        raise Invalid.field(field, "the range starts in 1970 at the earliest")
    return localized

"""Times at which a run is due: as asked, as stored, and as shown."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from nbyard.domain.presentation import shown
from nbyard.reasons.structs import Reason

MissedPolicy = Literal["skip", "last", "all"]
HOUR = 3600


class Cron(msgspec.Struct, frozen=True, tag="cron", tag_field="kind", forbid_unknown_fields=True):
    """A cron expression of five fields, of six with the seconds first, or a name like @daily."""

    expression: str


class Interval(
    msgspec.Struct, frozen=True, tag="interval", tag_field="kind", forbid_unknown_fields=True
):
    """A number of seconds between due times, counted from `starts_at`, else from saving."""

    seconds: int


class Once(msgspec.Struct, frozen=True, tag="once", tag_field="kind", forbid_unknown_fields=True):
    """A single due time. Without an offset, it is in the automation's time zone."""

    at: datetime


class Phrase(
    msgspec.Struct, frozen=True, tag="phrase", tag_field="kind", forbid_unknown_fields=True
):
    """A phrase such as `weekdays 8:00`, or a cron expression."""

    text: Annotated[str, shown("When", order=2, picker="time")]


Timing = Cron | Interval | Once
OnTime = Cron | Interval | Once | Phrase


class Missed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The policy for due times that passed while no dispatcher ran.

    `skip` runs none of them, `last` only the newest, `all` the newest `most`. Due times that are
    more than `window_seconds` late never run.
    """

    policy: Annotated[
        MissedPolicy,
        shown(
            "Times that passed while nbyard was off",
            order=30,
            more=True,
            shown_when={"on.kind": "phrase"},
            labels={
                "last": "run once, if at most %1 late",
                "skip": "skip",
                "all": "run for each that is at most %1 late",
            },
        ),
    ] = "last"
    window_seconds: Annotated[
        int,
        shown(
            "At most this late, in seconds",
            order=31,
            more=True,
            shown_when={"on.kind": "phrase", "missed.policy": ["last", "all"]},
        ),
    ] = HOUR
    most: Annotated[
        int,
        shown(
            "At most this many runs",
            order=32,
            more=True,
            shown_when={"on.kind": "phrase", "missed.policy": "all"},
        ),
    ] = 10


class DueTime(msgspec.Struct, frozen=True):
    """A due time in UTC (`at`) and in the automation's zone (`local`).

    `note` explains the effect of a clock change on it.
    """

    at: datetime
    local: str
    note: Reason | None = None

"""Times at which a run is due: as asked, as stored, and as shown."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from nbyard.domain.presentation import Format, shown
from nbyard.domain.unions import UnionMember
from nbyard.reasons.structs import Reason

MissedPolicy = Literal["skip", "last", "all"]
HOUR = 3600
# Fields that the form shows for times only.
AT_TIMES = {"on.kind": "phrase"}
MOMENTS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")


def read_moment(text: str) -> datetime:
    """Return a typed moment, which is in the automation's zone."""
    for form in MOMENTS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is another field
        except ValueError:
            continue
    raise ValueError(f"{text!r} does not match the formats {', '.join(map(repr, MOMENTS))}.")


def write_moment(at: datetime) -> str:
    """Return a moment as users type it. One with an offset is a fixed time instead."""
    if at.tzinfo is not None or at.microsecond or at.year < 1000:
        raise ValueError(at)
    return f"{at:%Y-%m-%dT%H:%M:%S}" if at.second else f"{at:%Y-%m-%dT%H:%M}"


MOMENT = Format(f"[{'|'.join(MOMENTS)}]", read_moment, write_moment)


class Cron(UnionMember, frozen=True, tag="cron"):
    """A cron expression of five fields, of six with the seconds first, or a name like @daily."""

    expression: str


class Interval(UnionMember, frozen=True, tag="interval"):
    """A number of seconds between due times, counted from `starts_at`, else from saving."""

    seconds: int


class Once(UnionMember, frozen=True, tag="once"):
    """A single due time. Without an offset, it is in the automation's time zone."""

    at: datetime


class Phrase(UnionMember, frozen=True, tag="phrase"):
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
            shown_when=AT_TIMES,
            labels={
                "last": "run once, if at most %1 late",
                "skip": "skip",
                "all": "run for each that is at most %1 late",
            },
            option="--missed",
            option_help="Due times that passed without a dispatcher: run none, the last, or all.",
        ),
    ] = "last"
    window_seconds: Annotated[
        int,
        shown(
            "At most this late, in seconds",
            order=31,
            more=True,
            shown_when={**AT_TIMES, "missed.policy": ["last", "all"]},
            option="--window",
            metavar="SECONDS",
            option_help="Catch up due times that are at most this late. Default: 3600.",
        ),
    ] = HOUR
    most: Annotated[
        int,
        shown(
            "At most this many runs",
            order=32,
            more=True,
            shown_when={**AT_TIMES, "missed.policy": "all"},
            metavar="N",
            option_help="With --missed all: at most N. Default: 10.",
        ),
    ] = 10


class DueTime(msgspec.Struct, frozen=True):
    """A due time in UTC (`at`) and in the automation's zone (`local`).

    `note` explains the effect of a clock change on it.
    """

    at: datetime
    local: str
    note: Reason | None = None

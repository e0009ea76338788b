"""Time zones by their IANA names."""

import difflib
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from nbyard.errors import Invalid

MAX_ZONE = 64
MINUTE = timedelta(minutes=1)
# Files of some systems beside the zones, such as `localtime`, mean nothing on another machine.
NAME = re.compile(r"(?!localtime|posix|right/)[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")


@lru_cache(maxsize=1_000)
def zone_of(name: str) -> ZoneInfo:
    """Return the time zone with an IANA name.

    Raises:
        Invalid: the time zone does not exist. The hint has similar names.
    """
    if len(name) <= MAX_ZONE and NAME.fullmatch(name):
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # a folder of zones, or a file of another format
            pass
    given = name[:MAX_ZONE]
    close = difflib.get_close_matches(given, sorted(available_timezones()), 3)
    hint = f"Did you mean {' or '.join(map(repr, close))}?" if close else None
    raise Invalid.field("zone", f"there is no time zone {given}", hint=hint)


def local_time(moment: datetime, zone: ZoneInfo | None) -> datetime:
    """Convert a time to a zone, by default that of this machine.

    The calendar has no local time for moments at its ends. They stay in UTC.
    """
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def in_zone(moment: datetime, zone: ZoneInfo, field: str = "at") -> datetime:
    """Convert a time to UTC. Without an offset, the time is in the given zone.

    A local time that the clock skips becomes the moment of the clock change.

    Raises:
        Invalid: the calendar does not have the time, in UTC or in the zone.
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    try:
        due = aware.astimezone(UTC)
        due.astimezone(zone)
    except OverflowError:
        raise Invalid.field(field, "the number is too large") from None
    if due.astimezone(aware.tzinfo).replace(tzinfo=None) == aware.replace(tzinfo=None):
        return due
    # With the offset after the change, the time is a moment before it.
    before = aware.replace(fold=1, second=0, microsecond=0).astimezone(UTC)
    offset = before.astimezone(aware.tzinfo).utcoffset()
    while before.astimezone(aware.tzinfo).utcoffset() == offset:
        before += MINUTE
    return before

"""The clock and the time zone of this machine. Tests replace `now`."""

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

LOCALTIME = Path("/etc/localtime")
FOLDER = "zoneinfo/"
DEFAULT = "UTC"


def now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


def local_zone(localtime: Path = LOCALTIME) -> str:
    """Return the IANA name of this machine's time zone, UTC if the machine has none."""
    # systemd links the file to the zone; other machines may have a copy of it.
    linked = os.path.realpath(localtime).partition(FOLDER)[2]
    for name in filter(None, (os.environ.get("TZ", "").removeprefix(":"), linked)):
        # The variable may hold a rule, such as `CET-1CEST`.
        with contextlib.suppress(KeyError, ValueError, OSError):
            return ZoneInfo(name).key
    return DEFAULT

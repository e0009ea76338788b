"""The time zone of this machine."""

import os
from pathlib import Path
from zoneinfo import ZoneInfo

LOCALTIME = Path("/etc/localtime")
FOLDER = "zoneinfo/"
DEFAULT = "UTC"


def local_zone(localtime: Path = LOCALTIME) -> str:
    """Return the IANA name of the time zone, UTC if the machine names none."""
    # systemd links the file to the zone; other machines may have a copy of it.
    linked = os.path.realpath(localtime).partition(FOLDER)[2]
    return next(filter(_is_zone, (os.environ.get("TZ", "").removeprefix(":"), linked)), DEFAULT)


def _is_zone(name: str) -> bool:
    """Return whether this is the name of a zone rather than a rule such as `CET-1CEST`."""
    try:
        return bool(name and ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        return False

"""The time zone of this machine."""

import os
from pathlib import Path

LOCALTIME = Path("/etc/localtime")
FOLDER = "zoneinfo/"
DEFAULT = "UTC"


def local_zone(localtime: Path = LOCALTIME) -> str:
    """Return the IANA name of the time zone, UTC if the machine names none."""
    if named := os.environ.get("TZ", "").removeprefix(":"):
        return named
    # systemd links this file to the zone; other machines may have a copy.
    return os.path.realpath(localtime).partition(FOLDER)[2] or DEFAULT

"""Evict unused versions: delete their folders and keep their locks for a reinstall."""

import logging
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from nbyard.dispatch.context import Room
from nbyard.domain.environments.structs import EnvironmentVersion
from nbyard.store import Connection

log = logging.getLogger("nbyard.dispatch")


def archive(room: Room) -> list[str]:
    """Evict unused versions and return their folders.

    The newest versions of each environment stay. Versions that a live run, a pin or a process uses
    stay, too.
    """
    with room.store.read() as c:
        spare = _spare(room, c, ())
        if spare:  # reading pins is slow: it reads all workflows
            spare = _spare(room, c, room.store.uses.by_pins(c))
    if not spare:
        return []
    busy, gone = _programs(), []
    with room.write() as c:
        used = room.store.uses.by_runs(c)  # a run may have started meanwhile
        for version in spare:
            if version.id not in used and not _has_programs(version.place, busy):
                room.store.environments.moved(c, version.id, "")
                gone.append(version.place)
    for place in gone:
        log.info("%s is removed: nothing uses it", place)
    return gone


def _spare(room: Room, c: Connection, pinned: Collection[str]) -> list[EnvironmentVersion]:
    keep = room.settings.environment_versions
    in_place = room.store.environments.in_place(c).values()
    return [one for versions in in_place for one in superfluous(versions, keep, pinned)]


def superfluous(
    versions: Iterable[EnvironmentVersion], keep: int, used: Collection[str]
) -> list[EnvironmentVersion]:
    """Return all but the first `keep` versions and those in `used`; input newest first."""
    return [one for one in list(versions)[keep:] if one.id not in used]


def _programs() -> list[bytes]:
    """Return the command lines of all visible processes on this machine."""
    return [_program(path) for path in Path("/proc").glob("[0-9]*/cmdline")]


def _has_programs(place: str, programs: Iterable[bytes]) -> bool:
    """Return whether a process runs from that folder, such as the kernel of a notebook."""
    begins = os.fsencode(f"{place}/")
    return any(program.startswith(begins) for program in programs)


def _program(path: Path) -> bytes:
    """Return the command line; empty if the process is gone or belongs to another user."""
    try:
        return path.read_bytes()
    except OSError:
        return b""

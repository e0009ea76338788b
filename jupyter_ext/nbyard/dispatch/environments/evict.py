"""Evict unused versions: delete their folders and keep their locks for a reinstall."""

import contextlib
import logging
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from nbyard.dispatch.context import DispatchContext
from nbyard.domain.environments.structs import EnvironmentVersion
from nbyard.store import Connection

log = logging.getLogger("nbyard.dispatch")


def evict_unused(context: DispatchContext) -> list[str]:
    """Evict unused versions and return their folders.

    The newest versions of each environment stay. Versions that a live run, a pin or a process uses
    stay, too.
    """
    with context.store.read() as c:
        spare = _unused_versions(context, c, ())
        if spare:  # reading pins is slow: it reads all workflows
            spare = _unused_versions(context, c, context.store.uses.by_pins(c))
    if not spare:
        return []
    busy, gone = _with_programs([version.place for version in spare]), []
    with context.write() as c:
        used = context.store.uses.by_runs(c)  # a run may have started meanwhile
        for version in spare:
            if version.id not in used and version.place not in busy:
                context.store.environments.set_folder(c, version.id, "")
                gone.append(version.place)
    for place in gone:
        log.info("%s is removed: nothing uses it", place)
    return gone


def _unused_versions(
    context: DispatchContext, c: Connection, pinned: Collection[str]
) -> list[EnvironmentVersion]:
    keep = context.settings.environment_versions
    in_place = context.store.environments.in_place(c).values()
    return [
        unused_version
        for versions in in_place
        for unused_version in unused_versions(versions, keep, pinned)
    ]


def unused_versions(
    versions: Iterable[EnvironmentVersion], keep: int, used: Collection[str]
) -> list[EnvironmentVersion]:
    """Return the versions to evict, from `versions`, newest first.

    The first `keep` versions stay, and those whose ID is in `used`.
    """
    return [version for version in list(versions)[keep:] if version.id not in used]


def _with_programs(places: Iterable[str]) -> set[str]:
    """Return the folders from which a process runs, such as the kernel of a notebook."""
    programs: list[bytes] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # the process is gone or belongs to another user
            programs.append(path.read_bytes())
    begins = {place: os.fsencode(f"{place}/") for place in places}
    return {
        place
        for place, begin in begins.items()
        if any(program.startswith(begin) for program in programs)
    }

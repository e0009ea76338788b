"""Versions of environments where they are worked with: what was removed is installed once more,
from its lock."""

import logging
import secrets
import shutil
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from nbyard.dispatch.context import Room
from nbyard.domain.environments.package_sources import Sources
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.environments.requirements import check_folders
from nbyard.domain.environments.structs import INSTALL_LOG, EnvironmentVersion, version_folder
from nbyard.errors import NotFound, Unavailable
from nbyard.host.installers import Installer, Stopped

log = logging.getLogger("nbyard.dispatch")
_one_at_a_time: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def version_in_place(room: Room, used: UsedEnvironment) -> EnvironmentVersion:
    """The version with its folder there; for threads, as it may take as long as installing does.

    Raises:
        NotFound: the environment was deleted.
        Invalid: what its lock names cannot be had any more.
        Unavailable: there is nothing that installs, or this dispatcher leaves.
    """
    with _one_at_a_time[used.version_id]:
        version = _known(room, used)
        if version.place and Path(version.place, "bin").is_dir():
            return version
        return _restored(room, used, version)


def _known(room: Room, used: UsedEnvironment) -> EnvironmentVersion:
    with room.store.read() as c:
        version = room.store.environments.version(c, used.version_id)
    if version is None:
        raise NotFound(f"The environment {used.name} was deleted.")
    return version


def _restored(room: Room, used: UsedEnvironment, version: EnvironmentVersion) -> EnvironmentVersion:
    folder = room.folder / version_folder(version.id)
    with new_place(room, folder) as place, (folder / INSTALL_LOG).open("ab", 0) as said:
        log.info("%s is installed once more", used.shown)
        said.write(b"\nOnce more, from the lock:\n")
        try:
            own = installer(room, said, lambda: not room.stopping.is_set())
            install(room, own, version.lock_lines, place)
        except Stopped:
            raise Unavailable(f"{used.shown} is to be installed once more") from None
        with room.write() as c:
            room.store.environments.moved(c, version.id, str(place))
    return _known(room, used)


def installer(room: Room, said: FileIO, is_wanted: Callable[[], bool]) -> Installer:
    """As the settings have it."""
    return Installer(
        said,
        is_wanted,
        room.settings.installer,
        max_seconds=room.settings.install_timeout_seconds,
    )


def install(room: Room, own: Installer, lock_lines: Sequence[str], place: Path) -> None:
    """What this lock names in a new place.

    Raises:
        Invalid: it cannot be had, or a folder that it names is not allowed any more.
        Stopped: it is not wanted any more.
    """
    check_folders(lock_lines, Sources.parse(room.settings.allowed_package_sources))
    own.install(lock_lines, place)


@contextmanager
def new_place(room: Room, folder: Path) -> Iterator[Path]:
    """A new folder, that nobody removes meanwhile; it goes when something is raised."""
    place = folder / secrets.token_hex(4)
    room.building.add(place)
    try:
        place.mkdir(parents=True)
        yield place
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    finally:
        room.building.discard(place)

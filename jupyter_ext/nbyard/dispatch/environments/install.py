"""Ensure that a version of an environment is installed; reinstall evicted ones from their lock."""

import logging
import secrets
import shutil
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from nbyard.dispatch.context import DispatchContext
from nbyard.domain.environments.package_sources import AllowedSources
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.environments.requirements import check_folders
from nbyard.domain.environments.structs import INSTALL_LOG, EnvironmentVersion, version_folder
from nbyard.errors import NotFound, Unavailable
from nbyard.host.installers import InstallationStopped, Installer
from nbyard.reasons.structs import because

log = logging.getLogger("nbyard.dispatch")
_one_at_a_time: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def version_in_place(context: DispatchContext, used: UsedEnvironment) -> EnvironmentVersion:
    """Return the version with its folder in place; install it if necessary.

    Call it in threads, because it may take as long as an installation.

    Raises:
        NotFound: The environment was deleted.
        Invalid: A package of its lock is no longer available.
        Unavailable: No installer exists, or this dispatcher is leaving.
    """
    # Many tasks may need the same evicted version at once.
    with _one_at_a_time[used.version_id]:
        version = _stored_version(context, used)
        # An evicted version has no place. The folder of any other may have been deleted by hand.
        if version.place and Path(version.place, "bin").is_dir():
            return version
        if context.stopping.is_set():
            raise Unavailable(because("environment-to-install", environment=used.shown))
        folder = context.folder / version_folder(version.id)
        with new_place(context, folder) as place, (folder / INSTALL_LOG).open("ab", 0) as said:
            log.info("%s is installed once more", used.shown)
            said.write(b"\nOnce more, from the lock:\n")
            try:
                own = create_installer(context, said, lambda: not context.stopping.is_set())
                install_lock(context, own, version.lock_lines, place)
            except InstallationStopped:
                why = because("environment-to-install", environment=used.shown)
                raise Unavailable(why) from None
            with context.write() as c:
                context.store.environments.set_folder(c, version.id, str(place))
        return _stored_version(context, used)


def _stored_version(context: DispatchContext, used: UsedEnvironment) -> EnvironmentVersion:
    with context.store.read() as c:
        version = context.store.environments.version(c, used.version_id)
    if version is None:
        raise NotFound(because("environment-deleted", environment=used.name))
    return version


def create_installer(
    context: DispatchContext, said: FileIO, is_wanted: Callable[[], bool]
) -> Installer:
    """Return an installer with the settings of this dispatcher.

    It logs to `said`, and stops once `is_wanted` returns False.
    """
    return Installer(
        said,
        is_wanted,
        context.settings.installer,
        max_seconds=context.settings.install_timeout_seconds,
    )


def install_lock(
    context: DispatchContext, own: Installer, lock_lines: Sequence[str], place: Path
) -> None:
    """Install the lock in a new folder.

    Raises:
        Invalid: A package is not available, or a folder is no longer allowed.
        InstallationStopped: The installation is no longer wanted.
    """
    check_folders(lock_lines, AllowedSources.parse(context.settings.allowed_package_sources))
    own.install(lock_lines, place)


@contextmanager
def new_place(context: DispatchContext, folder: Path) -> Iterator[Path]:
    """Create a folder that no sweep deletes during the block; delete it on errors."""
    place = folder / secrets.token_hex(4)
    context.building.add(place)
    try:
        place.mkdir(parents=True)
        yield place
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    finally:
        context.building.discard(place)

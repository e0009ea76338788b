"""The controller of environments.

It resolves packages, installs them beside older versions, and then switches the kernel.
It also deletes the folders of unused versions, and keeps their locks for a reinstall.
"""

import logging
import os
import secrets
import shutil
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any, cast

import msgspec

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.threads import Threads
from nbyard.domain.digest import digest_of
from nbyard.domain.environments.package_sources import AllowedSources
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.environments.requirements import check_folders, requirement_failed
from nbyard.domain.environments.structs import (
    INSTALL_LOG,
    Environment,
    EnvironmentVersion,
    LockedPackage,
    lock_lines,
    version_folder,
)
from nbyard.domain.naming.runtime_names import DOCKER
from nbyard.domain.state_machines import ENVIRONMENT_VERSION
from nbyard.errors import NbyardError, NotFound, Unavailable, reason_of
from nbyard.host import kernels
from nbyard.host.installers import KERNEL_PACKAGES, InstallationStopped, Installer, InstallFailed
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import Reason, because
from nbyard.runtimes.docker import DockerRuntime
from nbyard.runtimes.docker.image_checks import Locks
from nbyard.runtimes.protocol import Order
from nbyard.store import Connection, transition
from nbyard.transfer.bundles import with_trees

_one_at_a_time: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
log = logging.getLogger("nbyard.dispatch")


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
    context.store.isolation.check_code_here("install environments")
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
    busy, gone = kernels.with_programs([version.place for version in spare]), []
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


class EnvironmentController:
    """Builds each version in its own thread and folder, so no partial version is ever used."""

    def __init__(self, context: DispatchContext, builders: Threads):
        self._context = context
        self._store = context.store
        self._builders = builders
        self._is_swept = False

    def tick(self) -> bool:
        """Start new builds; return whether any build is in progress."""
        if not self._is_swept:
            self._is_swept = True
            self._sweep()
            self._offer_kernels()
        with self._store.read() as c:
            wanted = self._store.environments.under_way(c)
        for owner, environment in wanted:
            work = partial(self._build, owner, environment)
            self._builders.submit(
                environment.current.id, work, partial(self._fail, owner, environment)
            )
        return bool(wanted)

    def _build(self, owner: str, environment: Environment) -> None:
        version = environment.current
        folder = self._context.folder / version_folder(version.id)
        try:
            with new_place(self._context, folder) as place:
                if not self.begin(owner, environment, place):
                    raise InstallationStopped
                # The row names the new folder now, so the sweep deletes that of a killed build.
                self._sweep()
                wanted = self._still_wanted(version.id)
                with (folder / INSTALL_LOG).open("w+b", buffering=0) as said:
                    if self._store.isolation.is_shared:
                        columns = self._columns_of_image(owner, version, said, wanted)
                    else:
                        own = create_installer(self._context, said, wanted)
                        columns = self._install_packages(environment, place, own)
        except InstallationStopped:
            self._sweep()
            return
        except InstallFailed as error:
            self._fail(owner, environment, requirement_failed(version.requirements, error.reason))
            return
        except (NbyardError, OSError) as error:
            self._fail(owner, environment, reason_of(error))
            return
        with self._context.write() as c:
            kernel = environment.kernel or kernels.kernel_name(environment.name, environment.id)
            self._store.environments.set_kernel_name(c, environment.id, kernel)
            self._store.environments.move(c, owner, version.id, "ready", **columns)
        crash_point("environment-ready")
        self._offer_kernels()
        # A new version may make older ones superfluous.
        evict_unused(self._context)
        self._sweep()

    def begin(self, owner: str, environment: Environment, place: Path) -> bool:
        """Record the start of a build; return whether it may start.

        A build that a killed dispatcher began starts again.
        """
        move = partial(
            self._store.environments.move, owner=owner, version_id=environment.current.id
        )
        with self._context.write() as c:
            if environment.current.state == "building":
                # The state machine only allows building after queued.
                move(c, to="queued")
            return move(c, to="building", place=str(place))

    def _install_packages(self, of: Environment, place: Path, own: Installer) -> dict[str, Any]:
        """Install the locked packages, or resolve them first, and return the columns to record.

        The resolved lock is recorded at once, for a dispatcher that continues later.
        """
        version = of.current
        packages = version.packages
        if not packages:
            resolved_packages = own.resolve([*version.requirements, *KERNEL_PACKAGES])
            packages = self._record_lock(version.id, resolved_packages)
        install_lock(self._context, own, lock_lines(version.requirements, packages), place)
        sizes = (
            os.lstat(os.path.join(parent, name)).st_size
            for parent, _, names in os.walk(place)
            for name in names
        )
        return {
            "packages": msgspec.to_builtins(packages),
            "digest": digest_of(packages),
            "python": ".".join(map(str, sys.version_info[:3])),
            "size_bytes": sum(sizes),
        }

    def _columns_of_image(
        self, owner: str, version: EnvironmentVersion, said: FileIO, wanted: Callable[[], bool]
    ) -> dict[str, Any]:
        """Build an image with the packages, and return the columns to record, without a folder.

        The lock has what the image has beside its base image. Installing runs code of packages,
        so a shared store does it in the engine only.
        """

        def log_line(line: str) -> None:
            said.write(f"{line}\n".encode())
            if not wanted():
                raise InstallationStopped

        key, packages = self._store.isolation.owner_key(owner), version.packages
        order = Order(version.id, self._store.id, version.id, "", Path(), "")
        lines = "\n".join([*version.requirements, *KERNEL_PACKAGES])
        runtime = cast(DockerRuntime, self._context.runtimes[DOCKER])
        if not packages and runtime.image_for:
            engine, base = runtime.engine, self._context.settings.docker_base_image
            made = runtime.image_for(engine, base, lines, True, log_line, owner_key=key)
            names = (base, made)
            locks = [Locks().of(engine, order, name, engine.image_id(name)) for name in names]
            there, added = ({*lock.packages} if lock else set() for lock in locks)
            listed = sorted(added - there, key=lambda package: package.name.lower())
            packages = [LockedPackage(package.name, package.version) for package in listed]
        columns = {"packages": msgspec.to_builtins(packages), "digest": digest_of(packages)}
        return columns | {"size_bytes": 0, "place": ""}

    def _record_lock(
        self, version_id: str, resolved_packages: list[LockedPackage]
    ) -> list[LockedPackage]:
        """Add the current files of folders to the lock and record it."""
        with self._context.blobs.without_collection():
            packages = with_trees(
                resolved_packages, self._context.blobs, self._context.settings.max_bundle_bytes
            )
            with self._context.write() as c:
                self._store.environments.set_lock(c, version_id, packages)
        return packages

    def _still_wanted(self, version_id: str) -> Callable[[], bool]:
        """Return a function that returns whether the build is still wanted.

        It is not wanted once it is cancelled or deleted, or while this dispatcher is leaving.
        """

        def look() -> bool:
            if self._context.stopping.is_set():
                return False
            with self._store.read() as c:
                return transition.state_of(c, ENVIRONMENT_VERSION, version_id) == "building"

        return look

    def _fail(self, owner: str, environment: Environment, reason: Reason) -> None:
        with self._context.write() as c:
            self._store.environments.move(c, owner, environment.current.id, "failed", reason=reason)

    def _offer_kernels(self) -> None:
        """Point kernels at the newest ready versions, and remove others, also after a crash."""
        with self._store.read() as c:
            ready = self._store.environments.all_ready(c)
        for environment, place in ready:
            try:
                kernels.offer_kernel(
                    environment.kernel, environment.name, Path(place), environment.id
                )
            except OSError as error:
                log.warning("the kernel %s is not offered: %s", environment.kernel, error)
        known = {environment.id for environment, _ in ready}
        offered = kernels.offered_kernels(self._context.folder / version_folder(""))
        for name, owner in offered.items():
            if owner not in known:
                kernels.withdraw_kernel(name, owner)

    def _sweep(self) -> None:
        """Delete folders of deleted or evicted versions and of killed builds.

        Only this dispatcher builds here.
        """
        with self._store.read() as c:
            known = self._store.environments.folders(c)
        for folder in self._context.folder.glob(version_folder("*")):
            for place in folder.iterdir() if folder.name in known else [folder]:
                is_used = str(place) == known.get(folder.name) or place in self._context.building
                if place.is_dir() and not is_used:
                    shutil.rmtree(place, ignore_errors=True)

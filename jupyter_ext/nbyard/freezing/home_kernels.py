"""Installs environments of a shared service as kernels of a user's own server."""

import shutil
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from nbyard.blobs.file_operations import lock_exclusive, lock_file
from nbyard.domain.callers import Caller
from nbyard.domain.environments.package_sources import AllowedSources
from nbyard.domain.environments.requirements import read_requirements
from nbyard.domain.environments.structs import (
    INSTALL_LOG,
    NOT_INSTALLED,
    EnvironmentKernel,
    EnvironmentVersion,
    lock_lines,
)
from nbyard.errors import Busy, Conflict
from nbyard.host import kernels
from nbyard.host.installers import KERNEL_PACKAGES, InstallationStopped, Installer
from nbyard.settings import Settings

LOOK_SECONDS = 1.0
CANCELLED = "The installation was cancelled."


class HomeKernels:
    """The kernels of the service's environments in the account of `user`.

    Each version has its own folder, which is complete if a kernel starts its interpreter.
    """

    def __init__(self, connection: Any, settings: Settings, user: str):
        self._connection, self._settings, self._user = connection, settings, user
        self._folder = settings.store_path / "kernels"
        self._log = self._folder / INSTALL_LOG
        self._pool = ThreadPoolExecutor(1, "nbyard-kernels")
        self._work: dict[str, Future[None]] = {}
        self._stopped: set[str] = set()  # IDs of environments
        self._lock = threading.Lock()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def kernel(self, caller: Caller, environment: str, cancel: bool = False) -> EnvironmentKernel:
        """Return the kernel of the newest installed version; install it, for about a second.

        The service is asked each time, so that only who may see the environment gets a version.

        Raises:
            Conflict: No version is installed at the service, or the installation was cancelled.
            Invalid: A package is not available, or its source is not allowed.
        """
        record = self._connection.environments.get(environment=environment)
        versions = self._connection.environments.versions(environment=record.id).items
        version = next((v for v in versions if v.number == record.installed), None)
        if version is None:
            raise Conflict(NOT_INSTALLED)
        if cancel:
            self._stopped.add(record.id)
            return EnvironmentKernel("", version.number, CANCELLED)
        # Environments of several owners may have one name. The store reads this one, too.
        name = f"{record.kernel}-{record.id[-8:]}"
        places = self._folder.glob(f"{version.id}-*")
        if not any(name in kernels.offered_kernels(place) for place in places):
            title = f"{record.owner}/{record.name}@{version.number}"
            named = (name, title.removeprefix(f"{self._user}/"), record.id)
            with self._lock:
                if (work := self._work.get(version.id)) is None:
                    self._stopped.discard(record.id)
                    work = self._pool.submit(self._install, version, *named)
                    self._work[version.id] = work
            wait([work], LOOK_SECONDS)
            if not work.done():
                log = self._log.read_text("utf-8", "replace") if self._log.exists() else ""
                return EnvironmentKernel("", version.number, log.rstrip().rpartition("\n")[2])
            self._work.pop(version.id, None)  # after a failure, the next request tries again
            work.result()
        return EnvironmentKernel(name, version.number)

    def remove(self, environment: str) -> None:
        """Remove the kernel of an environment that was deleted by this ID or name."""
        key, specs = environment.removeprefix(f"{self._user}/"), kernels.all_specs()
        for name, owner in kernels.offered_kernels(self._folder).items():
            if key in (owner, specs[name]["spec"]["display_name"].rpartition("@")[0]):
                kernels.withdraw_kernel(name, owner)

    def _install(self, version: EnvironmentVersion, name: str, title: str, owner: str) -> None:
        """Install the packages of a version beside older ones, then switch the kernel."""
        lines = [*version.requirements, *(package.line for package in version.packages)]
        allowed = AllowedSources.parse(self._settings.allowed_package_sources)
        lines = read_requirements("\n".join(lines), allowed)
        self._folder.mkdir(parents=True, exist_ok=True)
        with lock_file(f"{self._folder}/lock") as fd, self._log.open("w+b", buffering=0) as log:
            if not lock_exclusive(fd):
                raise Busy("Another server of yours installs an environment. Try again.")
            limit, tool = self._settings.install_timeout_seconds, self._settings.installer
            installer = Installer(log, lambda: owner not in self._stopped, tool, max_seconds=limit)
            place = Path(tempfile.mkdtemp(prefix=f"{version.id}-", dir=self._folder))
            try:
                # The lock of an image has versions without hashes, and none of its base image.
                packages = installer.resolve([*lines, *KERNEL_PACKAGES])
                installer.install(lock_lines(lines, packages), place)
                kernels.offer_kernel(name, title, place, owner)
                self._work.pop(version.id, None)
            except InstallationStopped:
                raise Conflict(CANCELLED) from None
            finally:
                for other in self._folder.glob("*-*/"):
                    if not (kernels.offered_kernels(other) or kernels.with_programs([str(other)])):
                        shutil.rmtree(other, ignore_errors=True)

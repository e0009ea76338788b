"""The controller of environments: what is asked for is found out, installed beside what is there,
and becomes the kernel's when all of it is ready."""

import logging
import os
import secrets
import shutil
import sys
from collections.abc import Callable
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

import msgspec

from nbyard import kernelspecs
from nbyard.crash import crash_point
from nbyard.dispatch.room import Room
from nbyard.dispatch.workers import Workers
from nbyard.domain.digest import digest_of
from nbyard.domain.environments import INSTALL_LOG, Environment, version_folder
from nbyard.domain.states import ENVIRONMENT_VERSION
from nbyard.errors import NbyardError
from nbyard.installers import KERNEL_PACKAGES, Installer, Stopped
from nbyard.store import transition

log = logging.getLogger("nbyard.dispatch")


class EnvironmentController:
    """One thread for each version that is built. A version is built in a folder of its own, so
    that nothing of one that failed or was killed is ever in use."""

    def __init__(self, room: Room, builders: Workers, is_stopping: Callable[[], bool]):
        self._room = room
        self._store = room.store
        self._builders = builders
        self._is_stopping = is_stopping
        self._is_swept = False

    def tick(self) -> bool:
        """Start what is new; whether anything is being built."""
        if not self._is_swept:
            self._is_swept = True
            self._sweep()
            self._offer_kernels()
        with self._store.read() as c:
            wanted = self._store.environments.under_way(c)
        for owner, found in wanted:
            work = partial(self._build, owner, found)
            self._builders.submit(found.current.id, work, partial(self._fail, owner, found))
        return bool(wanted)

    def _build(self, owner: str, found: Environment) -> None:
        version = found.current
        folder = self._room.folder / version_folder(version.id)
        place = folder / secrets.token_hex(4)
        if not self._begin(owner, found, place):
            return
        self._sweep()
        place.mkdir(parents=True)
        try:
            with (folder / INSTALL_LOG).open("w+b", buffering=0) as said:
                columns = self._made(found, place, self._installer(said, version.id))
        except Stopped:
            self._sweep()
            return
        except (NbyardError, OSError) as error:
            shutil.rmtree(place, ignore_errors=True)
            self._fail(owner, found, _words(error))
            return
        with self._room.write() as c:
            kernel = found.kernel or kernelspecs.kernel_name(found.name, found.id)
            self._store.environments.named(c, found.id, kernel)
            self._store.environments.move(c, owner, version.id, "ready", **columns)
        crash_point("environment-ready")
        self._offer_kernels()

    def _begin(self, owner: str, found: Environment, place: Path) -> bool:
        """Also once more, when the dispatcher that began is gone."""
        move = partial(self._store.environments.move, owner=owner, version_id=found.current.id)
        with self._room.write() as c:
            if found.current.state == "building":
                move(c, to="queued")
            return move(c, to="building", place=str(place))

    def _made(self, found: Environment, place: Path, installer: Installer) -> dict[str, Any]:
        lines = found.current.requirements
        packages = installer.resolve([*lines, *KERNEL_PACKAGES])
        installer.install(packages, place)
        return {
            "packages": msgspec.to_builtins(packages),
            "digest": digest_of(packages),
            "python": ".".join(map(str, sys.version_info[:3])),
            "size_bytes": _size(place),
        }

    def _installer(self, said: FileIO, version_id: str) -> Installer:
        return Installer(said, self._wanted(version_id), self._room.settings.installer)

    def _wanted(self, version_id: str) -> Callable[[], bool]:
        """Until it is deleted, or this dispatcher leaves."""

        def look() -> bool:
            if self._is_stopping():
                return False
            with self._store.read() as c:
                return transition.state_of(c, ENVIRONMENT_VERSION, version_id) is not None

        return look

    def _fail(self, owner: str, found: Environment, reason: str) -> None:
        with self._room.write() as c:
            self._store.environments.move(c, owner, found.current.id, "failed", reason=reason)

    def _offer_kernels(self) -> None:
        """Each starts in the newest version that is ready, also where a dispatcher was killed, or
        an environment deleted, before that was so."""
        with self._store.read() as c:
            ready = self._store.environments.all_ready(c)
        for found, place in ready:
            try:
                interpreter = f"{place}/bin/python"
                kernelspecs.offer_kernel(found.kernel, found.name, interpreter, found.id)
            except OSError as error:
                log.warning("the kernel %s is not offered: %s", found.kernel, error)
        known = {found.id for found, _ in ready}
        for name, owner in kernelspecs.offered(self._room.folder).items():
            if owner not in known:
                kernelspecs.withdraw_kernel(name, owner)

    def _sweep(self) -> None:
        """Folders of versions that are deleted, and of those that were killed while they were
        built: nobody else builds here."""
        with self._store.read() as c:
            known = self._store.environments.places(c)
        for folder in self._room.folder.glob(version_folder("*")):
            for place in folder.iterdir() if folder.name in known else [folder]:
                if place.is_dir() and str(place) != known.get(folder.name):
                    shutil.rmtree(place, ignore_errors=True)


def _words(error: Exception) -> str:
    if isinstance(error, NbyardError):
        return error.message
    return str(getattr(error, "strerror", "") or error)


def _size(folder: Path) -> int:
    return sum(
        os.lstat(os.path.join(parent, name)).st_size
        for parent, _, names in os.walk(folder)
        for name in names
    )

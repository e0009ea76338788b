"""Environments: libraries under a name, locked, installed beside what is there."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from datetime import UTC, datetime
from io import FileIO
from typing import TYPE_CHECKING, Any

from nbyard import folders, kernels, kernelspecs
from nbyard.domain.callers import Caller
from nbyard.domain.environments import (
    INSTALL_LOG,
    Captured,
    Environment,
    EnvironmentChange,
    EnvironmentVersion,
    NewEnvironment,
    PackageChange,
    Resolution,
    captured,
    changed,
    package_changes,
    version_folder,
)
from nbyard.domain.ids import new_id
from nbyard.domain.names import check_name
from nbyard.domain.paging import Page, check_count, check_limit, page_of
from nbyard.domain.requirements import check_unprotected, read_requirements
from nbyard.domain.runs import LogChunk
from nbyard.domain.states import ENVIRONMENT_VERSION
from nbyard.errors import Conflict, Invalid, NotFound
from nbyard.services.naming import check_free
from nbyard.services.operation import operation
from nbyard.services.parts import Parts

if TYPE_CHECKING:
    from nbyard.store import Connection


class EnvironmentService:
    """Names over immutable versions; the dispatcher installs them."""

    noun = "environments"

    def __init__(self, parts: Parts):
        self._parts = parts
        self._store = parts.store

    @operation("POST", "/environments", scope="environments:write", status=201)
    def create(self, caller: Caller, body: NewEnvironment) -> Environment:
        """Make an environment from the lines of a requirements file.

        It is *ready*, with a kernel of its name, when all of them are installed, or *failed*.
        """
        name, lines, description = check_name(body.name), _lines(body.requirements), ""
        if body.capture:
            taken = _captured(body.capture)
            lines = changed(taken.lines, lines, [])
            description = f"Captured from the kernel {body.capture}"
            if taken.left_out:
                description += f"; not from an index: {', '.join(taken.left_out)}"
        row: dict[str, Any] = {
            "id": new_id(),
            "name": name,
            "description": body.description or description,
            "kernel": "",
            "owner": caller.name,
            "created_at": datetime.now(UTC),
        }
        with self._store.write() as c:
            check_free(self._store.environments.names(c, caller.name), "an environment", name)
            self._store.environments.insert(c, row)
            self._store.environments.add_version(c, caller.name, row["id"], new_id(), lines)
        self._parts.call_dispatcher()
        return self.get(caller, row["id"])

    @operation("GET", "/environments", scope="environments:read")
    def list(
        self, caller: Caller, limit: int = 50, after: str = "", search: str = ""
    ) -> Page[Environment]:
        """List environments, newest first."""
        check_limit(limit)
        with self._store.read() as c:
            found = self._store.environments.page(c, caller.name, limit + 1, after, search)
        return page_of(found, limit, lambda one: one.id)

    @operation("GET", "/environments/{environment}", scope="environments:read")
    def get(self, caller: Caller, environment: str) -> Environment:
        """Show an environment, by id or name."""
        self._parts.watch()
        with self._store.read() as c:
            return self._find(c, caller, environment)

    def _find(self, c: Connection, caller: Caller, key: str) -> Environment:
        found = self._store.environments.get(c, caller.name, key)
        if found is None:
            raise NotFound(f"There is no environment {key[:80]!r}.")
        return found

    @operation("GET", "/environments/{environment}/versions", scope="environments:read")
    def versions(self, caller: Caller, environment: str) -> Page[EnvironmentVersion]:
        """List the versions of an environment, newest first."""
        with self._store.read() as c:
            found = self._find(c, caller, environment)
            return Page(self._store.environments.versions(c, found.id))

    @operation("GET", "/environments/{environment}/diff", scope="environments:read")
    def diff(
        self, caller: Caller, environment: str, old: int = 0, new: int = 0
    ) -> Page[PackageChange]:
        """Tell which packages differ between two versions.

        By default between the newest and the one that was installed before it.
        """
        versions = self.versions(caller, environment).items
        newer = _numbered(versions, check_count(new, "new") or versions[0].number)
        before = [v.packages for v in versions if v.number < newer.number and v.state == "ready"]
        given = check_count(old, "old")
        older = _numbered(versions, given).packages if given else next(iter(before), [])
        return Page(package_changes(older, newer.packages))

    @operation("POST", "/environments/{environment}/preview", scope="environments:write")
    def preview(self, caller: Caller, environment: str, body: EnvironmentChange) -> Resolution:
        """Find out what a change would install; nothing is changed."""
        from nbyard.installers import KERNEL_PACKAGES, Installer

        with self._store.read() as c:
            found = self._find(c, caller, environment)
            base = self._store.environments.newest_ready(c, found.id) or found.current
        lines = _changed(base, body)
        with tempfile.TemporaryDirectory(prefix="nby-") as place, _log(place) as log:
            installer = Installer(log, lambda: True, self._parts.settings.installer)
            packages = installer.resolve([*lines, *KERNEL_PACKAGES])
        return Resolution(packages, package_changes(base.packages, packages))

    @operation(
        "POST", "/environments/{environment}/versions", scope="environments:write", status=201
    )
    def change(self, caller: Caller, environment: str, body: EnvironmentChange) -> Environment:
        """Make the next version of an environment from what is installed.

        Until it is ready, and when it fails, the one before is used. One at a time is built.
        """
        with self._store.write() as c:
            found = self._find(c, caller, environment)
            if found.current.state in ENVIRONMENT_VERSION.live:
                raise Conflict(f"Version {found.current.number} of {found.name!r} is being built.")
            base = self._store.environments.newest_ready(c, found.id) or found.current
            lines = _changed(base, body)
            self._store.environments.add_version(c, caller.name, found.id, new_id(), lines)
        self._parts.call_dispatcher()
        return self.get(caller, found.id)

    @operation("GET", "/environments/{environment}/log", scope="environments:read")
    def log(self, caller: Caller, environment: str, after: int = 0, version: int = 0) -> LogChunk:
        """Read what installing said, by default of the newest version, from a byte on."""
        check_count(after, "after")
        versions = self.versions(caller, environment).items
        found = _numbered(versions, check_count(version, "version") or versions[0].number)
        path = self._store.folder / version_folder(found.id) / INSTALL_LOG
        return folders.piece(path, after, done=found.state in ENVIRONMENT_VERSION.terminal)

    @operation("DELETE", "/environments/{environment}", scope="environments:write", status=204)
    def delete(self, caller: Caller, environment: str) -> None:
        """Remove an environment with its versions and its kernel; what runs in it goes on."""
        with self._store.write() as c:
            found = self._find(c, caller, environment)
            versions = self._store.environments.versions(c, found.id)
            self._store.environments.delete(c, found)
        kernelspecs.withdraw_kernel(found.kernel, found.id)
        for version in versions:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self._store.folder / version_folder(version.id))


def _captured(kernel: str) -> Captured:
    lock = kernels.kernel(kernel).lock
    if lock is None:
        raise Invalid.field("capture", f"the packages of the kernel {kernel[:80]} are not known")
    return captured(lock)


def _log(place: str) -> FileIO:
    return open(f"{place}/{INSTALL_LOG}", "w+b", buffering=0)


def _lines(text: str) -> list[str]:
    lines = read_requirements(text)
    check_unprotected(lines)
    return lines


def _changed(base: EnvironmentVersion, body: EnvironmentChange) -> list[str]:
    """The lines of the next version."""
    own = base.requirements
    if isinstance(body.requirements, str):
        own = _lines(body.requirements)
    return changed(own, _lines(body.add), body.remove)


def _numbered(versions: list[EnvironmentVersion], number: int) -> EnvironmentVersion:
    for version in versions:
        if version.number == number:
            return version
    raise NotFound(f"There is no version {number}.")

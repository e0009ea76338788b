"""Service operations on environments: named, versioned and locked sets of packages."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nbyard.domain.callers import Caller
from nbyard.domain.environments.package_sources import AllowedSources
from nbyard.domain.environments.references import EnvironmentDefault
from nbyard.domain.environments.requirements import PROTECTED, read_requirements
from nbyard.domain.environments.structs import (
    INSTALL_LOG,
    NOT_INSTALLED,
    Environment,
    EnvironmentChange,
    EnvironmentKernel,
    EnvironmentVersion,
    NewDefault,
    NewEnvironment,
    PackageChange,
    Resolution,
    change_requirements,
    lock_of_failed,
    package_changes,
    requirements_of_lock,
    version_folder,
)
from nbyard.domain.ids import new_id
from nbyard.domain.naming.names import check_name, name_key
from nbyard.domain.naming.unique_names import check_free
from nbyard.domain.paging import Page, check_count, page_of
from nbyard.domain.runs.attempt_views import LogChunk
from nbyard.domain.state_machines import ENVIRONMENT_VERSION
from nbyard.errors import Conflict, InUse, Invalid, NotFound
from nbyard.host import kernels
from nbyard.logs import log_files
from nbyard.reasons.structs import because
from nbyard.services.operation import operation
from nbyard.services.requests import filter_project
from nbyard.services.service_context import Service
from nbyard.transfer.bundles import with_trees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbyard.store import Connection


Lines = list[str]  # inside the class, `list` is the operation


class EnvironmentService(Service):
    """Named environments with immutable versions, which the dispatcher installs."""

    noun = "environments"

    @operation("POST", "/environments", scope="environments:write", status=201)
    def create(self, caller: Caller, body: NewEnvironment) -> Environment:
        """Create an environment from the lines of a requirements file.

        Once all packages are installed, it is *ready* and has a kernel of its name. Otherwise it is
        *failed*. A name may be reused if nothing was ever installed under it.

        Raises:
            Invalid: the packages of the kernel to capture are not known.
        """
        name, lines, description = check_name(body.name), self.lines_of(body.requirements), ""
        if body.capture:
            lock = kernels.find_kernel(body.capture).lock
            if lock is None:
                why = f"the packages of the kernel {body.capture[:80]} are not known"
                raise Invalid.field("capture", why)
            taken = requirements_of_lock(lock)
            lines = change_requirements(taken.lines, lines, [])
            description = f"Captured from the kernel {body.capture}"
            if taken.left_out:
                description += f"; not from an index: {', '.join(taken.left_out)}"
        self._context.retire_idle_dispatcher()
        with self._store.write() as c:
            made = self._begun_before(c, caller, name)
            if made is None:
                made = new_id()
                row = {"id": made, "name": name, "kernel": "", "owner": caller.name}
                columns = {"description": "", "created_at": datetime.now(UTC)}
                self._store.environments.insert(c, {**row, **columns})
            self._store.environments.set_description(c, made, body.description or description)
            self._next(c, caller, made, lines)
        self._context.ensure_dispatcher()
        return self.get(caller, made)

    def _begun_before(self, c: Connection, caller: Caller, name: str) -> str | None:
        """Return the ID of the environment with this name if it was never installed, else None."""
        rows, wanted = self._store.environments, name_key(name)
        names = rows.names(c, caller.name)
        same = next((key for key, taken in names.items() if name_key(taken) == wanted), "")
        environment = rows.get(c, caller.name, same) if same else None
        # A first installation may fail for a typo. The corrected request may use the name again.
        if environment is not None and environment.never_installed:
            return environment.id
        check_free(names, "environment", name)
        return None

    def _next(self, c: Connection, caller: Caller, environment: str, lines: Sequence[str]) -> None:
        """Add a version with these requirement lines.

        The lock of a failed version with the same lines is reused.
        """
        rows = self._store.environments
        packages = lock_of_failed(rows.versions(c, environment), lines)
        rows.add_version(c, caller.name, environment, lines, packages)

    @operation("GET", "/environments", scope="environments:read")
    def list(
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        search: str = "",
        project: str = "",
    ) -> Page[Environment]:
        """List environments, newest first."""
        with self._store.read() as c:
            of = filter_project(self._store, c, caller, project)
            environments = self._store.environments.page(
                c, caller.name, limit + 1, after, search, of
            )
        return page_of(environments, limit, lambda environment: environment.id)

    @operation("GET", "/environments/{environment}", scope="environments:read")
    def get(self, caller: Caller, environment: str) -> Environment:
        """Show an environment, by ID or name."""
        self._context.watch()
        with self._store.read() as c:
            return self._store.environments.find(c, caller.name, environment)

    @operation("POST", "/environments/{environment}/kernel", scope="environments:read")
    def kernel(self, caller: Caller, environment: str, cancel: bool = False) -> EnvironmentKernel:
        """Show the kernel of an environment.

        At a JupyterHub with a shared service, the user's own server installs it. Repeat the request
        until `kernel` is not empty, or `cancel` the installation. The service itself refuses it.

        Raises:
            Conflict: no version is installed.
        """
        record = self.get(caller, environment)
        self._store.isolation.check_code_here("install kernels")
        if not record.installed:
            raise Conflict(NOT_INSTALLED)
        return EnvironmentKernel(record.kernel, record.installed)

    @operation("GET", "/environment-defaults", scope="environments:read")
    def defaults(self, caller: Caller) -> Page[EnvironmentDefault]:
        """List the default environments of the store and of projects."""
        with self._store.read() as c:
            return Page([*self._store.environment_defaults.all(c, caller.name).values()])

    @operation("PATCH", "/environment-defaults", scope="environments:write")
    def set_default(self, caller: Caller, body: NewDefault) -> Page[EnvironmentDefault]:
        """Set the environment of notebooks and Python scripts that name none.

        That of a workflow precedes that of a project, which precedes that of the store.
        """
        with self._store.write() as c:
            project = filter_project(self._store, c, caller, body.project)
            chosen = ""
            if body.environment:
                chosen = self._store.environments.find(c, caller.name, body.environment).id
            self._store.environment_defaults.set(c, caller.name, project, chosen)
        return self.defaults(caller)

    @operation("GET", "/environments/{environment}/versions", scope="environments:read")
    def versions(self, caller: Caller, environment: str) -> Page[EnvironmentVersion]:
        """List the versions of an environment, newest first."""
        self._context.watch()
        with self._store.read() as c:
            record = self._store.environments.find(c, caller.name, environment)
            return Page(self._store.environments.versions(c, record.id))

    @operation("GET", "/environments/{environment}/diff", scope="environments:read")
    def diff(
        self, caller: Caller, environment: str, old: int = 0, new: int = 0
    ) -> Page[PackageChange]:
        """List the packages that differ between two versions.

        By default, the newest version is compared with the one installed before it.
        """
        versions = self.versions(caller, environment).items
        newer = _numbered(versions, new or versions[0].number)
        before = [v.packages for v in versions if v.number < newer.number and v.state == "ready"]
        older = _numbered(versions, old).packages if old else next(iter(before), [])
        return Page(package_changes(older, newer.packages))

    @operation("POST", "/environments/{environment}/preview", scope="environments:write")
    def preview(self, caller: Caller, environment: str, body: EnvironmentChange) -> Resolution:
        """Show what a change would install, without changing anything."""
        from nbyard.host.installers import KERNEL_PACKAGES, Installer

        self._store.isolation.check_code_here("resolve packages before a build")
        with self._store.read() as c:
            own = self._store.environments.find(c, caller.name, environment)
            base = self._store.environments.newest_ready(c, own.id) or own.current
        if body.version:
            older = self._older(caller, environment, body)
            return Resolution(older.packages, package_changes(base.packages, older.packages))
        lines = self._changed_lines(base, body)
        with (
            tempfile.TemporaryDirectory(prefix="nby-") as place,
            # `Installer` accepts a raw file: its processes write to the same descriptor.
            open(f"{place}/{INSTALL_LOG}", "w+b", buffering=0) as log,
        ):
            installer = Installer(log, lambda: True, self._context.settings.installer)
            # An environment always contains the packages of its kernel.
            resolved_packages = installer.resolve([*lines, *KERNEL_PACKAGES])
        packages = with_trees(
            resolved_packages, self._context.blobs, self._context.settings.max_bundle_bytes
        )
        return Resolution(packages, package_changes(base.packages, packages))

    @operation(
        "POST", "/environments/{environment}/versions", scope="environments:write", status=201
    )
    def change(self, caller: Caller, environment: str, body: EnvironmentChange) -> Environment:
        """Create the next version of an environment.

        The change applies to the installed version. That version stays in use until the new one is
        ready, also if the installation fails. Only one version is built at a time. If the last
        version had the same requirements and failed, the new one installs the packages that were
        resolved for it.

        Raises:
            Conflict: a version is being built.
        """
        older = self._older(caller, environment, body) if body.version else None
        self._context.retire_idle_dispatcher()
        with self._store.write() as c:
            record = self._store.environments.find(c, caller.name, environment)
            if record.current.state in ENVIRONMENT_VERSION.live:
                number = record.current.number
                raise Conflict(f"Version {number} of '{record.name}' is being built.")
            # A failed version is the base only if no version was ever installed.
            base = self._store.environments.newest_ready(c, record.id) or record.current
            if older:
                locked = (older.requirements, older.packages)
                self._store.environments.add_version(c, caller.name, record.id, *locked)
            else:
                self._next(c, caller, record.id, self._changed_lines(base, body))
        self._context.ensure_dispatcher()
        return self.get(caller, record.id)

    def lines_of(self, text: str) -> Lines:
        """Return the requirement lines of a text in canonical form."""
        allowed = self._context.settings.allowed_package_sources
        # Requirements may not name pip and uv: a wrong version would block all later changes.
        return read_requirements(text, AllowedSources.parse(allowed), PROTECTED)

    def _changed_lines(self, base: EnvironmentVersion, body: EnvironmentChange) -> Lines:
        """Return the requirement lines of the next version. Check their package sources."""
        own = base.requirements
        if isinstance(body.requirements, str):
            own = self.lines_of(body.requirements)
        lines = change_requirements(own, self.lines_of(body.add), body.remove)
        # Old lines are checked again, because the allowed sources may have changed since.
        return self.lines_of("\n".join(lines))

    def _older(
        self, caller: Caller, environment: str, body: EnvironmentChange
    ) -> EnvironmentVersion:
        """Return the version to roll back to."""
        check_count(body.version, "version")
        # An old lock fits only its own lines, so a rollback changes nothing else.
        if body != EnvironmentChange(version=body.version):
            raise Invalid.field(
                "version", "a rollback uses the old lock unchanged: omit all other changes"
            )
        version = _numbered(self.versions(caller, environment).items, body.version)
        if version.state != "ready":
            raise Invalid.field("version", f"version {version.number} was never installed")
        return version

    @operation("POST", "/environments/{environment}/cancel", scope="environments:write", status=202)
    def cancel(self, caller: Caller, environment: str) -> Environment:
        """Cancel the installation and keep the current version.

        Raises:
            Conflict: the version is not being installed.
        """
        with self._store.write() as c:
            record = self._store.environments.find(c, caller.name, environment)
            version, reason = record.current, because("installation-cancelled")
            move = self._store.environments.move
            # The installation may have ended before this request. The move is then refused.
            if not move(c, record.owner, version.id, "failed", reason=reason):
                raise Conflict(
                    f"Version {version.number} of '{record.name}' is {version.state}; nothing is"
                    " being installed."
                )
        self._context.ensure_dispatcher()
        return self.get(caller, record.id)

    @operation("GET", "/environments/{environment}/log", scope="environments:read")
    def log(self, caller: Caller, environment: str, after: int = 0, version: int = 0) -> LogChunk:
        """Read the installation log of a version from byte `after` on.

        The default is the newest version.
        """
        versions = self.versions(caller, environment).items
        chosen_version = _numbered(versions, version or versions[0].number)
        path = self._store.folder / version_folder(chosen_version.id) / INSTALL_LOG
        return log_files.read_piece(
            path, after, done=chosen_version.state in ENVIRONMENT_VERSION.terminal
        )

    @operation("DELETE", "/environments/{environment}", scope="environments:write", status=204)
    def delete(self, caller: Caller, environment: str, force: bool = False) -> None:
        """Delete an environment with its versions and its kernel.

        Running kernels and tasks continue. Fails while a live run uses it, unless `force` is set.

        Raises:
            InUse: a run uses the environment.
        """
        with self._store.write() as c:
            record = self._store.environments.find(c, caller.name, environment)
            versions = self._store.environments.versions(c, record.id)
            used = self._store.uses.by_runs(c)
            if not force and any(version.id in used for version in versions):
                raise InUse(f"'{record.name}' is used by a run that has not finished.")
            self._store.environments.delete(c, record)
        # Only after the commit, so that a failed deletion leaves the environment complete.
        kernels.withdraw_kernel(record.kernel, record.id)
        for version in versions:
            # A version whose installation never started has no folder.
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self._store.folder / version_folder(version.id))


def _numbered(versions: list[EnvironmentVersion], number: int) -> EnvironmentVersion:
    for version in versions:
        if version.number == number:
            return version
    raise NotFound(f"There is no version {number}.")

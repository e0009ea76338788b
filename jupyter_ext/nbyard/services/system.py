"""Service operations on the installation: its health, runtimes and GPUs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from nbyard import __version__
from nbyard.domain.callers import Caller
from nbyard.domain.counts import Counts
from nbyard.domain.doctor import Check, Diagnosis, Runtimes
from nbyard.domain.naming.runtime_names import DASK
from nbyard.domain.paging import Page
from nbyard.domain.spelling import Spelling, SpellingRequest
from nbyard.domain.users.admin import Announcements, Broadcast, Drain
from nbyard.errors import NbyardError, NotFound
from nbyard.host import hardware, user_unit
from nbyard.host.entry_points import offered_runtimes
from nbyard.host.sqlite_locks import blocking_pids, busy_error, is_stopped
from nbyard.reasons.structs import because
from nbyard.services.operation import operation
from nbyard.services.service_context import Service

if TYPE_CHECKING:
    from nbyard.store.leases import Lease

GIB = 2**30
MIB = 2**20
INSTALL_UNIT = "nbyard service install starts the dispatcher after a reboot."


class SystemService(Service):
    """Health checks and resources of the installation."""

    noun = "system"

    @operation("GET", "/system/doctor", scope="system:read")
    def doctor(self, caller: Caller) -> Diagnosis:
        """Check what nbyard needs and can use on this machine."""
        checks: list[Callable[[], Check]] = [
            self._versions,
            self._store_check,
            self._disk,
            self._bytes,
            partial(self._kernels, caller),
            self._dispatcher,
            self._automations,
            *self._context.probes,
        ]
        done = [check() for check in checks]
        if not caller.may("system:admin"):  # they name files, processes and the work of others
            offered = self.runtimes(caller)
            finding = {DASK: str(offered.note or "")}
            done = [Check(check.name, check.state, finding.get(check.name, "")) for check in done]
            is_off = {DASK}.difference(offered.names)
            done = [replace(c, state="missing") if c.name in is_off else c for c in done]
        return Diagnosis(__version__, done)

    def unready(self) -> list[str]:
        """Return the names of the checks that keep this installation from starting work."""
        checks = [self._store_check, self._disk, self._dispatcher]
        settings = self._context.settings
        if not (settings.dask_address or settings.dask_cluster):
            checks.append(self._context.engine)
        return [check.name for check in (check() for check in checks) if check.state != "ok"]

    @operation("GET", "/system/announcements", scope="system:read")
    def announcements(self, caller: Caller) -> Announcements:
        """Show what administrators announce, and whether the caller is one of them."""
        with self._store.read() as c:
            broadcast = self._store.announcements.get(c, Broadcast)
            drain = self._store.announcements.get(c, Drain)
            is_limited = self._store.quotas.read(c) and caller.may("deployments:read")
            expiring = self._store.deployments.expiring(c, caller.name) if is_limited else []
        if broadcast and broadcast.until <= datetime.now(UTC):
            broadcast = None
        is_admin = self._context.settings.shared and caller.may("admin:admin")
        return Announcements(broadcast, drain, is_admin, expiring)

    def counts(self) -> Counts:
        """Return the numbers of runs, tasks and attempts of all owners, for monitoring."""
        with self._context.store.read() as c:
            counts: Counts = self._context.store.counts.all(c)
        return replace(counts, dispatcher_lives=self._lease() is not None)

    @operation("GET", "/system/runtimes", scope="system:read")
    def runtimes(self, caller: Caller) -> Runtimes:
        """List the runtimes that the caller may use here."""
        names, rules = offered_runtimes(self._context.settings), self._store.isolation
        if not (rules.is_shared and DASK in names):
            return Runtimes(names)
        is_meant = self._store.projects.has_among
        with self._store.read() as c:
            mine = [entry for entry in rules.dask_users if is_meant(c, [entry], caller.name)]
        if not mine:
            return Runtimes([n for n in names if n != DASK], because("dask-of-others"))
        projects = [entry.partition(":")[2] for entry in mine if entry.startswith("project:")]
        of_projects = because("dask-of-projects", projects=projects)
        return Runtimes(names, of_projects if len(projects) == len(mine) else None)

    @operation("GET", "/system/gpus", scope="system:read")
    def gpus(self, caller: Caller) -> Page[str]:
        """List the GPUs that tasks may be granted."""
        return Page(list(hardware.gpu_ids(self._context.settings.gpus)))

    @operation("POST", "/system/spelling", scope="system:read")
    def spell(self, caller: Caller, body: SpellingRequest) -> Spelling:
        """Show a request as a command and as Python, without sending it.

        Both send the same request. Secret values are never shown: both ask for them.
        """
        name = ""
        if body.project:
            # Without such a project, a form links nothing.
            with self._context.store.read() as c, suppress(NotFound):
                name = self._context.store.projects.find(c, caller.name, body.project).name
        return self._context.spell(replace(body, project=name))

    def _versions(self) -> Check:
        version = sys.version.split()[0]
        finding = f"Python {version} on {sys.platform}"
        if sys.platform.startswith("linux"):
            return Check("platform", "ok", finding)
        return Check("platform", "missing", finding, "Only Linux is tested. On Windows, use WSL2.")

    def _store_check(self) -> Check:
        store = self._context.store
        try:
            version = store.database.server_version()
        except NbyardError as error:
            return Check("store", "failed", error.message, error.hint)
        # A suspended process that holds the write lock blocks everybody else.
        if any(is_stopped(pid) for pid in blocking_pids(store.folder)):
            store_error = busy_error(store.folder)
            return Check("store", "failed", store_error.message, store_error.hint)
        kind = "SQLite" if store.database.sqlite else "PostgreSQL"
        finding = f"{kind} {version} in {store.folder}"
        return Check("store", "ok", finding)

    def _disk(self) -> Check:
        free = shutil.disk_usage(self._context.store.folder).free
        if free >= GIB:
            return Check("disk", "ok", f"{free / GIB:.1f} GiB free")
        # Little space is an error, because runs cannot store their outputs.
        cure = "Free space: runs need room for their outputs."
        return Check(
            "disk",
            "failed",
            f"{free / MIB:.1f} MiB free; {self._context.blobs.reserve_bytes / MIB:.1f} MiB are"
            " always kept free",
            cure,
        )

    def _bytes(self) -> Check:
        sizes = [blob.size_bytes for blob in self._context.blobs.stored()]
        mib = sum(sizes) / MIB
        size = round(mib, 1) if mib < 100 else round(mib)
        return Check("bytes", "ok", f"{size:,} MiB in {len(sizes):,} files")

    def _kernels(self, caller: Caller) -> Check:
        from jupyter_client.kernelspec import KernelSpecManager

        with self._context.store.read() as c:
            hidden = self._context.store.environments.kernels_of_others(c, caller.name)
        names = sorted(KernelSpecManager().find_kernel_specs().keys() - hidden)
        if names:
            return Check("kernels", "ok", ", ".join(names))
        return Check("kernels", "failed", "none installed", "pip install ipykernel")

    def _dispatcher(self) -> Check:
        from nbyard.ipc.dispatcher_launcher import (  # slow: it imports the database
            is_dead,
            other_settings,
            pid_of,
        )

        lease = self._lease()
        if lease is None or is_dead(lease.holder):
            with self._context.store.read() as c:
                is_needed = self._context.store.has_work(c)
            if is_needed:
                finding = "not running, but there is work, such as an enabled schedule"
                return Check(
                    "dispatcher",
                    "missing",
                    finding,
                    "An open JupyterLab or any nbyard command, also this one, starts the"
                    " dispatcher within seconds. nbyard service install starts it without them.",
                )
            return Check("dispatcher", "ok", "not running; it starts when there is work")
        pid, host = pid_of(lease.holder), lease.holder.partition(":")[0]
        others = other_settings(self._context.store, self._context.settings)
        if not others:
            return Check("dispatcher", "ok", f"running: process {pid} on {host}")
        settings = [f"{name}={value}" for name, value in others.items()]
        finding = (
            f"running: process {pid} on {host}, with different settings: {', '.join(settings)}"
        )
        return Check(
            "dispatcher",
            "ok",
            finding,
            f"kill {pid} stops the dispatcher. Running tasks continue. The next dispatcher uses"
            " the settings of the process that starts it.",
        )

    def _automations(self) -> Check:
        """Check that a dispatcher starts after a reboot if automations are enabled."""
        store = self._context.store
        with store.read() as c:
            is_enabled = store.automations.is_enabled(c)
        if not is_enabled:
            return Check("automations", "ok", "no automation is enabled")
        unit = user_unit.unit_state(self._context.settings.store_path)
        if unit.state in ("missing", "other-store"):
            finding = (
                "after a reboot, no run starts until a Jupyter server or an nbyard command starts"
                " the dispatcher"
            )
            return Check("automations", "missing", finding, INSTALL_UNIT)
        if not unit.is_enabled:
            finding = f"{unit.path} is not enabled: it does not start the dispatcher"
            return Check("automations", "missing", finding, INSTALL_UNIT)
        # systemd starts the units of a user at boot only if lingering is enabled for that user.
        if unit.lingers:
            return Check("automations", "ok", f"{unit.path} starts the dispatcher at boot")
        finding = f"{unit.path} starts the dispatcher when you sign in"
        return Check("automations", "ok", finding, user_unit.linger_hint())

    def _lease(self) -> Lease | None:
        with self._context.store.read() as c:
            lease = self._context.store.leases.get(c, "dispatcher")
        # A killed dispatcher leaves its row, whose lease then runs out.
        return lease if lease is not None and lease.seems_held else None

"""Service operations on the installation: its health, runtimes and GPUs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from nbyard import __version__
from nbyard.domain.callers import Caller
from nbyard.domain.counts import Counts
from nbyard.domain.doctor import Check, Diagnosis, Runtimes
from nbyard.domain.paging import Page
from nbyard.domain.spelling import Spelling, SpellingRequest
from nbyard.errors import NbyardError, NotFound
from nbyard.host import gpus
from nbyard.host.installed_runtimes import offered_runtimes
from nbyard.host.sqlite_locks import blocking_pids, busy_error, is_stopped
from nbyard.host.user_unit import unit_file
from nbyard.reasons.structs import because
from nbyard.services.operation import operation
from nbyard.services.project_filter import find_project
from nbyard.services.service_context import ServiceContext

if TYPE_CHECKING:
    from nbyard.store.leases import Lease

GIB = 2**30
MIB = 2**20


class SystemService:
    """Health checks and resources of the installation."""

    noun = "system"

    def __init__(self, parts: ServiceContext):
        self._parts = parts

    @operation("GET", "/system/doctor", scope="system:read")
    def doctor(self, caller: Caller) -> Diagnosis:
        """Check what nbyard needs and can use on this machine."""
        checks: list[Callable[[], Check]] = [
            self._versions,
            self._store,
            self._disk,
            self._bytes,
            self._kernels,
            self._dispatcher,
            self._schedules,
            *self._parts.probes,
        ]
        return Diagnosis(__version__, [check() for check in checks])

    def counts(self) -> Counts:
        """Return the numbers of runs, tasks and attempts of all owners, for monitoring."""
        with self._parts.store.read() as c:
            counts: Counts = self._parts.store.counts.all(c)
        return msgspec.structs.replace(counts, dispatcher_lives=self._lease() is not None)

    @operation("GET", "/system/runtimes", scope="system:read")
    def runtimes(self, caller: Caller) -> Runtimes:
        """List the runtimes that are available here."""
        return Runtimes(offered_runtimes(self._parts.settings))

    @operation("GET", "/system/gpus", scope="system:read")
    def gpus(self, caller: Caller) -> Page[str]:
        """List the GPUs that tasks may be granted."""
        return Page(list(gpus.gpu_ids(self._parts.settings.gpus)))

    @operation("POST", "/system/spelling", scope="system:read")
    def spell(self, caller: Caller, body: SpellingRequest) -> Spelling:
        """Show a request as a command and as Python, without sending it.

        Both send the same request. Secret values are never shown: both ask for them.
        """
        name = ""
        if body.project:
            # Without such a project, a form links nothing.
            with self._parts.store.read() as c, suppress(NotFound):
                name = find_project(self._parts.store, c, caller, body.project).name
        return self._parts.spell(msgspec.structs.replace(body, project=name))

    def _versions(self) -> Check:
        version = sys.version.split()[0]
        finding = because("python-on", version=version, system=sys.platform)
        if sys.platform.startswith("linux"):
            return Check("platform", "ok", finding)
        return Check("platform", "missing", finding, because("use-linux"))

    def _store(self) -> Check:
        store = self._parts.store
        try:
            version = store.database.server_version()
        except NbyardError as error:
            return Check("store", "failed", error.reason, error.hint_reason)
        # A suspended process that holds the write lock blocks everybody else.
        if any(is_stopped(pid) for pid in blocking_pids(store.folder)):
            store_error = busy_error(store.folder)
            return Check("store", "failed", store_error.reason, store_error.hint_reason)
        kind = "SQLite" if store.database.sqlite else "PostgreSQL"
        finding = because("store-in", database=kind, version=version, folder=str(store.folder))
        return Check("store", "ok", finding)

    def _disk(self) -> Check:
        free = shutil.disk_usage(self._parts.store.folder).free
        if free >= GIB:
            return Check("disk", "ok", because("disk-free", free=round(free / GIB, 1)))
        # Little space is an error, because runs cannot store their outputs.
        amounts = {"free": free, "kept": self._parts.blobs.reserve_bytes}
        in_mib = {name: round(size / MIB, 1) for name, size in amounts.items()}
        cure = because("free-space-for-outputs")
        return Check("disk", "failed", because("disk-nearly-full", **in_mib), cure)

    def _bytes(self) -> Check:
        sizes = [blob.size_bytes for blob in self._parts.blobs.stored()]
        mib = sum(sizes) / MIB
        size = round(mib, 1) if mib < 100 else round(mib)
        return Check("bytes", "ok", because("bytes-stored", size=size, files=len(sizes)))

    def _kernels(self) -> Check:
        from jupyter_client.kernelspec import KernelSpecManager

        names = sorted(KernelSpecManager().find_kernel_specs())
        if names:
            return Check("kernels", "ok", because("kernels-found", names=names))
        return Check("kernels", "failed", because("no-kernels"), because("install-ipykernel"))

    def _dispatcher(self) -> Check:
        from nbyard.ipc.dispatcher_launcher import (  # slow: it imports the database
            is_dead,
            other_settings,
            pid_of,
        )

        lease = self._lease()
        if lease is None or is_dead(lease.holder):
            with self._parts.store.read() as c:
                is_needed = self._parts.store.has_work(c)
            if is_needed:
                finding = because("dispatcher-needed")
                return Check("dispatcher", "missing", finding, because("start-dispatcher"))
            return Check("dispatcher", "ok", because("dispatcher-idle"))
        pid, host = pid_of(lease.holder), lease.holder.partition(":")[0]
        others = other_settings(self._parts.store, self._parts.settings)
        if not others:
            return Check("dispatcher", "ok", because("dispatcher-runs", pid=pid, host=host))
        settings = [f"{name}={value}" for name, value in others.items()]
        finding = because("dispatcher-runs-otherwise", pid=pid, host=host, settings=settings)
        return Check("dispatcher", "ok", finding, because("restart-dispatcher", pid=pid))

    def _schedules(self) -> Check:
        """Check that a dispatcher starts after a reboot if schedules or triggers are enabled."""
        store = self._parts.store
        with store.read() as c:
            is_enabled = store.schedules.is_enabled(c) or bool(store.triggers.enabled_kinds(c))
        if not is_enabled:
            return Check("schedules", "ok", because("no-schedule-enabled"))
        unit = unit_file.unit_state(self._parts.settings.store_path)
        if unit.state in ("missing", "other-store"):
            finding = because("waits-after-reboot")
            return Check("schedules", "missing", finding, because("install-unit"))
        if not unit.is_enabled:
            finding = because("unit-disabled", path=unit.path)
            return Check("schedules", "missing", finding, because("install-unit"))
        # systemd starts the units of a user at boot only if lingering is enabled for that user.
        if unit.lingers:
            return Check("schedules", "ok", because("unit-starts-at-boot", path=unit.path))
        finding = because("unit-starts-at-sign-in", path=unit.path)
        cure = because("enable-linger", user=unit_file.user_name())
        return Check("schedules", "ok", finding, cure)

    def _lease(self) -> Lease | None:
        """Return the lease of the running dispatcher, or None."""
        with self._parts.store.read() as c:
            lease = self._parts.store.leases.get(c, "dispatcher")
        # A killed dispatcher leaves its row, whose lease then runs out.
        return lease if lease is not None and lease.seems_held else None

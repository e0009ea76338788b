"""Service operations on quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbyard.domain.callers import Caller
from nbyard.domain.paging import Page, page_of
from nbyard.domain.users.quotas import (
    NewQuota,
    Quota,
    QuotaLimits,
    Quotas,
    QuotaUse,
    complete_quota,
    read_quota_id,
)
from nbyard.errors import NotFound
from nbyard.host.hardware import capacity
from nbyard.services.operation import operation
from nbyard.services.service_context import Service

if TYPE_CHECKING:
    from nbyard.store import Connection

FIRST = "first_quota"  # a fact
ADMIN = "quotas:admin"


class QuotaService(Service):
    """Limits on what users, groups and projects may hold at once.

    A user's own quota counts, else the largest limits of the user's groups, else those of
    everyone. The quota of a project limits its runs and deployments in addition.
    """

    noun = "quotas"

    @operation("GET", "/quota-use", scope="quotas:read")
    def use(self, caller: Caller) -> QuotaUse:
        """Show your limits, and which runs and deployments hold parts of them."""
        quotas = self._store.quotas
        with self._store.read() as c:
            quota, limits = quotas.read(c).of_user(caller.name)
            own = [use for use in quotas.ledger(c, Quotas()).held() if use.owner == caller.name]
            held = {gpu for each in self._store.attempts.live(c) for gpu in each.gpus}
            held.update(*self._store.deployments.granted_gpus(c).values())
            stored = quotas.stored_bytes(c, caller.name)
        gpus = set(capacity(self._context.settings).gpus)
        plain = QuotaLimits(**{n: getattr(limits, n) for n in QuotaLimits.__struct_fields__})
        return QuotaUse(quota, plain, own, stored, len(gpus - held), len(gpus))

    @operation("GET", "/quotas", scope=ADMIN)
    def list(self, caller: Caller, limit: int = 50, after: str = "") -> Page[Quota]:
        """List all quotas."""
        with self._store.read() as c:
            quotas = self._store.quotas.page(c, after, limit + 1)
        return page_of(quotas, limit)

    @operation("GET", "/quotas/{quota}", scope=ADMIN)
    def get(self, caller: Caller, quota: str) -> Quota:
        """Show a quota: everyone, user:NAME, group:NAME or project:NAME."""
        with self._store.read() as c:
            return self._find(c, self._id(c, caller, quota))

    @operation("PUT", "/quotas/{quota}", scope=ADMIN)
    def set(self, caller: Caller, quota: str, body: NewQuota) -> Quota:
        """Set the limits of everyone, user:NAME, group:NAME or project:NAME.

        The limits replace all earlier ones of this quota. Running tasks continue, also above a
        lowered limit. Omitted limits do not exist, but the number of GPUs is 1.
        """
        self._context.retire_idle_dispatcher()
        with self._store.write() as c:
            key = self._id(c, caller, quota)
            most = self._context.settings.max_quota_gpus
            self._store.quotas.store(c, key, complete_quota(read_quota_id(key)[0], body, most))
            return self._find(c, key)

    def set_first(self) -> None:
        """Limit everyone to one GPU, once.

        An administrator may change or delete that quota.
        """
        with self._store.read() as c:  # only the first start takes a write lock
            if self._store.facts.get(c, FIRST) is not None:
                return
        with self._store.write() as c:
            self._store.facts.set(c, FIRST, "set")
            most = self._context.settings.max_quota_gpus
            limits = complete_quota("everyone", NewQuota(), most)
            self._store.quotas.store(c, "everyone", limits)

    @operation("DELETE", "/quotas/{quota}", scope=ADMIN, status=204)
    def delete(self, caller: Caller, quota: str) -> None:
        """Delete a quota."""
        with self._store.write() as c:
            self._store.quotas.store(c, self._find(c, self._id(c, caller, quota)).id, {})

    def _id(self, c: Connection, caller: Caller, key: str) -> str:
        """Return the ID of a quota; that of a project has the ID of the project."""
        kind, name = read_quota_id(key)
        if kind != "project":
            return f"{kind}:{name}" if name else kind
        known = self._store.projects.by_id(c, name)
        return f"project:{(known or self._store.projects.find(c, caller.name, name)).id}"

    def _find(self, c: Connection, key: str) -> Quota:
        quota = self._store.quotas.get(c, key)
        if quota is None:
            raise NotFound(f"There is no quota {key}.", hint="nbyard quotas ls lists the quotas.")
        return quota

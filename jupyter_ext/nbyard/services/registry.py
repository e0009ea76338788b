"""Creates the services of an open yard when they are first used, and finds them by noun.

Imports are late as well, so that short commands start fast.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import nullcontext
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from nbyard.domain.ids import is_id
from nbyard.domain.projects.members import SHARED_KINDS
from nbyard.errors import Conflict
from nbyard.services.projects.automatic_links import CREATED

if TYPE_CHECKING:
    from nbyard.domain.callers import Caller, Role
    from nbyard.services.admin import AdminService, AuditService
    from nbyard.services.artifacts import ArtifactService
    from nbyard.services.automations.backfills import BackfillService
    from nbyard.services.automations.service import AutomationService
    from nbyard.services.credentials import CredentialService
    from nbyard.services.datasets.service import DatasetService
    from nbyard.services.deployments import DeploymentService
    from nbyard.services.environments.kernels import KernelService
    from nbyard.services.environments.service import EnvironmentService
    from nbyard.services.events import EventService
    from nbyard.services.executables.service import ExecutableService
    from nbyard.services.home import HomeService
    from nbyard.services.images import ImageService
    from nbyard.services.lineage import LineageService
    from nbyard.services.models.service import ModelService
    from nbyard.services.notices.service import ChannelService
    from nbyard.services.projects.service import ProjectService
    from nbyard.services.projects.shares import ShareService
    from nbyard.services.quotas import QuotaService
    from nbyard.services.runs.comparisons.bisections import BisectionService
    from nbyard.services.runs.service import RunService
    from nbyard.services.service_context import ServiceContext
    from nbyard.services.system import SystemService
    from nbyard.services.uploads import UploadService
    from nbyard.services.workflows.contracts import ContractService
    from nbyard.services.workflows.service import WorkflowService

# The class of each noun, in the order of the OpenAPI document.
PLACES = {
    "datasets": "datasets.service:DatasetService",
    "uploads": "uploads:UploadService",
    "home": "home:HomeService",
    "executables": "executables.service:ExecutableService",
    "environments": "environments.service:EnvironmentService",
    "kernels": "environments.kernels:KernelService",
    "images": "images:ImageService",
    "models": "models.service:ModelService",
    "deployments": "deployments:DeploymentService",
    "workflows": "workflows.service:WorkflowService",
    "contracts": "workflows.contracts:ContractService",
    "runs": "runs.service:RunService",
    "bisections": "runs.comparisons.bisections:BisectionService",
    "automations": "automations.service:AutomationService",
    "backfills": "automations.backfills:BackfillService",
    "channels": "notices.service:ChannelService",
    "projects": "projects.service:ProjectService",
    "shares": "projects.shares:ShareService",
    "quotas": "quotas:QuotaService",
    "artifacts": "artifacts:ArtifactService",
    "lineage": "lineage:LineageService",
    "credentials": "credentials:CredentialService",
    "events": "events:EventService",
    "system": "system:SystemService",
    "admin": "admin:AdminService",
    "audit": "admin:AuditService",
}


# How long the groups of a caller are known without a look at the store.
GROUPS_SECONDS = 30.0
# What others name by `OWNER/NAME`, too.
WITH_OWNER = ("dataset", "environment", "project", "automation")
OF_OWNERS = ("projects.update", "projects.set_policy", "projects.delete_policy")


def service_class(noun: str) -> Any:
    """Import and return the class of the service of a noun."""
    return resolve_name(f"nbyard.services.{PLACES[noun]}")


class Services:
    """The services of an open yard, one instance for each noun."""

    datasets: DatasetService
    uploads: UploadService
    home: HomeService
    executables: ExecutableService
    environments: EnvironmentService
    kernels: KernelService
    images: ImageService
    models: ModelService
    deployments: DeploymentService
    workflows: WorkflowService
    runs: RunService
    bisections: BisectionService
    contracts: ContractService
    automations: AutomationService
    backfills: BackfillService
    channels: ChannelService
    projects: ProjectService
    shares: ShareService
    quotas: QuotaService
    artifacts: ArtifactService
    lineage: LineageService
    credentials: CredentialService
    events: EventService
    system: SystemService
    admin: AdminService
    audit: AuditService

    def __init__(self, context: ServiceContext):
        self._context = context
        self.blobs = context.blobs
        self._groups: dict[str, tuple[tuple[str, ...], float]] = {}

    def __getattr__(self, noun: str) -> object:
        if noun not in PLACES:
            raise AttributeError(noun)
        service = service_class(noun)(self._context)
        setattr(self, noun, service)  # the next use finds it without this method
        return service

    def record_groups(self, caller: Caller) -> None:
        """Store the groups of a caller if they changed since the caller's last request.

        Call this once the identity provider of a shared store has identified a caller.
        """
        seen, now = (caller.groups, time.monotonic()), time.monotonic()
        groups, at = self._groups.get(caller.name, (None, 0.0))
        if groups == caller.groups and now - at < GROUPS_SECONDS:
            return
        grants, events = self._context.store.grants, self._context.store.events
        with self._context.store.read() as c:
            is_known = grants.groups(c, caller.name) == {*caller.groups}
        if not is_known:
            with self._context.store.write() as c:
                grants.set_groups(c, caller.name, caller.groups)
                # The lists of the user's pages have more, or less, from now on.
                events.append(c, "project", events.Subject("", caller.name), {"change": "shared"})
        self._groups[caller.name] = seen

    def check_access(
        self, caller: Caller, operation: str, scope: str, path: Mapping[str, str], project: str = ""
    ) -> None:
        """Check that a request may change what its path names, and link to its active project.

        Reading needs no check: what a caller may not see is not found. Only an ID or `OWNER/NAME`
        names what belongs to others.

        Raises:
            Forbidden: The caller may see it and lacks the role for the change.
            Conflict: A scratch run sent the request.
        """
        if scope.endswith((":read", ":admin")):
            return
        self._refuse_from_scratch(caller)
        noun, _, verb = operation.partition(".")
        named = {path["kind"]: path["resource"]} if noun == "shares" else {**path}
        named |= {"project": project} if operation in CREATED and project else {}
        is_owners = verb == "delete" or noun == "shares" or operation in OF_OWNERS
        needed: Role = "owner" if is_owners else "editor"
        others = [
            (name, key)
            for name, keys in named.items()
            for key in keys.split(",")
            if is_id(key) or "/" in key
        ]
        with self._context.store.read() if others else nullcontext() as c:
            for name, key in others:
                self._check_role(c, caller, name, key, needed)

    def _check_role(self, c: Any, caller: Caller, name: str, key: str, needed: Role) -> None:
        """Check a caller's role on what the variable `name` names."""
        store = self._context.store
        if "/" in key and name in WITH_OWNER:
            row = getattr(store, f"{name}s").get(c, caller.name, key)
            key = getattr(row, "automation", row).id if row else key
        if name == "backfill":
            row = store.backfills.by_id(c, key)
            name, key = "automation", row.backfill.automation_id if row else ""
        kind = "run" if name == "runs" else name
        if kind in SHARED_KINDS:
            store.grants.check(c, caller.name, kind, key, needed)

    def _refuse_from_scratch(self, caller: Caller) -> None:
        # Only requests from the code of a task have an attempt. Others need no look at the store.
        if not caller.attempt_id:
            return
        with self._context.store.read() as c:
            run_id = self._context.store.attempts.run_of(c, caller.name, caller.attempt_id)
            run = self._context.store.runs.by_id(c, run_id) if run_id else None
        if run is not None and run.is_scratch:
            raise Conflict(
                "The code of a check run or of a bisection changes nothing outside its run.",
                hint=(
                    "Skip the call in the code where the environment variable NBYARD_SCRATCH_RUN"
                    " is set."
                ),
            )

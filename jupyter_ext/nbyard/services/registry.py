"""Creates the services of an open yard when they are first used, and finds them by noun.

Imports are late as well, so that short commands start fast.
"""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from nbyard.errors import Conflict

if TYPE_CHECKING:
    from nbyard.domain.callers import Caller
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
    from nbyard.services.images import ImageService
    from nbyard.services.lineage import LineageService
    from nbyard.services.models.service import ModelService
    from nbyard.services.notices.service import ChannelService
    from nbyard.services.projects.service import ProjectService
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
    "artifacts": "artifacts:ArtifactService",
    "lineage": "lineage:LineageService",
    "credentials": "credentials:CredentialService",
    "events": "events:EventService",
    "system": "system:SystemService",
    "admin": "admin:AdminService",
    "audit": "admin:AuditService",
}


def service_class(noun: str) -> Any:
    """Import and return the class of the service of a noun."""
    return resolve_name(f"nbyard.services.{PLACES[noun]}")


class Services:
    """The services of an open yard, one instance for each noun."""

    datasets: DatasetService
    uploads: UploadService
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

    def __getattr__(self, noun: str) -> object:
        if noun not in PLACES:
            raise AttributeError(noun)
        service = service_class(noun)(self._context)
        setattr(self, noun, service)  # the next use finds it without this method
        return service

    def refuse_from_scratch(self, caller: Caller, scope: str) -> None:
        """Check that a request may change something: code in a scratch run may not.

        Raises:
            Conflict: A scratch run sent the request, and the scope is not one to read.
        """
        # Only requests from the code of a task have an attempt. Others need no look at the store.
        if not caller.attempt_id or scope.endswith(":read"):
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

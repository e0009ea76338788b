"""Creates the services of an open yard when they are first used, and finds them by noun.

Imports are late as well, so that short commands start fast.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from nbyard.errors import Conflict

if TYPE_CHECKING:
    from nbyard.domain.callers import Caller
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
    from nbyard.services.workflows.service import WorkflowService


class Services:
    """The services of an open yard, one instance for each noun."""

    def __init__(self, parts: ServiceContext):
        self._parts = parts
        self.blobs = parts.blobs

    def refuse_from_scratch(self, caller: Caller, scope: str) -> None:
        """Check that a request may change something: code in a scratch run may not.

        Raises:
            Conflict: A scratch run sent the request, and the scope is not one to read.
        """
        # Only requests from the code of a task have an attempt. All others need no look at the
        # store.
        if not caller.attempt_id or scope.endswith(":read"):
            return
        with self._parts.store.read() as c:
            run_id = self._parts.store.attempts.run_of(c, caller.name, caller.attempt_id)
            run = self._parts.store.runs.by_id(c, run_id) if run_id else None
        if run is not None and run.is_scratch:
            raise Conflict(
                "The code of a check run or of a bisection changes nothing outside its run.",
                hint=(
                    "Skip the call in the code where the environment variable NBYARD_SCRATCH_RUN"
                    " is set."
                ),
            )

    @cached_property
    def datasets(self) -> DatasetService:
        from nbyard.services.datasets.service import DatasetService

        return DatasetService(self._parts)

    @cached_property
    def uploads(self) -> UploadService:
        from nbyard.services.uploads import UploadService

        return UploadService(self._parts)

    @cached_property
    def executables(self) -> ExecutableService:
        from nbyard.services.executables.service import ExecutableService

        return ExecutableService(self._parts)

    @cached_property
    def workflows(self) -> WorkflowService:
        from nbyard.services.workflows.service import WorkflowService

        return WorkflowService(self._parts)

    @cached_property
    def environments(self) -> EnvironmentService:
        from nbyard.services.environments.service import EnvironmentService

        return EnvironmentService(self._parts)

    @cached_property
    def kernels(self) -> KernelService:
        from nbyard.services.environments.kernels import KernelService

        return KernelService(self._parts)

    @cached_property
    def images(self) -> ImageService:
        from nbyard.services.images import ImageService

        return ImageService(self._parts)

    @cached_property
    def models(self) -> ModelService:
        from nbyard.services.models.service import ModelService

        return ModelService(self._parts)

    @cached_property
    def lineage(self) -> LineageService:
        from nbyard.services.lineage import LineageService

        return LineageService(self._parts)

    @cached_property
    def deployments(self) -> DeploymentService:
        from nbyard.services.deployments import DeploymentService

        return DeploymentService(self._parts)

    @cached_property
    def runs(self) -> RunService:
        from nbyard.services.runs.service import RunService

        return RunService(self._parts)

    @cached_property
    def bisections(self) -> BisectionService:
        from nbyard.services.runs.comparisons.bisections import BisectionService

        return BisectionService(self._parts)

    @cached_property
    def automations(self) -> AutomationService:
        from nbyard.services.automations.service import AutomationService

        return AutomationService(self._parts)

    @cached_property
    def backfills(self) -> BackfillService:
        from nbyard.services.automations.backfills import BackfillService

        return BackfillService(self._parts)

    @cached_property
    def channels(self) -> ChannelService:
        from nbyard.services.notices.service import ChannelService

        return ChannelService(self._parts)

    @cached_property
    def projects(self) -> ProjectService:
        from nbyard.services.projects.service import ProjectService

        return ProjectService(self._parts)

    @cached_property
    def artifacts(self) -> ArtifactService:
        from nbyard.services.artifacts import ArtifactService

        return ArtifactService(self._parts)

    @cached_property
    def credentials(self) -> CredentialService:
        from nbyard.services.credentials import CredentialService

        return CredentialService(self._parts)

    @cached_property
    def events(self) -> EventService:
        from nbyard.services.events import EventService

        return EventService(self._parts)

    @cached_property
    def system(self) -> SystemService:
        from nbyard.services.system import SystemService

        return SystemService(self._parts)

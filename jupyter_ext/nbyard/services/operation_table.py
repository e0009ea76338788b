"""Lists all services and their operations."""

from functools import cache

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
from nbyard.services.operation import Operation, operations
from nbyard.services.projects.service import ProjectService
from nbyard.services.runs.comparisons.bisections import BisectionService
from nbyard.services.runs.service import RunService
from nbyard.services.system import SystemService
from nbyard.services.uploads import UploadService
from nbyard.services.workflows.service import WorkflowService

SERVICES = (
    DatasetService,
    UploadService,
    ExecutableService,
    EnvironmentService,
    KernelService,
    ImageService,
    ModelService,
    DeploymentService,
    WorkflowService,
    RunService,
    BisectionService,
    AutomationService,
    BackfillService,
    ChannelService,
    ProjectService,
    ArtifactService,
    LineageService,
    CredentialService,
    EventService,
    SystemService,
)


# Reading the signatures of all methods takes time, and no method is added later.
@cache
def table() -> tuple[Operation, ...]:
    """Return all operations, in the order of the services."""
    return tuple(operations(SERVICES))

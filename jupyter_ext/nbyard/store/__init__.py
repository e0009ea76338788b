"""The database of a store: all SQL is here. `Store` gathers the queries of all subjects."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from nbyard.domain.ids import new_id
from nbyard.domain.users.isolation import OPEN, Isolation
from nbyard.host import wakeup
from nbyard.store import events
from nbyard.store.admin import AnnouncementRows, AuditRows, OverviewRows
from nbyard.store.automations.firings import BackfillRows, FiringRows
from nbyard.store.automations.queries import AutomationRows, AutomationSecretRows
from nbyard.store.credentials.queries import CredentialRows
from nbyard.store.credentials.vault import Vault
from nbyard.store.database import integrity
from nbyard.store.database.database_connection import Database, relay_notifications, sqlite_url
from nbyard.store.database.integrity import Reserve
from nbyard.store.datasets import DatasetRows
from nbyard.store.deployments import DeploymentKeyRows, DeploymentRows
from nbyard.store.environments import DefaultRows, EnvironmentRows, FingerprintRows, UseRows
from nbyard.store.executables import ExecutableRows
from nbyard.store.facts import FactRows
from nbyard.store.images import ImageRows
from nbyard.store.leases import LeaseRows
from nbyard.store.lineage import LineageRows
from nbyard.store.migrate import migrate
from nbyard.store.models import ModelProbeRows, ModelRows
from nbyard.store.notices.announce import NoticeRows
from nbyard.store.notices.channels import ChannelRows, RuleRows
from nbyard.store.projects import ProjectRows
from nbyard.store.runs.artifacts_and_cache import ArtifactRows, CacheRows
from nbyard.store.runs.attempts import AttemptRows, MonitorRows, WorkerRows
from nbyard.store.runs.bisections import BisectionRows
from nbyard.store.runs.clean_up import CleanUpRows, RetentionRows
from nbyard.store.runs.compared_rows import ComparedRows
from nbyard.store.runs.installation_counts import CountRows
from nbyard.store.runs.past_results import HistoryRows, RecheckRows, ResultRows
from nbyard.store.runs.queries import RunRows, SubmissionRows
from nbyard.store.runs.quotas import QuotaRows
from nbyard.store.runs.tasks import TaskRows
from nbyard.store.runs.templates import TemplateRows
from nbyard.store.visibility import GrantRows, ShareLinkRows
from nbyard.store.workflows import WorkflowRows


class Store:
    """An open store; its `id` labels every container and process started for it."""

    events = events
    announcements = AnnouncementRows()
    audit = AuditRows()
    overview = OverviewRows()
    artifacts = ArtifactRows()
    attempts = AttemptRows()
    clean_ups = CleanUpRows()
    results = ResultRows()
    retention = RetentionRows()
    compared = ComparedRows()
    counts = CountRows()
    datasets = DatasetRows()
    deployments = DeploymentRows()
    deployment_keys = DeploymentKeyRows()
    environment_defaults = DefaultRows()
    environments = EnvironmentRows()
    executables = ExecutableRows()
    facts = FactRows()
    fingerprints = FingerprintRows()
    firings = FiringRows()
    grants = GrantRows()
    history = HistoryRows()
    images = ImageRows()
    leases = LeaseRows()
    lineage = LineageRows()
    models = ModelRows()
    monitors = MonitorRows()
    notices = NoticeRows()
    rules = RuleRows()
    share_links = ShareLinkRows()
    quotas = QuotaRows()
    runs = RunRows()
    backfills = BackfillRows()
    bisections = BisectionRows()
    automations = AutomationRows()
    rechecks = RecheckRows()
    submissions = SubmissionRows()
    tasks = TaskRows()
    templates = TemplateRows()
    model_probes = ModelProbeRows()
    uses = UseRows()
    workers = WorkerRows()
    workflows = WorkflowRows()

    def __init__(self, folder: Path, url: str = "", isolation: Isolation = OPEN):
        self.isolation = isolation
        self.cache = CacheRows(is_shared=isolation.is_shared)
        self.projects = ProjectRows(self.cache)
        integrity.make_folder(folder)
        if not url:
            integrity.check_database_files(folder)
        self.folder = folder
        # The name of the own listener, which needs no wake-up for own writes.
        self.deaf = ""
        self.database = Database(url or sqlite_url(folder), folder, self.poke)
        # A migration would write to a damaged database, so its pages are read first.
        if self.database.sqlite:
            integrity.check_pages(self.database, folder)
        migrate(self.database, folder)
        vault = Vault(folder)
        self.channels = ChannelRows(vault)
        self.credentials = CredentialRows(vault)
        self.automation_secrets = AutomationSecretRows(vault)
        self.reserve = Reserve(folder)
        self.id = self._own_id()
        if not url:
            # Last: the mark promises the next start that there is a database with an ID.
            integrity.mark_folder(folder, self.id)

    def _own_id(self) -> str:
        with self.read() as c:
            known = self.facts.get(c, "store_id")
        if known is not None:
            return known  # reading works even while another process holds the write lock
        with self.write() as c:
            return self.facts.get_or_store(c, "store_id", new_id())

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read transaction for the block."""
        with self.database.read() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a write transaction for the block.

        Raises:
            Busy: Another writer holds the store for more than 10 s.
        """
        with self.database.write() as connection:
            yield connection

    def digests(self, c: Connection) -> set[str]:
        """Return the digests that any row names, including text that only looks like one."""
        return self.digests_of_bytes(c).union(self.tasks.digests(c))

    def digests_of_bytes(self, c: Connection) -> set[str]:
        """Return the digests of bytes that must be stored."""
        runs = (self.templates, self.artifacts)
        return self.digests_outside_runs(c).union(*(noun.digests(c) for noun in runs))

    def digests_outside_runs(self, c: Connection) -> set[str]:
        """Return the digests that rows other than those of runs name."""
        code = (self.executables, self.environments)
        nouns = (self.datasets, *code, self.images, self.models, self.projects)
        digests = {digest for noun in nouns for digest in noun.digests(c)}
        # Rows without bytes have an empty digest: imports under way or failed, for example.
        return digests.union(self.templates.digests_of_plans(c)) - {""}

    def has_work(self, c: Connection) -> bool:
        """Return whether a dispatcher is needed now or later.

        It is needed later for automations, waiting notices and the like.
        """
        later = (
            self.backfills.running,
            self.bisections.running,
            self.automations.is_enabled,
            self.automations.enabled_kinds,
            self.firings.waiting,
            self.notices.is_waiting,
        )
        return self.is_busy(c) or any(is_needed(c) for is_needed in later)

    def is_busy(self, c: Connection) -> bool:
        """Return whether a dispatcher is needed now, also for deployments and leased models."""
        return bool(self.is_working(c) or self.deployments.under_way(c) or self.models.is_leased(c))

    def is_working(self, c: Connection) -> bool:
        """Return whether work that ends by itself is running or queued."""
        return bool(
            self.runs.live(c)
            or self.datasets.importing(c)
            or self.environments.under_way(c)
            or self.images.under_way(c)
            or self.model_probes.open(c)
        )

    def relayed(self) -> AbstractContextManager[None]:
        """Wake the listeners of this machine when another machine writes, during the block."""
        everybody = partial(wakeup.wake_listeners, self.folder)
        return relay_notifications(self.database.url, self.database.name, everybody)

    def poke(self) -> None:
        """Wake all listeners except the one named `deaf`.

        That is the listener of this process, which knows its own writes.
        """
        wakeup.wake_listeners(self.folder, self.deaf)

    def close(self) -> None:
        """Close the database."""
        self.database.close()


__all__ = ["Connection", "Store"]

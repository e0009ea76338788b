"""The composition root, which creates all services from the settings. Keep it small."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from nbyard.blobs import Blobs, DryBlobs
from nbyard.diagnostics import probe_dask, probe_docker, probe_front_end, probe_slots, probe_users
from nbyard.domain.callers import Caller
from nbyard.domain.doctor import Check
from nbyard.domain.projects.members import LINK_VIEWER
from nbyard.domain.runs.previews.estimates import Forecaster
from nbyard.domain.spelling import Spelling, SpellingRequest
from nbyard.freezing.pushed_folders import home_folder
from nbyard.host.entry_points import isolation_of
from nbyard.host.project_files import ProjectFiles
from nbyard.ipc.dispatcher_launcher import (
    DispatcherWatch,
    ensure_dispatcher,
    retire_idle_dispatcher,
)
from nbyard.services.registry import Services
from nbyard.services.service_context import ServiceContext
from nbyard.settings import Settings
from nbyard.store import Store
from nbyard.tabular import Tables
from nbyard.transfer.dataset_links import ResourceLinks
from nbyard.transfer.uploads import FOLDER as UPLOADS
from nbyard.transfer.uploads import Uploads


class Yard:
    """An open store with everything that uses it."""

    def __init__(self, settings: Settings, context: ServiceContext, stack: ExitStack | None = None):
        self.settings = settings
        self.context = context
        self.store = context.store
        self.services = Services(context)
        self._by_owner: dict[str, Services] = {}
        self._stack = stack or ExitStack()

    @classmethod
    def open(
        cls, settings: Settings | None = None, root: Path | None = None, start: Path | None = None
    ) -> "Yard":
        """Open the store and resume unfinished work.

        Paths are below `root` (default: the whole machine); relative ones start at `start`.
        """
        settings = settings or Settings()
        folder = settings.store_path
        store = Store(folder, settings.database_url, isolation_of(settings))
        blobs = Blobs(folder / "blobs", writes_always=settings.shared)
        files = ProjectFiles(root or Path("/"), start)
        # Datasets are linked only below a server's root folder.
        links = [files.root / name for name in settings.link_folders] if root else []
        tables = Tables(folder / "tables")
        resources = ResourceLinks(folder / "resources", links, base=root)
        watch, stack = DispatcherWatch(store, settings), ExitStack()

        def forecaster(dry: DryBlobs) -> Forecaster:
            from nbyard.dispatch.cache.forecasts import open_forecaster  # late: few need it

            opened = open_forecaster(settings, store, dry, tables, resources)
            return stack.enter_context(opened)

        # Start a dispatcher for work that a crash left unfinished.
        watch()
        return cls(
            settings,
            ServiceContext(
                settings=settings,
                store=store,
                blobs=blobs,
                uploads=Uploads(folder / UPLOADS, blobs, settings.max_upload_bytes),
                tables=tables,
                files=files,
                links=resources,
                retire_idle_dispatcher=lambda: retire_idle_dispatcher(store, settings),
                ensure_dispatcher=lambda: ensure_dispatcher(store, settings),
                watch=watch,
                forecaster=forecaster,
                spell=spell,
                engine=partial(probe_docker, settings),
                probes=probes(settings),
            ),
            stack,
        )

    def services_of(self, caller: Caller) -> Services:
        """Return the services for a caller, whose files are those of the caller's home folder.

        A store of one person has no home folders: files are those of the machine or the server.
        """
        if not self.settings.shared or caller.name.startswith(LINK_VIEWER):
            return self.services
        if caller.name not in self._by_owner:
            home = home_folder(self.store.folder, caller.name)
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            owner_key = self.store.isolation.owner_key(caller.name)
            tables = self.context.tables.of_owner(owner_key)
            context = replace(self.context, files=ProjectFiles(home), tables=tables)
            self._by_owner.setdefault(caller.name, Services(context))
        return self._by_owner[caller.name]

    def relay(self) -> None:
        """Get notified by writers on other machines until the yard closes; for servers."""
        self._stack.enter_context(self.store.relayed())

    def watch(self) -> None:
        """Start a dispatcher if there is work and none is running."""
        self.context.watch()

    def is_working(self) -> bool:
        """Return whether any run, build or import is active or waiting."""
        with self.store.read() as c:
            return self.store.is_working(c)

    def close(self) -> None:
        # The relay and the forecasters use the store, so they close first.
        self._stack.close()
        self.context.tables.close()
        self.store.close()

    def __enter__(self) -> "Yard":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def probes(settings: Settings) -> tuple[Callable[[], Check], ...]:
    """Return checks of the machine, which do not need the store."""
    asking = (probe_slots, probe_docker, probe_dask, *([probe_users] * settings.shared))
    return *(partial(probe, settings) for probe in asking), probe_front_end


def spell(asked: SpellingRequest) -> Spelling:
    """Return a request as a command and as Python."""
    from nbyard.services.spelling.spell import spell_request  # late: imports all services

    return spell_request(asked)

"""Checks the event of an automation when it is saved: where it happens, and that no loop arises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.automations.file_changes import MOST_FILES, check_file_event, path_pattern
from nbyard.domain.automations.structs import On, OnDataset, OnEvent, OnFile, OnRun, OnWebhook
from nbyard.domain.automations.webhooks import check_rate
from nbyard.domain.naming.unique_names import nearest_names
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid, reason_of
from nbyard.freezing.pushed_folders import is_mirror
from nbyard.host.watching import TooManyFiles, present_files
from nbyard.reasons.structs import because
from nbyard.services.workflows.file_tracking import saved_workflow

if TYPE_CHECKING:
    from nbyard.domain.automations.file_changes import Snapshot
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection

# Only for these events does the store know in advance which code may cause them.
LINKED = ("dataset", "run")
WHOLE_FOLDER = "*"


class Link(msgspec.Struct, frozen=True):
    """A link between automations: an event of `source` leads to an event of `target`.

    Both are files of code, whose event is a run, or datasets, whose event is a new version.
    `shown` is the name of the target for users.
    """

    source: str
    target: str
    shown: str


def find_loop(links: Iterable[Link], new: Link) -> list[str] | None:
    """Return the names along the loop that a new link would close; None without a loop.

    The list begins and ends with the target of the new link.
    """
    following: dict[str, list[Link]] = {}
    for link in links:
        following.setdefault(link.source, []).append(link)
    came_by: dict[str, Link] = {}
    reached = [new.target]
    for place in reached:
        if place == new.source:
            return [*_names(new, came_by, place), new.shown]
        for link in following.get(place, ()):
            if link.target not in came_by and link.target != new.target:
                came_by[link.target] = link
                reached.append(link.target)
    return None


def _names(new: Link, came_by: dict[str, Link], place: str) -> list[str]:
    """Return the names from the target of the new link to a place.

    `came_by` has for each place the link by which the search reached it.
    """
    names: list[str] = []
    while place != new.target:
        link = came_by[place]
        names.append(link.shown)
        place = link.source
    return [new.shown, *reversed(names)]


class LoopCheck:
    """Finds loops among the automations of an owner, in one transaction.

    A dataset leads to the runs that its automations start. So does a workflow or executable, which
    also leads to the datasets that its runs have published.
    """

    def __init__(self, context: ServiceContext, c: Connection, owner: str):
        self._context = context
        self._store = context.store
        self._c = c
        self._owner = owner

    def check(
        self, kind: str, source_id: str, source_path: str, run: NewRun, own: str = ""
    ) -> None:
        """Check that an automation's run does not lead to the automation's own event.

        `own` is the ID of the automation when it is changed, so that its old event does not count.

        Raises:
            Invalid: There is a loop. The message names the places along it.
        """
        if kind not in LINKED:
            return
        new = self._link(kind, source_id, source_path, run)
        loop = find_loop(self._links(own), new)
        if loop is not None:
            raise Invalid.field("on", f"would close a loop: {' → '.join(loop)}")

    def _links(self, own: str) -> Iterator[Link]:
        for row in self._store.automations.all_of(self._c, self._owner):
            if row.kind in LINKED and row.automation.id != own:
                yield self._link(row.kind, row.source_id, row.source_path, row.automation.run)
        for path, dataset_id, name in self._store.automations.publishers(self._c, self._owner):
            yield Link(self._place(path), dataset_id, name)

    def _link(self, kind: str, source_id: str, source_path: str, run: NewRun) -> Link:
        source = source_id if kind == "dataset" else self._place(source_path, source_id)
        if run.path:
            return Link(source, self._place(run.path), self._context.files.without_root(run.path))
        executable = self._store.executables.get(self._c, self._owner, run.executable)
        return Link(source, executable.id if executable else run.executable, run.executable)

    def _place(self, path: str, known_id: str = "") -> str:
        """Return the ID of a workflow, which stays when its file moves, else the code's path."""
        if known_id:
            return known_id
        workflow = self._store.workflows.by_path(self._c, self._owner, path)
        return workflow.id if workflow else path


class EventSource(msgspec.Struct, frozen=True):
    """A checked event: what is stored, and the present files if the automation watches files."""

    on: OnEvent
    source_id: str = ""
    source_path: str = ""
    files: dict[str, tuple[int, int]] | None = None


def event_source(context: ServiceContext, owner: str, on: OnEvent) -> EventSource:
    """Check an event, and find where it happens.

    Raises:
        Invalid: A field is refused. Its name begins with `on`.
    """
    if isinstance(on, OnDataset):
        return _dataset(context, owner, on)
    if isinstance(on, OnRun):
        return _workflow(context, owner, on)
    if isinstance(on, OnFile):
        return _files(context, on)
    if isinstance(on, OnWebhook):
        check_rate(on.most_per_minute)
    return EventSource(on)


def shown_event(context: ServiceContext, on: On, names: Mapping[str, str]) -> On:
    """Return an event as users see it, with names of resources and paths below the root."""
    if isinstance(on, OnDataset):
        return OnDataset(names.get(on.dataset, on.dataset))
    if isinstance(on, OnRun) and on.path in names:
        return msgspec.structs.replace(on, path=names[on.path])
    if isinstance(on, OnRun | OnFile):
        return msgspec.structs.replace(on, path=context.files.without_root(on.path))
    return on


def files_now(path: Path, on: OnFile) -> Snapshot:
    """Return the watched files as they are now.

    Raises:
        Invalid: The files cannot be read, or there are too many.
    """
    pattern = path_pattern(on.pattern)
    try:
        return present_files(path, pattern.matches, is_deep=pattern.is_deep, most=MOST_FILES)
    except TooManyFiles:
        why = because("too-many-watched-files", most=MOST_FILES)
    except OSError as error:
        why = reason_of(error)
    raise Invalid.field("on.path", why)


def _dataset(context: ServiceContext, owner: str, on: OnDataset) -> EventSource:
    with context.store.read() as c:
        dataset = context.store.datasets.get(c, owner, on.dataset)
        names = context.store.datasets.names(c, owner)
    # Only versions of own datasets start runs.
    if dataset is None or dataset.id not in names:
        present = nearest_names(names.values(), on.dataset)
        why = f"There is no dataset '{on.dataset[:200]}'; {present}."
        raise Invalid.field("on.dataset", why)
    return EventSource(OnDataset(dataset.id), dataset.id)


def _workflow(context: ServiceContext, owner: str, on: OnRun) -> EventSource:
    """Return the source of an event about a file, or else about an executable, by name or ID."""
    real = context.files.locate_code(on.path, "on.path")
    with context.store.read() as c:
        # A file wins over an executable of the same name, as everywhere.
        if real.is_file():
            known = saved_workflow(context, c, owner, real)
            on = msgspec.structs.replace(on, path=str(real))
            return EventSource(on, known.id if known else "", str(real))
        executable = context.store.executables.get(c, owner, on.path)
    if executable is None:
        raise Invalid.field("on.path", f"There is no file or executable {on.path[:200]}.")
    return EventSource(msgspec.structs.replace(on, path=executable.id), executable.id)


def _files(context: ServiceContext, on: OnFile) -> EventSource:
    check_file_event(on)
    if is_mirror(context.store, context.files.root):
        why = "is watched by no service: only your own server sees when your files change"
        raise Invalid.field("on.path", why)
    real = context.files.locate(on.path, "on.path")
    shown = on.path[:200]
    if real.is_file() and on.pattern != WHOLE_FOLDER:
        raise Invalid.field("on.pattern", f"is for folders, and {shown} is a file")
    # An automation may wait for a file that does not exist yet, but not in a missing folder.
    if not real.exists() and (on.pattern != WHOLE_FOLDER or not real.parent.is_dir()):
        raise Invalid.field(
            "on.path",
            f"{shown} does not exist. An automation may wait for a file in an existing folder",
        )
    on = msgspec.structs.replace(on, path=str(real))
    return EventSource(on, "", str(real), dict(files_now(real, on)))

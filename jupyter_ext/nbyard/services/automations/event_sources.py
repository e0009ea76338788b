"""Finds where the event of an automation happens, and checks it when the automation is saved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.automations.file_events import MOST_FILES, check_file_event
from nbyard.domain.automations.file_patterns import path_pattern
from nbyard.domain.automations.structs import (
    On,
    OnDataset,
    OnEvent,
    OnFile,
    OnRun,
    OnWebhook,
)
from nbyard.domain.automations.webhooks import check_rate
from nbyard.domain.naming.unique_names import nearest_names
from nbyard.errors import Invalid, reason_of
from nbyard.host.watching import TooManyFiles, present_files
from nbyard.reasons.structs import because
from nbyard.services.workflows.file_tracking import saved_workflow

if TYPE_CHECKING:
    from nbyard.domain.automations.file_changes import Snapshot
    from nbyard.services.service_context import ServiceContext

WHOLE_FOLDER = "*"


class EventSource(msgspec.Struct, frozen=True):
    """A checked event: what is stored, and the present files if the automation watches files."""

    on: OnEvent
    source_id: str = ""
    source_path: str = ""
    files: dict[str, tuple[int, int]] | None = None


def event_source(parts: ServiceContext, owner: str, on: OnEvent) -> EventSource:
    """Check an event, and find where it happens.

    Raises:
        Invalid: A field is refused. Its name begins with `on`.
    """
    if isinstance(on, OnDataset):
        return _dataset(parts, owner, on)
    if isinstance(on, OnRun):
        return _workflow(parts, owner, on)
    if isinstance(on, OnFile):
        return _files(parts, on)
    if isinstance(on, OnWebhook):
        check_rate(on.most_per_minute)
    return EventSource(on)


def shown_event(parts: ServiceContext, on: On, names: Mapping[str, str]) -> On:
    """Return an event as users see it, with names of resources and paths below the root."""
    if isinstance(on, OnDataset):
        return OnDataset(names.get(on.dataset, on.dataset))
    if isinstance(on, OnRun) and on.path in names:
        return msgspec.structs.replace(on, path=names[on.path])
    if isinstance(on, OnRun | OnFile):
        return msgspec.structs.replace(on, path=parts.files.without_root(on.path))
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


def _dataset(parts: ServiceContext, owner: str, on: OnDataset) -> EventSource:
    with parts.store.read() as c:
        dataset = parts.store.datasets.get(c, owner, on.dataset)
        names = parts.store.datasets.names(c, owner)
    if dataset is None:
        present = nearest_names(names.values(), on.dataset)
        why = f"There is no dataset '{on.dataset[:200]}'; {present}."
        raise Invalid.field("on.dataset", why)
    return EventSource(OnDataset(dataset.id), dataset.id)


def _workflow(parts: ServiceContext, owner: str, on: OnRun) -> EventSource:
    """Return the source of an event about a file, or else about an executable, by name or ID."""
    real = parts.files.locate_code(on.path, "on.path")
    with parts.store.read() as c:
        # A file wins over an executable of the same name, as everywhere.
        if real.is_file():
            known = saved_workflow(parts, c, owner, real)
            on = msgspec.structs.replace(on, path=str(real))
            return EventSource(on, known.id if known else "", str(real))
        executable = parts.store.executables.get(c, owner, on.path)
    if executable is None:
        raise Invalid.field("on.path", f"There is no file or executable {on.path[:200]}.")
    return EventSource(msgspec.structs.replace(on, path=executable.id), executable.id)


def _files(parts: ServiceContext, on: OnFile) -> EventSource:
    check_file_event(on)
    real = parts.files.locate(on.path, "on.path")
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

"""The store, its blobs and the project files that freezing uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbyard.blobs import Blobs
    from nbyard.host.project_files import ProjectFiles
    from nbyard.settings import Settings
    from nbyard.store import Store


@dataclass(frozen=True)
class FreezingContext:
    """The store, its blobs and the project files. Services have one, the dispatcher builds one."""

    settings: Settings
    store: Store
    blobs: Blobs
    files: ProjectFiles

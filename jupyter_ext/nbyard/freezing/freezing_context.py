"""The part of a store and its machine that freezing uses."""

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
    """Rows, bytes and files. Services have such a context, and the dispatcher can build one."""

    settings: Settings
    store: Store
    blobs: Blobs
    files: ProjectFiles

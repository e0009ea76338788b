"""The shared context of all services, which the yard creates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from nbyard.domain.doctor import Check
from nbyard.freezing.freezing_context import FreezingContext

if TYPE_CHECKING:
    from nbyard.blobs import DryBlobs
    from nbyard.domain.runs.forecasts import Forecaster
    from nbyard.domain.spelling import Spelling, SpellingRequest
    from nbyard.tabular import TableFile, Tables
    from nbyard.transfer.dataset_links import ResourceLinks
    from nbyard.transfer.uploads import Uploads


F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class ServiceContext(FreezingContext):
    """Rows, bytes and files, and callbacks to the dispatcher.

    Services call `retire_idle_dispatcher` before they store work: an idle dispatcher with other
    settings then exits. They call `ensure_dispatcher` afterwards: it starts a dispatcher if none is
    running. Readers call `watch`, which does the same if there is work. `forecaster` opens what
    looks into the cache as a dispatcher would, with blobs that store nothing. `spell` knows all
    operations, which a service cannot import. `probes` check what services may not touch
    themselves, such as engines; `engine` checks the container engine.
    """

    uploads: Uploads
    tables: Tables
    links: ResourceLinks
    retire_idle_dispatcher: Callable[[], None]
    ensure_dispatcher: Callable[[], None]
    watch: Callable[[], None]
    forecaster: Callable[[DryBlobs], Forecaster]
    spell: Callable[[SpellingRequest], Spelling]
    engine: Callable[[], Check]
    probes: tuple[Callable[[], Check], ...] = ()

    def table(self, digest: str, filename: str, sheet: str = "") -> TableFile:
        """Return stored bytes as a file that may contain a table; of Excel files, a sheet."""
        from nbyard.tabular import TableFile

        return TableFile(self.blobs.path(digest), filename, digest, sheet)


def pin_blobs(method: F) -> F:
    """Decorate a service method that stores references to bytes.

    Bytes that it stores or looks up are not garbage-collected before its commit.
    """

    @wraps(method)
    def kept(service: Any, *args: Any, **fields: Any) -> Any:
        # Bytes without a row are garbage, and collection may run at any time before the commit.
        with service._parts.blobs.without_collection():
            return method(service, *args, **fields)

    return kept  # type: ignore[return-value]

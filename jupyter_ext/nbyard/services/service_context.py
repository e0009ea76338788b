"""The context that the yard creates and all services share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from nbyard.domain.doctor import Check
from nbyard.freezing.freezing_context import FreezingContext

if TYPE_CHECKING:
    from nbyard.blobs import DryBlobs
    from nbyard.domain.runs.previews.estimates import Forecaster
    from nbyard.domain.spelling import Spelling, SpellingRequest
    from nbyard.store import Connection
    from nbyard.tabular import TableFile, Tables
    from nbyard.transfer.dataset_links import ResourceLinks
    from nbyard.transfer.uploads import Uploads

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class ServiceContext(FreezingContext):
    """Access to the store's rows, bytes and files, and functions of other parts of nbyard."""

    uploads: Uploads
    tables: Tables
    links: ResourceLinks
    # Call before storing work. Ends idle dispatchers with other settings.
    retire_idle_dispatcher: Callable[[], None]
    ensure_dispatcher: Callable[[], None]  # call after storing work; starts a dispatcher
    watch: Callable[[], None]  # call when reading; starts a dispatcher if there is work
    # Opens a view of the cache as a dispatcher has it, with blobs that store nothing.
    forecaster: Callable[[DryBlobs], Forecaster]
    # Spells a request as a command. It knows all operations, which services cannot import.
    spell: Callable[[SpellingRequest], Spelling]
    engine: Callable[[], Check]  # checks the container engine
    # Checks of other parts that services must not access themselves.
    probes: tuple[Callable[[], Check], ...] = ()

    @contextmanager
    def writing_work(self, *, is_new: bool = False) -> Iterator[Connection]:
        """Open a transaction for the dispatcher, and start one afterwards if none is running.

        For new work, idle dispatchers with other settings end before.
        """
        if is_new:
            self.retire_idle_dispatcher()
        with self.store.write() as c:
            yield c
        self.ensure_dispatcher()

    def table(self, digest: str, filename: str, sheet: str = "") -> TableFile:
        """Return stored bytes as a file that may contain a table.

        For an Excel file, choose a sheet.
        """
        from nbyard.tabular import TableFile

        return TableFile(self.blobs.path(digest), filename, digest, sheet)


class Service:
    """The operations of a noun."""

    def __init__(self, context: ServiceContext):
        self._context = context
        self._store = context.store


def pin_blobs(method: F) -> F:
    """Decorate a service method that stores references to blobs.

    Blobs that the method stores or looks up are not garbage-collected before its commit.
    """

    # `wraps` keeps the signature, from which the decorator `operation` reads the arguments.
    @wraps(method)
    def kept(service: Any, *args: Any, **fields: Any) -> Any:
        # Bytes without a row are garbage, and collection may run at any time before the commit.
        with service._context.blobs.without_collection():
            return method(service, *args, **fields)

    return kept  # type: ignore[return-value]

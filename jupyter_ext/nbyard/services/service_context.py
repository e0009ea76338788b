"""What every service stands on; put together by the yard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from nbyard.domain.digest import digest_of
from nbyard.domain.doctor import Check
from nbyard.errors import Conflict

if TYPE_CHECKING:
    from nbyard.blobs import Blobs
    from nbyard.host.project_files import ProjectFiles
    from nbyard.settings import Settings
    from nbyard.store import Connection, Store
    from nbyard.tabular import Tables
    from nbyard.transfer.dataset_links import ResourceLinks
    from nbyard.transfer.uploads import Uploads


F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Parts:
    """Rows, bytes and files. Before work is written down, `make_way` has a dispatcher leave that
    idles with other settings; afterwards `call_dispatcher` makes sure that one lives and looks.
    `watch` does so for what is under way, for who only looks on; `probes` look at what services
    may not touch themselves, such as engines."""

    settings: Settings
    store: Store
    blobs: Blobs
    uploads: Uploads
    tables: Tables
    files: ProjectFiles
    links: ResourceLinks
    make_way: Callable[[], None]
    call_dispatcher: Callable[[], None]
    watch: Callable[[], None]
    probes: tuple[Callable[[], Check], ...] = ()


def made_before(parts: Parts, c: Connection, owner: str, key: str, body: object) -> str | None:
    """The id of what the same idempotency key made before.

    Raises:
        Conflict: the key came with another body.
    """
    known = parts.store.submissions.find(c, owner, key) if key else None
    if known is None:
        return None
    if known[0] != digest_of(body):
        raise Conflict("This Idempotency-Key was used with another body.")
    return known[1]


def remember(parts: Parts, c: Connection, owner: str, key: str, body: object, made: str) -> None:
    """Keep an idempotency key with what it made; nothing without a key."""
    if key:
        parts.store.submissions.keep(c, owner, key, digest_of(body), made)


def keeping_bytes(method: F) -> F:
    """For a service's method that names stored bytes in rows: none of them is collected between
    being put or looked up and the commit."""

    @wraps(method)
    def kept(service: Any, *args: Any, **fields: Any) -> Any:
        with service._parts.blobs.keeping():
            return method(service, *args, **fields)

    return kept  # type: ignore[return-value]

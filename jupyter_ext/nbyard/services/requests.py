"""What services read from requests: fields of patches, the project of a list, idempotency keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.digest import digest_of
from nbyard.errors import Conflict, Detail, Invalid

if TYPE_CHECKING:
    from nbyard.domain.callers import Caller
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection, Store


def given_fields(patch: msgspec.Struct) -> dict[str, Any]:
    """Return the fields that are set in a patch, with their values."""
    # None is a value of its own: for example, None in `at_most` removes the limit of an automation.
    fields = {name: getattr(patch, name) for name in patch.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET}


@contextmanager
def fields_below(where: str, rename: Callable[[str], str] = str) -> Iterator[None]:
    """Rename the fields that are refused inside, and put `where` in front of their names.

    Raises:
        Invalid: A field is refused inside.
    """
    try:
        yield
    except Invalid as error:
        below = [Detail(f"{where}.{rename(d.path)}", d.message, d.reason) for d in error.details]
        details = below or [Detail.of(where, error.reason)]
        raise Invalid.fields(details, hint=error.hint_reason) from None


def filter_project(store: Store, c: Connection, caller: Caller, key: str) -> str:
    """Return the ID of the project to which a list is limited, "" for no limit.

    Raises:
        NotFound: The caller has no such project.
    """
    if not key:
        return ""
    # Lists need the ID only. `find` would also count the links of the project.
    return store.projects.id_of(c, caller.name, key) or store.projects.find(c, caller.name, key).id


def find_earlier_request(
    context: ServiceContext, c: Connection, owner: str, key: str, body: object
) -> str | None:
    """Return the ID that an earlier request with this idempotency key created, or None.

    Raises:
        Conflict: The earlier request had another body.
    """
    known = context.store.submissions.find(c, owner, key) if key else None
    if known is None:
        return None
    # A repeated key with other content is a client's mistake, not a retry.
    if known[0] != digest_of(body):
        raise Conflict("This Idempotency-Key was already used with a different body.")
    return known[1]


def store_idempotency_key(
    context: ServiceContext, c: Connection, owner: str, key: str, body: object, made: str
) -> None:
    """Store an idempotency key with the ID that its request created. Do nothing without a key."""
    if key:
        context.store.submissions.record(c, owner, key, digest_of(body), made)


def submission_key(key: str) -> str:
    """Return the submission key of a run for an idempotency key, "" without one.

    The prefix separates these keys from the submission keys of automations.
    """
    return f"request:{key}" if key else ""

"""Idempotency keys: a repeated request returns the result of the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbyard.domain.digest import digest_of
from nbyard.errors import Conflict

if TYPE_CHECKING:
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection


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

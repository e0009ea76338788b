"""Checks messages of webhooks, and records each message once as a firing."""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.automations.structs import Fire, OnWebhook
from nbyard.domain.automations.values import BODY, values_or_reason
from nbyard.domain.automations.webhooks import Message, is_signed, secret_text, sent_at
from nbyard.domain.parsing.strict_json import read_json
from nbyard.domain.runs.origins import WebhookCause
from nbyard.errors import Conflict, Forbidden, Invalid, NbyardError, TooOften
from nbyard.host import clock
from nbyard.reasons.structs import Reason, because

if TYPE_CHECKING:
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection
    from nbyard.store.automations.queries import AutomationRow

MOST_REFUSED = 30
WINDOW = timedelta(seconds=60)
MOST_SENDERS = 10_000
MINUTE = timedelta(seconds=60)
# Checked in place of a missing secret, so that an unknown address answers no sooner.
NO_SECRET = secret_text(bytes(32))


class Refusals:
    """Counts the refused messages of the last minute, by webhook and sender.

    Threads may share it. If there are very many senders, those refused longest ago are dropped.
    """

    def __init__(self, most_senders: int = MOST_SENDERS) -> None:
        self._most = most_senders
        self._lock = threading.Lock()
        self._times: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()

    def note(self, webhook: str, sender: str, now: datetime) -> None:
        """Record that a message of this sender was refused."""
        key = (webhook, sender)
        with self._lock:
            self._times.setdefault(key, deque(maxlen=MOST_REFUSED)).append(now)
            self._times.move_to_end(key)
            # Addresses are free to invent, so memory must not grow with them.
            while len(self._times) > self._most:
                self._times.popitem(last=False)

    def wait(self, webhook: str, sender: str, now: datetime) -> int:
        """Return after how many seconds the sender may send again, 0 for at once."""
        with self._lock:
            times = self._times.get((webhook, sender))
            if times is None or len(times) < MOST_REFUSED:
                return 0
            free = times[0] + WINDOW
        # A clock that was set back locks no sender out for long.
        is_past = now >= free or now < times[0]
        return 0 if is_past else max(1, math.ceil((free - now).total_seconds()))


class Delivery(msgspec.Struct, frozen=True):
    """The ID of the firing that a message became."""

    id: str


def deliver(
    context: ServiceContext, refusals: Refusals, automation_id: str, message: Message, sender: str
) -> Delivery:
    """Record a signed message as a firing of its automation.

    Raises:
        Forbidden: The automation is unknown or disabled, or the signature or time is not valid.
        Conflict: A message with this ID was received before.
        TooOften: More messages arrived within a minute than the automation accepts, or too many of
            the sender were refused.
        Invalid: The body lacks a field that a parameter of the run requires.
    """
    now = clock.now()
    # Before the store is read and the body is hashed, which cost most.
    if seconds := refusals.wait(automation_id, sender, now):
        error = TooOften(f"{MOST_REFUSED} messages of this sender were refused within a minute.")
        error.retry_after = seconds
        raise error
    with context.store.read() as c:
        row = context.store.automations.by_id(c, automation_id)
    is_open = row is not None and row.kind == "webhook" and row.automation.is_enabled
    secret = context.store.automation_secrets.secret(row) if row and row.secret else NO_SECRET
    if not is_signed(secret, message, now) or not is_open or row is None:
        refusals.note(automation_id, sender, now)
        raise Forbidden("The webhook does not exist, or the signature is not valid.")
    cause = WebhookCause(message.id, sent_at(message))
    values, reason = _values(row, cause, message.body)
    with context.store.write() as c:
        _check_open(context, c, row, message, now)
        key = event_key(message.id)
        # A body that lacks a field is recorded as a failed firing, so that the owner sees why.
        made = context.store.firings.add(
            c, row.automation, key, cause, given=Fire(values), reason=reason
        )
    if reason is not None:
        raise Invalid(reason)
    context.ensure_dispatcher()
    return Delivery(made or "")


def event_key(message_id: str) -> str:
    """Return the key that prevents a second firing by the same message. IDs may be long."""
    return f"webhook:{hashlib.sha256(message_id.encode()).hexdigest()}"


def _values(
    row: AutomationRow, cause: WebhookCause, body: bytes
) -> tuple[dict[str, Any], Reason | None]:
    """Return the values for the run from a message, or the reason why the body is unusable.

    The body must be JSON only if the run takes values from it.
    """
    references = row.automation.values_from
    content = None
    if any(reference.partition(".")[0] == BODY for reference in references.values()):
        try:
            content = read_json(body)
        except NbyardError:
            return {}, because("webhook-not-json")
    return values_or_reason(references, cause, content)


def _check_open(
    context: ServiceContext, c: Connection, row: AutomationRow, message: Message, now: datetime
) -> None:
    """Check limits, and what may have changed since the signature was checked."""
    current_row = context.store.automations.by_id(c, row.automation.id)
    if (
        current_row is None
        or not current_row.automation.is_enabled
        or current_row.secret != row.secret
    ):
        raise Forbidden("The webhook does not exist, or the signature is not valid.")
    # A sender may repeat a message whose response was lost, and an attacker may replay one.
    if context.store.firings.find(c, row.automation.id, event_key(message.id)):
        raise Conflict("A message with this ID was received before.")
    on = current_row.automation.on
    assert isinstance(on, OnWebhook)
    times = context.store.firings.times_since(c, row.automation.id, now - MINUTE)
    if len(times) >= on.most_per_minute:
        error = TooOften(f"More than {on.most_per_minute} messages arrived within a minute.")
        # As soon as one of the newest messages is older than a minute.
        free = times[-on.most_per_minute] + MINUTE
        error.retry_after = max(1, math.ceil((free - now).total_seconds()))
        raise error

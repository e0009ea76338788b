"""Send the waiting notices of one channel: group them, send a message, and note the result."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import msgspec

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.notices.contents import content_of
from nbyard.dispatch.notices.lineage_events import lineage_events
from nbyard.domain.ids import new_id
from nbyard.domain.notices.digests import next_messages
from nbyard.domain.notices.messages import message_of
from nbyard.domain.notices.retries import pause_seconds
from nbyard.domain.notices.structs import Channel, Delivery, Message, Receiver
from nbyard.errors import Conflict, StoreUnusable, reason_of
from nbyard.host import clock
from nbyard.ipc.crash_points import crash_point
from nbyard.store import Connection
from nbyard.store.notices.outbox import OutboxNotice
from nbyard.transfer.notices.sender import send_message

Send = Callable[[Receiver, Message], Delivery]


class Deliveries:
    """Sends the messages of channels; tests can replace `send` and the random numbers of `luck`."""

    def __init__(self, context: DispatchContext):
        self._context = context
        self._store = context.store
        self.send: Send = partial(send_message, stopping=context.stopping.is_set)
        self.luck: Callable[[], float] = random.random
        # Messages with which the server failed. Others of their channel do not wait for them.
        self._retry_at: dict[str, datetime] = {}

    def next_retry(self, now: datetime) -> datetime | None:
        """Return the earliest later time at which a single message is tried again."""
        return min((at for at in [*self._retry_at.values()] if at > now), default=None)

    def deliver(self, channel_id: str) -> bool:
        """Send or postpone one message of a channel; return False if there was nothing to do.

        The events of a message are stored before it is sent. So a message that a crash repeats has
        the same events and IDs.
        """
        now = clock.now()
        with self._store.read() as c:
            channel = self._store.channels.by_id(c, channel_id)
            all_waiting = self._store.notices.waiting(c, channel_id)
        waiting = [
            outbox_notice
            for outbox_notice in all_waiting
            if self._retry_at.get(outbox_notice.notice.message_id, now) <= now
        ]
        if channel is None or not waiting or self._context.stopping.is_set():
            return False
        message_id = next(
            (
                outbox_notice.notice.message_id
                for outbox_notice in waiting
                if outbox_notice.notice.message_id
            ),
            "",
        )
        if not message_id:
            message_id = self._group(channel, waiting, now)
        if message_id:
            self._try(channel, message_id, self._members(channel_id, message_id))
        return True

    def _group(self, channel: Channel, waiting: list[OutboxNotice], now: datetime) -> str:
        """Store which notices form the next message; return its ID, empty if it must wait."""
        since = now - timedelta(seconds=channel.digest.window_seconds)
        with self._context.write() as c:
            sent = self._store.notices.sent_times(c, channel.id, since)
            ids = [outbox_notice.notice.id for outbox_notice in waiting]
            # A pause without an error comes from the digest limit, not from a failed delivery.
            held = channel.retry_at is not None and channel.error is None
            groups, later = next_messages(ids, sent, channel.digest, now, were_held=held)
            if later is not None:
                self._store.channels.pause_until(c, channel, later)
            if not groups:
                return ""
            message_id = new_id()
            self._store.notices.assign(c, groups[0], message_id)
        return message_id

    def _members(self, channel_id: str, message_id: str) -> list[OutboxNotice]:
        with self._store.read() as c:
            waiting = self._store.notices.waiting(c, channel_id)
        return [
            outbox_notice
            for outbox_notice in waiting
            if outbox_notice.notice.message_id == message_id
        ]

    def _try(self, channel: Channel, message_id: str, group: list[OutboxNotice]) -> None:
        if not group:  # the channel was deleted
            return
        delivery = self._send(channel, message_id, group)
        crash_point("notice-sent")
        # Without an answer because this dispatcher stops, the next one repeats the message.
        if delivery.reason is not None and self._context.stopping.is_set():
            return
        self._retry_at.pop(message_id, None)
        with self._context.write() as c:
            if delivery.reason is not None:
                self._note_failed(c, channel, message_id, group[0].notice.attempts + 1, delivery)
                return
            now = clock.now()
            self._store.notices.note_sent(c, channel.id, message_id, now)
            self._store.channels.note_sent(c, channel, now)

    def _send(self, channel: Channel, message_id: str, group: list[OutboxNotice]) -> Delivery:
        source = f"/nbyard/{self._store.id}"
        try:
            with self._store.read() as c:
                receiver = self._store.channels.with_url(c, channel)
                base = self._context.settings.public_url
                base = base or self._store.channels.secret(c, channel).base_url
                contents = [
                    content_of(self._store, c, outbox_notice, base) for outbox_notice in group
                ]
                message = message_of(contents, message_id, source)
                if channel.kind == "openlineage":
                    events = lineage_events(self._store, c, group)
                    message = msgspec.structs.replace(message, events=events)
        except (Conflict, StoreUnusable) as error:  # the URL cannot be decrypted
            return Delivery(reason_of(error))
        return self.send(receiver, message)

    def _note_failed(
        self, c: Connection, channel: Channel, message_id: str, attempts: int, delivery: Delivery
    ) -> None:
        """Record a failed delivery as final, or with the time of the next attempt."""
        reason, now = delivery.reason, clock.now()
        assert reason is not None
        pause = pause_seconds(attempts, delivery, self.luck())
        retry_at = None if pause is None else now + timedelta(seconds=pause)
        of_channel = retry_at
        if retry_at is not None and delivery.is_of_message:
            self._retry_at[message_id], of_channel = retry_at, None
        self._store.notices.note_failed(
            c, channel.id, message_id, reason, is_final=retry_at is None
        )
        self._store.channels.note_failed(c, channel, now, reason, of_channel)

"""The event socket `/events/socket`: one for each browser window, with events in batches.

A client first sends `{"after": ID}`, or has `?after=ID` in the address. 0 or no ID means events
from now on. The client may send `{"watch": [RUN, …]}` at any time. The server sends frames
`{"events": […], "last": ID, "refetch": bool}`. For watched runs, it also sends `{"activity": [{run,
node, attempt, log_bytes, done, total, current, …}, …]}`.
"""

import asyncio
import contextlib
import json
import re
import time
from collections import defaultdict
from functools import partial
from typing import Any

import msgspec
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from nbyard.domain.callers import Caller
from nbyard.domain.events import Events
from nbyard.errors import NbyardError
from nbyard.host.wakeup import Listener
from nbyard.rest.identity import caller_of
from nbyard.rest.operation_handler import Login, RestContext, check_authorizer

TICK_MS = 250
# Every two seconds, the store is read without a notification, which may be lost.
CLOCK_TICKS = 8
MAX_WATCHED = 50
FRAME_EVENTS = 2_000
MAX_PAUSE_SECONDS = 0.05
# A suspended laptop reads nothing. What waits for it must not fill the memory here.
MAX_UNSENT = 16 << 20


class Broadcast:
    """Reads new events once for all windows of this server, and sends them.

    It reads when it is notified, and periodically.
    """

    def __init__(self, context: RestContext, listener: Listener | None):
        self._context = context
        self._listener = listener
        self.windows: set[EventSocket] = set()
        self._busy = False
        self._again = False
        self._ticks = 0
        self._clock = PeriodicCallback(self._tick, TICK_MS)
        if listener is not None:
            IOLoop.current().add_handler(listener.fileno(), self._poked, IOLoop.READ)
        context.closing.append(self.close)

    def join(self, window: "EventSocket") -> None:
        self.windows.add(window)
        self._clock.start()

    def leave(self, window: "EventSocket") -> None:
        self.windows.discard(window)
        if not self.windows:
            self._clock.stop()

    def close(self) -> None:
        self._clock.stop()
        if self._listener is not None:
            IOLoop.current().remove_handler(self._listener.fileno())
            self._listener.close()

    def _poked(self, *_: Any) -> None:
        if self._listener is not None:
            # Read the notifications, or the loop would report the same socket again at once.
            self._listener.wait(0)
        self.publish()

    async def _tick(self) -> None:
        self._ticks += 1
        # Read the store every few ticks, even without a notification.
        if self._ticks % CLOCK_TICKS == 0:
            self.publish()
        for window in list(self.windows):
            await window.send_activity()

    def publish(self) -> None:
        """Send new events to all windows.

        A notification in the meantime causes one more round.
        """
        if self._busy:
            self._again = True
            return
        self._busy = True
        IOLoop.current().spawn_callback(self.send_round)

    async def send_round(self) -> None:
        start = time.monotonic()
        newest: int | None = None
        try:
            with contextlib.suppress(NbyardError):
                places: dict[tuple[Caller, int], list[EventSocket]] = defaultdict(list)
                for window in self.windows:
                    if window.place is not None and window.accepts_more:
                        places[window.place].append(window)
                for (caller, cursor), windows in places.items():
                    if cursor != newest:
                        newest = await self._send_new_events(caller, cursor, newest, windows)
            # After a long round, wait, so that the next one has more events in each frame.
            await asyncio.sleep(min(time.monotonic() - start, MAX_PAUSE_SECONDS))
        finally:
            self._busy = False
            if self._again:
                self._again = False
                self.publish()

    async def _send_new_events(
        self, caller: Caller, cursor: int, newest: int | None, windows: list["EventSocket"]
    ) -> int:
        """Send all events after `cursor` to these windows. Return the ID of the newest event.

        Events are read and encoded once for all windows. If `newest` is None, the ID is read with
        the first frame.
        """
        while True:
            text, last, newest = await self._context.call(self._frame, caller, cursor, newest)
            if last == cursor:
                return newest
            # Windows may have closed or moved on while the frame was read in a thread.
            windows = [w for w in windows if w.place == (caller, cursor) and w.accepts_more]
            for window in windows:
                window.move_on(last, text)
            if not windows or last >= newest:
                return newest
            cursor = last

    def _frame(self, caller: Caller, cursor: int, newest: int | None) -> tuple[str, int, int]:
        """Return a frame ("" without news), its last event's ID and the newest event's ID."""
        events = self._context.services.events
        newest = events.newest_id() if newest is None else newest
        if cursor == newest:
            return "", cursor, newest
        new_events = events.events_after(caller, cursor, FRAME_EVENTS, newest)
        is_news = new_events.items or new_events.refetch
        text = self._context.encode(_frame(new_events), caller.name).decode() if is_news else ""
        return text, new_events.last, newest


class EventSocket(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """The connection to one browser window."""

    def skip_check_origin(self) -> bool:
        """Return False: the origin is checked even if the request has a token."""
        return False

    def initialize(self, context: RestContext, broadcast: Broadcast) -> None:
        self.context = context
        self._broadcast = broadcast
        self._cursor: int | None = None
        self._unsent = 0
        self._watched: list[str] = []
        self._shown: dict[tuple[str, str], Any] = {}
        self._caller: Caller | None = None

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        await check_authorizer(self)
        self._caller = caller_of(self.current_user)
        if not self._caller.may("events:read"):
            raise HTTPError(403)
        if self.context.budgets.wait_seconds(self._caller.name):
            raise HTTPError(429)
        await self.context.record_groups(self.current_user)
        self._login = Login(self)
        # All numbers of 18 digits fit into the 64-bit integers of databases.
        if not re.fullmatch(r"\d{0,18}", self.get_query_argument("after", "")):
            raise HTTPError(422, reason="after: the id of an event is a number")
        await super().get(*args, **kwargs)

    async def open(self, *args: Any, **kwargs: Any) -> None:
        super().open(*args, **kwargs)
        self._broadcast.join(self)
        self._staying = asyncio.create_task(self._stay())
        self._staying.add_done_callback(self._end)  # also after an error
        if after := self.get_query_argument("after", ""):
            await self._begin(int(after))

    async def _stay(self) -> None:
        """Use changed rights; close the socket without them."""

        async def may_read(user: Any) -> bool:
            self._caller = caller_of(user)
            return self._caller.may("events:read")

        await self._login.watch(self.context, may_read)

    def _end(self, _staying: "asyncio.Task[None]") -> None:
        self._caller = None
        self.close(4403, "Sign in again")

    def on_close(self) -> None:
        self._staying.cancel()
        self._broadcast.leave(self)
        super().on_close()

    async def on_message(self, message: str | bytes) -> None:
        """Handle a message of the window: the runs to watch, or the last event that it knows."""
        try:
            said = json.loads(message)
            if not isinstance(said, dict):
                raise ValueError
        except (ValueError, RecursionError):
            # Codes from 4000 on are for applications (RFC 6455, section 7.4.2).
            self.close(4400, "JSON objects only")
            return
        if "watch" in said:
            runs = said["watch"] if isinstance(said["watch"], list) else []
            # A message is untrusted input: limit the number, and drop what databases refuse.
            texts = [str(run).encode(errors="ignore").decode() for run in runs[:MAX_WATCHED]]
            self._watched = [text.replace("\0", "") for text in texts]
            # A run that is watched again must send its state, even if that has not changed.
            self._shown.clear()
        if "after" in said or self._cursor is None:
            await self._begin(said.get("after"))

    async def _begin(self, after: Any) -> None:
        """Send events after the ID `after`, by default from now on.

        An ID that this store does not have yet comes from another store. The window must then
        refetch.
        """
        now = await self.context.ask("events", "newest_id")
        seen = after if type(after) is int and after > 0 else now  # isinstance would accept a bool
        self._cursor = min(seen, now)
        plain = _frame(Events([], self._cursor, refetch=seen > now))
        self._write(msgspec.json.encode(plain).decode())
        self._broadcast.publish()

    @property
    def place(self) -> tuple[Caller, int] | None:
        """Return the caller and the last event that was sent, None before the first message."""
        if self._caller is None or self._cursor is None:
            return None
        return self._caller, self._cursor

    @property
    def accepts_more(self) -> bool:
        """Return whether the window's unsent bytes are few enough to send more events."""
        return self._unsent < MAX_UNSENT

    def move_on(self, cursor: int, text: str) -> None:
        """Record the last event that the window has, and send a frame unless it is empty."""
        self._cursor = cursor
        if text:
            self._write(text)

    async def send_activity(self) -> None:
        """Send the progress of tasks in watched runs, if it has changed."""
        if not self._watched or (caller := self._caller) is None:
            return
        with contextlib.suppress(NbyardError):
            watched = tuple(self._watched)
            activities = await self.context.ask("runs", "activity", caller, watched)
            news = [a for a in activities if self._shown.get((a.run, a.node)) != a]
            self._shown.update({(a.run, a.node): a for a in news})
            if news:
                self._write(self.context.encode({"activity": news}, caller.name).decode())

    def _write(self, text: str) -> None:
        with contextlib.suppress(WebSocketClosedError):
            # Do not wait: one slow window must not delay the others.
            sent = asyncio.ensure_future(self.write_message(text))
            self._unsent += len(text)
            sent.add_done_callback(partial(self._on_written, len(text)))

    def _on_written(self, length: int, sent: "asyncio.Future[None]") -> None:
        was_full = not self.accepts_more
        self._unsent -= length
        # `exception` also marks the error as retrieved. asyncio would log it otherwise.
        if sent.cancelled() or sent.exception() is not None:
            return  # the socket is closed
        # The window missed events while it was full.
        if was_full and self.accepts_more:
            self._broadcast.publish()


def _frame(events: Events) -> dict[str, Any]:
    return {"events": events.items, "last": events.last, "refetch": events.refetch}

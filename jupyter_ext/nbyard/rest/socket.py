"""The event socket `/events/socket`: one for each browser window, everything in batches.

A client says `{"after": ID}` first (0 or nothing: from now on) and may say `{"watch": [RUN, …]}`
at any time. Frames are `{"events": […], "last": ID, "refetch": bool}` and, for watched runs,
`{"activity": [{run, node, attempt, log_bytes, done, total, current}, …]}`.
"""

import contextlib
import json
from typing import Any

import msgspec
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from nbyard.domain.callers import Caller
from nbyard.errors import NbyardError
from nbyard.rest.handlers import Desk, check_authorizer
from nbyard.rest.identity import caller_of
from nbyard.wake import Listener

TICK_MS = 250
CLOCK_TICKS = 8
MAX_WATCHED = 50


class Broadcast:
    """Reads new events once for all windows of this server, when poked or by the clock."""

    def __init__(self, desk: Desk, listener: Listener | None):
        self._desk = desk
        self._listener = listener
        self._windows: set[EventSocket] = set()
        self._busy = False
        self._again = False
        self._ticks = 0
        self._clock = PeriodicCallback(self._tick, TICK_MS)
        if listener is not None:
            IOLoop.current().add_handler(listener.fileno(), self._poked, IOLoop.READ)
        desk.closing.append(self.close)

    def join(self, window: "EventSocket") -> None:
        self._windows.add(window)
        self._clock.start()

    def leave(self, window: "EventSocket") -> None:
        self._windows.discard(window)
        if not self._windows:
            self._clock.stop()

    def close(self) -> None:
        self._clock.stop()
        if self._listener is not None:
            IOLoop.current().remove_handler(self._listener.fileno())
            self._listener.close()

    def _poked(self, *_: Any) -> None:
        if self._listener is not None:
            self._listener.wait(0)
        self.publish()

    async def _tick(self) -> None:
        self._ticks += 1
        if self._ticks % CLOCK_TICKS == 0:
            self.publish()
        for window in list(self._windows):
            await window.send_activity()

    def publish(self) -> None:
        """Send what is new to every window; pokes meanwhile lead to one more round."""
        if self._busy:
            self._again = True
            return
        self._busy = True
        IOLoop.current().spawn_callback(self._round)

    async def _round(self) -> None:
        try:
            for window in list(self._windows):
                await window.send_events()
        finally:
            self._busy = False
            if self._again:
                self._again = False
                self.publish()


class EventSocket(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """One browser window."""

    def skip_check_origin(self) -> bool:
        """A token does not excuse a foreign page."""
        return False

    def initialize(self, desk: Desk, broadcast: Broadcast) -> None:
        self.desk = desk
        self._broadcast = broadcast
        self._cursor: int | None = None
        self._watched: list[str] = []
        self._shown: dict[tuple[str, str], Any] = {}
        self._caller: Caller | None = None

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        await check_authorizer(self)
        self._caller = caller_of(self.current_user)
        await super().get(*args, **kwargs)

    def open(self, *args: Any, **kwargs: Any) -> None:
        super().open(*args, **kwargs)
        self._broadcast.join(self)

    def on_close(self) -> None:
        self._broadcast.leave(self)
        super().on_close()

    async def on_message(self, message: str | bytes) -> None:
        try:
            said = json.loads(message)
            if not isinstance(said, dict):
                raise ValueError
        except (ValueError, RecursionError):
            self.close(4400, "JSON objects only")
            return
        if "watch" in said:
            runs = said["watch"] if isinstance(said["watch"], list) else []
            self._watched = [_storable(str(run)) for run in runs[:MAX_WATCHED]]
            self._shown.clear()
        if "after" in said or self._cursor is None:
            after = said.get("after")
            now = await self.desk.ask("events", "last")
            self._cursor = after if isinstance(after, int) and 0 < after <= now else now
            self._write({"events": [], "last": self._cursor, "refetch": False})
        await self.send_events()

    async def send_events(self) -> None:
        """Everything after the cursor."""
        if self._cursor is None or self._caller is None:
            return
        with contextlib.suppress(NbyardError):
            more = True
            while more:
                before = self._cursor
                found = await self.desk.ask("events", "list", self._caller, after=before)
                if self._cursor != before:
                    continue
                self._cursor = found.last
                more = len(found.items) == 500
                if found.items or found.refetch:
                    self._write(
                        {"events": found.items, "last": found.last, "refetch": found.refetch}
                    )

    async def send_activity(self) -> None:
        """How far the tasks of watched runs are, where that changed."""
        if not self._watched or self._caller is None:
            return
        with contextlib.suppress(NbyardError):
            watched = tuple(self._watched)
            found = await self.desk.ask("runs", "activity", self._caller, watched)
            news = [a for a in found if self._shown.get((a.run, a.node)) != a]
            self._shown.update({(a.run, a.node): a for a in news})
            if news:
                self._write({"activity": news})

    def _write(self, frame: dict[str, Any]) -> None:
        with contextlib.suppress(WebSocketClosedError):
            self.write_message(msgspec.json.encode(frame).decode())


def _storable(text: str) -> str:
    """Without what no database can be asked for."""
    return text.encode(errors="ignore").decode().replace("\0", "")

"""Run the processes of `events.py`: a writer, listeners and a bare broadcast."""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from tornado.httpclient import HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.web import Application
from tornado.websocket import WebSocketClientConnection, WebSocketHandler, websocket_connect

from nbyard.domain.events import Event

GROUP_SECONDS = 0.025
QUIET_SECONDS = 60.0
MAX_FRAME = 256 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    ROLES[options.role](*options.words)


def groups(rate: int, total: int) -> Iterator[tuple[float, range]]:
    """Yield numbers of events with their time: those that became due since the last yield."""
    start, done = time.monotonic(), 0
    while done < total:
        due = min(int((time.monotonic() - start) * rate), total)
        if due > done:
            yield time.time(), range(done, due)
            done = due
        time.sleep(GROUP_SECONDS)


def data_of(number: int, made: float) -> dict[str, Any]:
    """Return the data of an event."""
    return {"state": "running", "number": number, "made": made}


def write(store: str, rate: str, total: str) -> None:
    """Write one transaction for each group, like a busy dispatcher."""
    from sqlalchemy import insert

    from nbyard.rest.identity import local_name
    from nbyard.settings import Settings
    from nbyard.store.schema.tables import events
    from nbyard.yard import Yard

    shared = {"owner": local_name(), "topic": "task", "run_id": "r" * 36}
    with Yard.open(Settings(store_dir=store)) as yard:
        for made, numbers in groups(int(rate), int(total)):
            at = datetime.fromtimestamp(made, UTC)
            rows = [
                {**shared, "at": at, "subject_id": f"{number:036}", "data": data_of(number, made)}
                for number in numbers
            ]
            with yard.store.write() as c:
                c.execute(insert(events), rows)


@dataclass
class Window:
    """What one client has received."""

    expected: int = 0
    wrong: int = 0
    frames: int = 0
    began_at: float = 0.0
    finished_at: float = 0.0
    delays: list[tuple[float, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Summary:
    """The content of a frame.

    It has the first number, the count of events, and the count of numbers out of sequence. `made`
    counts events by their time.
    """

    first: int
    count: int
    wrong: int
    made: dict[float, int]


class _Data(msgspec.Struct):
    number: int = -1
    made: float = 0.0


class _Event(msgspec.Struct):
    data: _Data


class _Frame(msgspec.Struct):
    events: list[_Event]


class Listeners:
    """Many clients in one process; equal frames are decoded once, to keep its own cost low."""

    def __init__(self, total: int):
        self.total = total
        self._read: dict[str, Summary] = {}
        self._decoder = msgspec.json.Decoder(_Frame)

    async def listen(self, connection: WebSocketClientConnection) -> Window:
        """Read a connection until all events have arrived."""
        window = Window()
        while window.expected < self.total:
            text = await asyncio.wait_for(connection.read_message(), QUIET_SECONDS)
            assert isinstance(text, str), "the connection was closed"
            self._take(window, text, time.time())
        connection.close()
        return window

    def _take(self, window: Window, text: str, now: float) -> None:
        summary = self._summary(text)
        if not summary.count:
            return
        window.frames += 1
        window.began_at = window.began_at or min(summary.made)
        window.wrong += summary.wrong + abs(summary.first - window.expected)
        window.expected = summary.first + summary.count
        window.finished_at = now
        window.delays += [(now - made, count) for made, count in summary.made.items()]

    def _summary(self, text: str) -> Summary:
        known = self._read.get(text)
        if known is None:
            data = [event.data for event in self._decoder.decode(text).events]
            made: dict[float, int] = {}
            for one in data:
                made[one.made] = made.get(one.made, 0) + 1
            first = data[0].number if data else 0
            wrong = sum(one.number != first + place for place, one in enumerate(data))
            known = self._read[text] = Summary(first, len(data), wrong, made)
            while len(self._read) > 100:
                self._read.pop(next(iter(self._read)))
        return known


def listen(url: str, token: str, clients: str, total: str) -> None:
    """Print `ready` when all clients are connected, then the results."""
    asyncio.run(_listen(url, token, int(clients), int(total)))


async def _listen(url: str, token: str, clients: int, total: int) -> None:
    headers = {"Authorization": f"token {token}"}
    opened = []
    for _ in range(clients):
        request = HTTPRequest(url, headers=headers)
        connection = await websocket_connect(request, max_message_size=MAX_FRAME)
        await connection.write_message('{"after": 0}')
        await connection.read_message()
        opened.append(connection)
    print("ready", flush=True)
    listeners = Listeners(total)
    windows = await asyncio.gather(*(listeners.listen(each) for each in opened))
    start = min(window.began_at for window in windows)
    delays = sorted(pair for window in windows for pair in window.delays)
    told = {
        "seconds": [window.finished_at - start for window in windows],
        "wrong": sum(window.wrong for window in windows),
        "listening": time.process_time(),
        "frames": statistics.mean(window.frames for window in windows),
        "delays": {f"p{part}": quantile(delays, part / 100) for part in (50, 95, 99)},
    }
    print(json.dumps(told), flush=True)


def quantile(weighted: list[tuple[float, int]], part: float) -> float:
    """Return the quantile of sorted values with counts."""
    rest = part * sum(count for _, count in weighted)
    for value, count in weighted:
        rest -= count
        if rest <= 0:
            return value
    return weighted[-1][0]


class Bare(WebSocketHandler):
    """A websocket that sends what the server passes on."""

    open_ones: set["Bare"] = set()  # noqa: RUF012

    def open(self, *args: str, **kwargs: str) -> None:
        self.open_ones.add(self)

    def on_close(self) -> None:
        self.open_ones.discard(self)

    def on_message(self, message: str | bytes) -> None:
        self.write_message('{"events":[]}')


def broadcast(port: str, rate: str, total: str) -> None:
    """Broadcast events from a bare tornado server, which creates them after a line on stdin."""
    asyncio.run(_broadcast(int(port), int(rate), int(total)))


async def _broadcast(port: int, rate: int, total: int) -> None:
    server = HTTPServer(Application([("/", Bare)]))
    server.listen(port, "127.0.0.1")
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    source = groups(rate, total)
    while group := await asyncio.to_thread(next, source, None):
        made, numbers = group
        at = datetime.fromtimestamp(made, UTC)
        items = [Event(n, at, "task", f"{n:036}", "r" * 36, data_of(n, made)) for n in numbers]
        text = msgspec.json.encode({"events": items, "last": numbers[-1]}).decode()
        for window in list(Bare.open_ones):
            window.write_message(text)
    await asyncio.to_thread(sys.stdin.readline)


ROLES: dict[str, Any] = {"write": write, "listen": listen, "broadcast": broadcast}

if __name__ == "__main__":
    main()

"""The event socket: batches for every window, and the progress of watched runs."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import websocket
from tests.support.jupyter_server import TOKEN, JupyterServer

from nbyard.domain.callers import Caller
from nbyard.domain.events import Event, Events
from nbyard.domain.runs.attempt_views import Activity
from nbyard.rest import event_socket, operation_handler
from nbyard.rest.access import RequestBudgets
from nbyard.rest.event_socket import Broadcast
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching

pytestmark = pytest.mark.leaves_running


DOCS = Path(__file__).resolve().parents[3] / "docs/how-to/events.md"


def connect(
    api: JupyterServer, token: str = TOKEN, query: str = "", **options: Any
) -> websocket.WebSocket:
    url = f"{api.url.replace('http', 'ws', 1)}/nbyard/api/events/socket{query}"
    header = {"Authorization": f"token {token}"} if token else {}
    return websocket.create_connection(url, header=header, timeout=60, **options)


@pytest.fixture
def window(api: JupyterServer) -> Iterator[websocket.WebSocket]:
    opened = connect(api)
    yield opened
    opened.close()
    opened.shutdown()


def frame(window: websocket.WebSocket) -> dict[str, Any]:
    return json.loads(window.recv())


def seen_until(window: websocket.WebSocket, *subjects: str) -> list[dict[str, Any]]:
    """Return the events of the next frames, until all these subjects have one."""
    seen: list[dict[str, Any]] = []
    while not {*subjects} <= {event["subject_id"] for event in seen}:
        seen += frame(window)["events"]
    return seen


def say(window: websocket.WebSocket, **said: Any) -> None:
    window.send(json.dumps(said))


def make(api: JupyterServer, name: str) -> str:
    (api.root / "s.csv").write_text("a\n1\n")
    body = {"source": {"kind": "file", "path": "s.csv"}, "name": name}
    return str(api.send("POST", "/datasets", body).json["id"])


def test_a_window_gets_events_after_its_connection(api, window):
    make(api, "before")
    say(window, after=0)
    first = frame(window)
    assert first["events"] == []
    seen = seen_until(window, make(api, "after"))
    assert all(event["id"] > first["last"] for event in seen)
    assert [event["id"] for event in seen] == sorted(event["id"] for event in seen)


def test_an_invalid_event_number_is_ignored(api, window):
    make(api, "before a bool")
    newest = api.send("GET", "/events?limit=500").json["last"]
    say(window, after=True)
    assert frame(window)["last"] == newest > 1


def test_a_reconnected_window_misses_no_event(api, window):
    say(window, after=0)
    cursor = frame(window)["last"]
    window.close()
    made = [make(api, f"missed {n}") for n in range(3)]
    again = connect(api)
    say(again, after=cursor) if cursor else say(again, after=1)
    seen_until(again, *made)
    again.close()


def test_a_late_window_must_refetch(api, window):
    """Its missed events are no longer stored."""
    for number in range(3):
        make(api, f"long ago {number}")
    say(window, after=0)
    newest = frame(window)["last"]
    yard = api.app.web_app.settings["nbyard"].yard()
    with yard.store.write() as c:
        yard.store.events.delete_oldest(c, 1)
    late = connect(api)
    say(late, after=1)
    frames = [frame(late), frame(late)]
    assert [each["refetch"] for each in frames] == [False, True]
    assert frames[-1]["last"] == newest
    late.close()


def test_a_window_ahead_of_the_store_must_refetch(api, window):
    """The store was replaced or restored from a copy."""
    make(api, "seen by somebody")
    other = connect(api, query="?after=999999")
    say(window, after=999_999)
    for ahead in (other, window):
        first, listed = frame(ahead), api.send("GET", "/events?after=999999").json
        assert (first["events"], first["refetch"], listed["refetch"]) == ([], True, True)
        assert 0 < first["last"] <= listed["last"]
        seen_until(ahead, make(api, f"later {ahead is window}"))
    other.close()


def test_the_address_may_contain_the_cursor(api, window):
    make(api, "before the address")
    say(window, after=0)
    cursor = frame(window)["last"]
    made = make(api, "missed by the address")
    again = connect(api, query=f"?after={cursor}")
    seen_until(again, made)
    again.close()


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "9" * 30])
def test_an_address_that_names_no_event_is_refused(api, after):
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        connect(api, query=f"?after={after}")
    assert refused.value.status_code == 422
    assert "after: " in str(refused.value)


def test_invalid_messages_are_explained():
    told = DOCS.read_text()
    fields = [*Activity.__struct_fields__, *Event.__struct_fields__]
    words = ["after", "watch", "events", "last", "refetch", "activity", *fields]
    assert [word for word in words if f"`{word}`" not in told and f'"{word}":' not in told] == []


def test_two_windows_get_the_same_events(api, window):
    other = connect(api)
    for each in (window, other):
        say(each, after=0)
        frame(each)
    made = make(api, "for both")
    for each in (window, other):
        seen_until(each, made)
    other.close()


def test_watched_runs_send_their_progress(api, window):
    (api.root / "slow.sh").write_text("#!/bin/sh\necho hello\nsleep 60\n")
    run = api.send("POST", "/runs", {"path": "slow.sh"}).json["id"]
    say(window, watch=[run, "no such run"])
    with Dispatching(Settings(store_dir=str(api.store), inline_dispatch=True)) as running:
        found: list[dict[str, Any]] = []
        while not any(one["log_bytes"] for one in found):
            found += frame(window).get("activity", [])
        assert found[-1]["run"] == run
        api.send("POST", f"/runs/{run}/cancel")
        running.until(
            lambda: api.send("GET", f"/runs/{run}").json["run"]["state"],
            lambda state: state in ("cancelled", "failed", "succeeded"),
        )


@pytest.mark.parametrize("said", ["[]", "1", "{", "", "null", "[" * 100_000])
def test_a_message_that_is_no_object_closes_the_socket(api, window, said):
    window.send(said)
    while True:
        code, data = window.recv_data()
        if code == websocket.ABNF.OPCODE_CLOSE:
            break
    assert int.from_bytes(data[:2], "big") == 4400


def test_a_socket_closes_if_its_rights_cannot_be_checked(api, monkeypatch):
    async def fail(*_: Any) -> None:
        raise ValueError

    monkeypatch.setattr(operation_handler.Login, "watch", fail)
    opened = connect(api)
    code, data = opened.recv_data()
    opened.shutdown()
    assert (code, data[:2]) == (websocket.ABNF.OPCODE_CLOSE, (4403).to_bytes(2, "big"))


@pytest.mark.parametrize(
    "said",
    [{"after": "x"}, {"after": -5}, {"after": 2**70}, {"after": None}, {"watch": 5},
     {"watch": [{}, None, 1]}, {"watch": ["\0", "\ud800"]}, {"after": True}, {"else": 1}],
)  # fmt: skip
def test_odd_messages_are_ignored(api, window, said):
    say(window, **said)
    say(window, after=0)
    assert "last" in frame(window)


def test_strangers_and_foreign_pages_are_refused(api):
    for options in ({"token": ""}, {"token": "other"}, {"origin": "http://evil.test"}):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            connect(api, **options)
        assert refused.value.status_code == 403


class Told:
    """A context whose store has `newest` events, and that counts what is read."""

    def __init__(self, newest: int):
        self.newest = newest
        self.looks = 0
        self.reads: list[tuple[str, int]] = []
        self.encoded: list[str] = []
        self.closing: list[Any] = []
        self.services = SimpleNamespace(events=self)

    def newest_id(self) -> int:
        self.looks += 1
        return self.newest

    async def call(self, function: Any, *args: Any) -> Any:
        return function(*args)

    def encode(self, value: Any, own: str) -> bytes:
        self.encoded.append(own)
        return msgspec.json.encode(value)

    def events_after(self, caller: Caller, after: int, limit: int, until: int) -> Events:
        self.reads.append((caller.name, after))
        last = min(after + limit, until)
        numbers = range(after + 1, last + 1)
        at = datetime(2026, 1, 1, tzinfo=UTC)
        return Events([Event(n, at, "task", "s", "r", {}) for n in numbers], last)


class Pane:
    """A window as the broadcast sees it."""

    def __init__(self, name: str, cursor: int | None):
        self.place = None if cursor is None else (Caller(name), cursor)
        self.accepts_more = True
        self.seen: list[int] = []

    def move_on(self, cursor: int, text: str) -> None:
        self.seen += [event["id"] for event in json.loads(text)["events"]]
        assert self.place is not None
        self.place = (self.place[0], cursor)


def rounds(told: Told, *panes: Any, count: int = 1) -> None:
    async def within() -> None:
        broadcast = Broadcast(told, None)  # type: ignore[arg-type]
        broadcast.windows.update(panes)
        for _ in range(count):
            await broadcast.send_round()

    asyncio.run(within())


def test_events_for_many_windows_are_read_once():
    told, panes = Told(9), [Pane("ann", 4) for _ in range(50)]
    rounds(told, *panes)
    assert told.reads == [("ann", 4)]
    assert all(pane.seen == [5, 6, 7, 8, 9] for pane in panes)


def test_a_later_window_catches_up_in_one_round():
    told, first, second = Told(9), Pane("ann", 4), Pane("ann", 7)
    rounds(told, first, second)
    told.newest, told.reads = 12, []
    rounds(told, first, second)
    assert told.reads == [("ann", 9)]
    assert first.seen == list(range(5, 13)) and second.seen == list(range(8, 13))


def test_each_window_gets_events_of_its_user():
    told, ann, bob, silent = Told(9), Pane("ann", 8), Pane("bob", 8), Pane("ann", None)
    rounds(told, ann, bob, silent)
    assert sorted(told.reads) == [("ann", 8), ("bob", 8)]
    assert sorted(told.encoded) == ["ann", "bob"]  # with the paths of others as theirs
    assert told.looks == 1
    assert silent.seen == []


def test_many_events_come_in_several_frames(monkeypatch):
    monkeypatch.setattr(event_socket, "FRAME_EVENTS", 10)
    told, pane = Told(35), Pane("ann", 1)
    rounds(told, pane)
    assert pane.seen == list(range(2, 36))
    assert [after for _, after in told.reads] == [1, 11, 21, 31]


def test_a_slow_window_delays_no_others():
    """What it has not taken in is not piled up for it, and not forgotten."""
    told, slow, quick = Told(9), Pane("ann", 4), Pane("ann", 4)
    slow.accepts_more = False
    rounds(told, slow, quick)
    assert (slow.seen, quick.seen) == ([], [5, 6, 7, 8, 9])
    slow.accepts_more = True
    rounds(told, slow, quick)
    assert slow.seen == [5, 6, 7, 8, 9]


def test_without_new_events_nothing_is_read():
    told = Told(9)
    rounds(told, Pane("ann", 9))
    assert (told.looks, told.reads) == (1, [])
    rounds(told)
    assert told.looks == 1


def test_a_full_window_continues_after_its_frames_are_sent(api, window, monkeypatch):
    """The buffer for one window has a limit."""
    monkeypatch.setattr(event_socket, "MAX_UNSENT", 1)
    say(window, after=0)
    frame(window)
    seen_until(window, *(make(api, f"one after the other {number}") for number in range(3)))


def test_a_user_who_opens_too_many_windows_waits(api, monkeypatch):
    context = api.app.web_app.settings["nbyard"]
    monkeypatch.setattr(context, "budgets", RequestBudgets(per_minute=2))
    for _ in range(2):
        connect(api).close()
    with pytest.raises(websocket.WebSocketBadStatusException) as error:
        connect(api)
    assert error.value.status_code == 429


def test_a_token_without_the_right_to_read_gets_no_events(api, monkeypatch):
    monkeypatch.setattr(
        event_socket, "caller_of", lambda user: Caller("ann", scopes=("runs:write",))
    )
    with pytest.raises(websocket.WebSocketBadStatusException) as error:
        connect(api)
    assert error.value.status_code == 403

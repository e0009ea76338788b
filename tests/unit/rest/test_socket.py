"""R3, I22: the event socket: batches for every window, and how far watched runs are."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import websocket

from nbyard.settings import Settings
from nbyard.testing.dispatching import Dispatching
from nbyard.testing.server import TOKEN, JupyterServer

pytestmark = pytest.mark.leaves_running


def connect(api: JupyterServer, token: str = TOKEN, **options: Any) -> websocket.WebSocket:
    url = f"{api.url.replace('http', 'ws', 1)}/nbyard/api/events/socket"
    header = {"Authorization": f"token {token}"} if token else {}
    return websocket.create_connection(url, header=header, timeout=10, **options)


@pytest.fixture
def window(api: JupyterServer) -> Iterator[websocket.WebSocket]:
    opened = connect(api)
    yield opened
    opened.close()
    opened.shutdown()


def frame(window: websocket.WebSocket) -> dict[str, Any]:
    return json.loads(window.recv())


def say(window: websocket.WebSocket, **said: Any) -> None:
    window.send(json.dumps(said))


def make(api: JupyterServer, name: str) -> str:
    (api.root / "s.csv").write_text("a\n1\n")
    body = {"source": {"kind": "file", "path": "s.csv"}, "name": name}
    return str(api.send("POST", "/datasets", body).json["id"])


def test_a_window_hears_what_happens_after_it_came(api: JupyterServer, window):
    make(api, "before")
    say(window, after=0)
    first = frame(window)
    assert first["events"] == []
    made = make(api, "after")
    seen: list[dict[str, Any]] = []
    while not any(event["subject_id"] == made for event in seen):
        seen += frame(window)["events"]
    assert all(event["id"] > first["last"] for event in seen)
    assert [event["id"] for event in seen] == sorted(event["id"] for event in seen)


def test_a_window_that_comes_back_misses_nothing(api: JupyterServer, window):
    say(window, after=0)
    cursor = frame(window)["last"]
    window.close()
    made = [make(api, f"missed {n}") for n in range(3)]
    again = connect(api)
    say(again, after=cursor) if cursor else say(again, after=1)
    seen: list[str] = []
    while not set(made) <= set(seen):
        seen += [event["subject_id"] for event in frame(again)["events"]]
    again.close()


def test_a_window_that_comes_back_too_late_is_told_to_read_anew(api: JupyterServer, window):
    """R10: what it missed is no longer kept."""
    for number in range(3):
        make(api, f"long ago {number}")
    say(window, after=0)
    newest = frame(window)["last"]
    yard = api.app.web_app.settings["nbyard"].services.system._parts
    with yard.store.write() as c:
        yard.store.events.trim(c, 1)
    late = connect(api)
    say(late, after=1)
    frames = [frame(late), frame(late)]
    assert [each["refetch"] for each in frames] == [False, True]
    assert frames[-1]["last"] == newest
    late.close()


def test_two_windows_hear_the_same(api: JupyterServer, window):
    other = connect(api)
    for each in (window, other):
        say(each, after=0)
        frame(each)
    made = make(api, "for both")
    for each in (window, other):
        seen: list[str] = []
        while made not in seen:
            seen += [event["subject_id"] for event in frame(each)["events"]]
    other.close()


def test_watched_runs_tell_how_far_they_are(api: JupyterServer, window):
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
def test_what_is_no_object_closes(api: JupyterServer, window, said):
    window.send(said)
    while True:
        code, data = window.recv_data()
        if code == websocket.ABNF.OPCODE_CLOSE:
            break
    assert int.from_bytes(data[:2], "big") == 4400


@pytest.mark.parametrize(
    "said",
    [{"after": "x"}, {"after": -5}, {"after": 2**70}, {"after": None}, {"watch": 5},
     {"watch": [{}, None, 1]}, {"watch": ["\0", "\ud800"]}, {"after": True}, {"else": 1}],
)  # fmt: skip
def test_odd_messages_do_no_harm(api: JupyterServer, window, said):
    say(window, **said)
    say(window, after=0)
    assert "last" in frame(window)


def test_strangers_and_foreign_pages_are_refused(api: JupyterServer):
    for options in ({"token": ""}, {"token": "other"}, {"origin": "http://evil.test"}):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            connect(api, **options)
        assert refused.value.status_code == 403

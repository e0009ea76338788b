"""Requests that runs refuse in each state, and requests that may be repeated."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .ground import Ground, Seen, seen

WAIT = """import pathlib, time
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.02)
"""


def ask(ground: Ground, what: dict[str, Any], entry: dict[str, Any]) -> Seen:
    """Send one request that is not allowed in the current state."""
    (word,) = {"key", "state", "deleted"} & {*what}
    if word == "key":
        return _same_key(ground, what["key"])
    if word == "deleted":
        return _deleted(ground)
    return STATES[entry["input"]](ground)


def _same_key(ground: Ground, key: str) -> Seen:
    path = ground.tool([], "print(1)")
    header = {"Idempotency-Key": key}
    first = ground.send("POST", "/runs", {"path": path}, header).json["id"]
    assert ground.send("POST", "/runs", {"path": path}, header).json["id"] == first
    refused = ground.send("POST", "/runs", {"path": path, "force": True}, header)
    ground.send("POST", f"/runs/{first}/cancel")
    with ground.dispatching() as running:
        running.until(lambda: _state(ground, first), lambda state: state == "cancelled")
    _remove(ground, first)
    return seen(refused)


def _deleted(ground: Ground) -> Seen:
    tool = ground.tool([], "print(1)")
    nodes = {"a": {"type": "executable", "path": f"../{tool}"}}
    path = ground.file("gone.nbflow", json.dumps({"version": 1, "nodes": nodes}))
    (ground.root / path).unlink()
    return seen(ground.send("POST", "/runs", {"path": path}))


def _cancel_finished(ground: Ground) -> Seen:
    _, detail = ground.run(path=ground.tool([], "print(1)"))
    key = detail["run"]["id"]
    refused = ground.send("POST", f"/runs/{key}/cancel")
    assert _state(ground, key) == "succeeded"
    _remove(ground, key)
    return seen(refused)


def _cancel_twice(ground: Ground) -> Seen:
    with _running(ground) as key:
        first, second = (ground.send("POST", f"/runs/{key}/cancel") for _ in range(2))
        same = [{**one.json, "updated_at": ""} for one in (first, second)]
        return seen(second, kept=(first.status, same[0]) == (second.status, same[1]))


def _retry_running(ground: Ground) -> Seen:
    with _running(ground) as key:
        return seen(ground.send("POST", f"/runs/{key}/retry"))


def _delete_running(ground: Ground) -> Seen:
    with _running(ground) as key:
        refused = ground.send("DELETE", f"/runs/{key}")
        assert _state(ground, key) == "running"
        return seen(refused)


STATES: dict[str, Callable[[Ground], Seen]] = {
    "cancel a finished run": _cancel_finished,
    "cancel twice": _cancel_twice,
    "retry a running run": _retry_running,
    "delete a running run": _delete_running,
}


@contextmanager
def _running(ground: Ground) -> Iterator[str]:
    """Keep a run running during the block, also when it is cancelled; then cancel and delete it."""
    gate = ground.root / "gate"
    path = ground.tool([], WAIT.format(gate=str(gate)))
    key = ground.send("POST", "/runs", {"path": path}).json["id"]
    with ground.dispatching() as running:
        running.until(lambda: _state(ground, key), lambda state: state == "running")
        with running.standing_still():
            yield key
        ground.send("POST", f"/runs/{key}/cancel")
        running.until(lambda: _state(ground, key), lambda state: state == "cancelled")
    _remove(ground, key)


def _state(ground: Ground, key: str) -> str:
    return str(ground.get(f"/runs/{key}")["run"]["state"])


def _remove(ground: Ground, key: str) -> None:
    tasks = ground.get(f"/runs/{key}")["tasks"]
    assert ground.send("DELETE", f"/runs/{key}").status == 204
    for task in tasks:
        ground.send("DELETE", f"/executables/{task['executable_id']}")

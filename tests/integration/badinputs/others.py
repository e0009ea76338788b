"""Another user's resources: they are refused as if they did not exist."""

from collections.abc import Callable
from typing import Any

from tests.support.jupyter_server import Answer

from nbyard.domain.callers import Caller
from nbyard.domain.datasets.structs import FileSource, NewDataset
from nbyard.domain.ids import new_id
from nbyard.domain.runs.structs import NewRun
from nbyard.yard import Yard

from .ground import INPUT, Ground, Seen, seen


def _link(ground: Ground, key: str) -> Answer:
    return ground.send("POST", "/projects/own/links", {"kind": "dataset", "resource": key})


def _use_as_input(ground: Ground, key: str) -> Answer:
    return ground.send("POST", "/runs", {"path": ground.tool([INPUT]), "parameters": {"x": key}})


def _events(ground: Ground, key: str) -> Answer:
    """Read the events of all runs, because there is no socket for one run."""
    return ground.send("GET", f"/runs/{key}/tasks")


OF_DATASETS: dict[str, Callable[[Ground, str], Answer]] = {
    "project.link": _link,
    "run.submit": _use_as_input,
}
OF_RUNS: dict[str, Callable[[Ground, str], Answer]] = {
    "run.log": lambda ground, key: ground.send("GET", f"/runs/{key}/tasks/main/log"),
    "run.cancel": lambda ground, key: ground.send("POST", f"/runs/{key}/cancel"),
    "run.events": _events,
}


def ask(ground: Ground, what: dict[str, Any], entry: dict[str, Any]) -> Seen:
    """Send a request about another user's resource, which is refused like an unknown ID."""
    bob, op = Caller("bob"), entry["op"]
    ground.send("POST", "/projects", {"name": "own"})
    last = ground.newest_event()
    with Yard.open(ground.settings, root=ground.root) as yard:
        if op in OF_DATASETS:
            source = FileSource(ground.file(f"{entry['id']}.csv", "x\n1\n"))
            key = yard.services.datasets.create(bob, NewDataset(source)).id
        else:
            body = NewRun(path=ground.tool([], "print(1)"))
            key = yard.services.runs.create(bob, body).id
        send = OF_DATASETS.get(op) or OF_RUNS[op]
        answers = [(one, send(ground, one)) for one in (key, new_id())]
        events = ground.get(f"/events?after={last}&limit=500")
        assert key not in str(events)
        assert events["last"] > last and not events["refetch"], "nothing of bob's was looked at"
        if op in OF_RUNS:
            yard.services.runs.cancel(bob, key)
    same = [_without(one, answer) for one, answer in answers]
    assert same[0] == same[1], same
    assert ground.get("/projects/own")["links"] == {}
    ground.send("DELETE", "/projects/own")
    return seen(answers[0][1])


def _without(key: str, answer: Answer) -> tuple[int, str]:
    """Return what an answer says, without the requested ID."""
    body = {name: answer.json[name] for name in ("code", "message", "hint", "details")}
    return answer.status, str(body).replace(key, "")

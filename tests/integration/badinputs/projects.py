"""Links of another user's resources into one's own project."""

from typing import Any

from nbyard.domain.callers import Caller
from nbyard.domain.datasets.structs import FileSource, NewDataset
from nbyard.domain.ids import new_id
from nbyard.yard import Yard

from .ground import Ground, Seen, seen


def link(ground: Ground, what: dict[str, Any], entry: dict[str, Any]) -> Seen:
    """Refused as an ID that nobody has."""
    ground.send("POST", "/projects", {"name": "own"})
    with Yard.open(ground.settings, root=ground.root) as yard:
        source = FileSource(ground.file("bob.csv", "x\n1\n"))
        others = yard.services.datasets.create(Caller("bob"), NewDataset(source))
    answers = []
    for key in (others.id, new_id()):
        body = {"kind": "dataset", "resource": key}
        answer = ground.send("POST", "/projects/own/links", body)
        same = {name: answer.json[name] for name in ("code", "message", "hint", "details")}
        answers.append((answer.status, str(same).replace(key, "")))
    assert answers[0] == answers[1], answers
    assert ground.get("/projects/own")["links"] == {}
    ground.send("DELETE", "/projects/own")
    return seen(answer)

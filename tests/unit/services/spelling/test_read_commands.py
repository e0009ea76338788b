"""Reads whose commands take other arguments than their operations."""

import pytest

from nbyard.domain.spelling import SpellingRequest
from nbyard.services.spelling.spell import MOST_MODELS, READS, spell

from .sent_requests import BY_ID, round_trip

COMMANDS = [
    ("datasets.compare", {}, "datasets compare KEY"),
    ("datasets.compare", {"new": 3}, "datasets compare KEY 0 3"),
    ("deployments.log", {"revision": 2}, "deployments log --revision 2 KEY"),
    ("deployments.log", {"after": 2}, "call deployments.log deployment=KEY after=2"),
    ("environments.kernel", {}, "environments kernel KEY"),
    (
        "environments.kernel",
        {"cancel": True},
        "call environments.kernel environment=KEY cancel=true",
    ),
    ("environments.log", {"version": 2}, "environments log --version 2 KEY"),
    ("images.log", {}, "images log KEY"),
    ("images.log", {"after": 9}, "call images.log image=KEY after=9"),
    ("models.list", {}, "call models.list"),
    ("models.list", {"limit": MOST_MODELS, "name": "a b"}, "models ls -f 'name=a b'"),
    ("runs.compare", {"others": "2,3"}, "runs compare KEY 2 3"),
    ("runs.compare", {"others": "2", "everything": True}, "runs compare --all KEY 2"),
    ("runs.files", {}, "call runs.files run=KEY node=KEY"),
    ("runs.log", {"attempt": 2}, "runs log --attempt 2 KEY KEY"),
    ("runs.log", {"after": 2}, "call runs.log run=KEY node=KEY after=2"),
    ("runs.metrics", {}, "runs metrics KEY KEY"),
    ("runs.why", {"other": "1"}, "runs why 1 KEY"),
    ("runs.why", {"other": "1", "node": "a", "metric": "b.c"}, "runs why --metric a.b.c 1 KEY"),
    ("runs.why", {"other": "1", "node": "a"}, "call runs.why run=KEY other=1 node=a"),
]


@pytest.mark.parametrize(("name", "query", "command"), COMMANDS)
def test_a_read_request_is_spelled_as_its_command(name, query, command):
    operation = BY_ID[name]
    asked = SpellingRequest(name, {one.name: "KEY" for one in operation.placed("path")}, query)
    assert spell(operation, asked).command == f"nbyard {command}"
    round_trip(operation, asked)


def test_each_command_is_shown():
    assert READS.keys() == {name for name, _, _ in COMMANDS}

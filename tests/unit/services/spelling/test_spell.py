"""Each request is spelled as a command and as a program that send the same request."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.refusals import refused_at

from nbyard.domain.spelling import SpellingRequest
from nbyard.services.operation_table import table
from nbyard.services.spelling.spell import spell

from .sent_requests import BY_ID, READS, TEXTS, check_command, round_trip, values_of, with_secrets

pytestmark = pytest.mark.slow

REQUESTS = sorted(one.id for one in table() if one.id not in READS)


@pytest.mark.parametrize("name", REQUESTS)
@settings(
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
    max_examples=settings().max_examples // 3,  # there are 190 requests
)
@given(data=st.data())
def test_command_and_program_send_the_same_request(name, data):
    operation = BY_ID[name]
    path = {field.name: data.draw(TEXTS) for field in operation.placed("path")}
    query = {
        field.name: data.draw(st.booleans() if field.type is bool else values_of(field.type))
        for field in operation.placed("query")
    }
    body = None
    if operation.placed("body"):
        body = with_secrets(operation, data.draw(values_of(operation.placed("body")[0].type)))
    round_trip(operation, SpellingRequest(name, path, query, body))


SPELLED = [
    ("runs.retry", None, "runs retry KEY"),
    ("deployments.stop", None, "deployments stop KEY"),
    ("deployments.extend", None, "deployments extend KEY"),
    ("automations.delete", None, "automations rm KEY"),
    # The command refuses rules that would delete all runs, as the server does.
    ("runs.clean_up", {}, "call runs.clean_up"),
    (
        "runs.set_retention",
        {"rules": {"workflow": "train.ipynb"}},
        'call --body \'{"rules": {"workflow": "train.ipynb"}}\' runs.set_retention',
    ),
    ("projects.set_policy", {}, "call projects.set_policy project=KEY policy=KEY"),
    (
        "projects.update",
        {"revision": 3, "name": "white"},
        'call --body \'{"revision": 3, "name": "white"}\' projects.update project=KEY',
    ),
    (
        "deployments.edit",
        {"revision": 3, "password": "long enough"},
        "call --body '{\"revision\": 3}' --ask password deployments.edit deployment=KEY",
    ),
]


@pytest.mark.parametrize(("name", "body", "command"), SPELLED)
def test_requests_without_a_command_of_their_own(name, body, command):
    check_command(name, body, command)


def test_created_resources_are_linked_to_the_active_project():
    asked = SpellingRequest("runs.create", body={"path": "a.ipynb"}, project="red wine")
    spelled = spell(BY_ID["runs.create"], asked)
    assert spelled.command == "nbyard --project 'red wine' run a.ipynb"
    assert "connect(project='red wine')" in spelled.python
    asked = SpellingRequest("runs.cancel", {"run": "1"}, project="red wine")
    assert "wine" not in str(spell(BY_ID["runs.cancel"], asked))


def test_a_program_asks_for_secrets_and_is_short():
    asked = SpellingRequest("channels.create", body={"name": "team", "url": "slack://hidden"})
    assert spell(BY_ID["channels.create"], asked).python == (
        "from getpass import getpass\n\n"
        "from nbyard.discover import connect\n\n"
        "connection = connect()\n"
        """connection.channels.create(body={'name': 'team', 'url': getpass("Url: ")})"""
    )


def test_flags_and_options_of_requests_without_a_body():
    asked = SpellingRequest("datasets.delete", {"dataset": "-a"}, {"force": True})
    spelled = spell(BY_ID["datasets.delete"], asked)
    assert spelled.command == "nbyard datasets rm --force -- -a"
    assert spelled.python.endswith("connection.datasets.delete(dataset='-a', force=True)")


@pytest.mark.parametrize(
    ("name", "asked", "command"),
    [
        ("automations.get", {"path": {"automation": "KEY"}}, "automations show KEY"),
        ("runs.list", {"query": {"limit": 5}}, "runs ls --limit 5"),
        (
            "lineage.get",
            {"query": {"kind": "run", "key": "12"}},
            "call lineage.get kind=run key=12",
        ),
    ],
)
def test_requests_that_read_have_the_commands_that_exist(name, asked, command):
    assert spell(BY_ID[name], SpellingRequest(name, **asked)).command == f"nbyard {command}"


@pytest.mark.parametrize(
    ("name", "asked", "place"),
    [
        ("runs.create", {"body": {"pth": "a"}}, "body.pth"),
        ("runs.create", {"body": {"force": "yes"}}, "body.force"),
        ("runs.create", {"query": {"limit": 1}}, "query.limit"),
        ("runs.cancel", {}, "path.run"),
        ("runs.cancel", {"path": {"run": "1"}, "body": {}}, "body"),
        ("datasets.delete", {"path": {"dataset": "a"}, "query": {"force": "x"}}, "query.force"),
        ("channels.update", {"path": {"channel": "a"}}, "body.revision"),
    ],
)
def test_a_refused_field_is_named(name, asked, place):
    with refused_at(place):
        spell(BY_ID[name], SpellingRequest(name, **asked))

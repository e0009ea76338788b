"""Triggers as clients send them."""

import msgspec
import pytest

from nbyard.domain.automations.structs import Automation, NewAutomation, OnFile, OnWebhook


def test_an_event_is_known_by_its_kind():
    body = {"run": {"path": "a.py"}, "on": {"kind": "file", "path": "inbox", "pattern": "*.csv"}}
    made = msgspec.convert(body, NewAutomation)
    assert made.on == OnFile("inbox", "*.csv") and made.overlap == "queue"
    assert msgspec.convert(msgspec.to_builtins(made.on), type(made.on)) == made.on


@pytest.mark.parametrize(
    "on",
    [
        {"kind": "moon"},
        {"kind": "webhook", "secret": "mine"},
        {"kind": "file", "path": "a", "changes": ["renamed"]},
        {"kind": "workflow", "path": "a", "outcome": "cancelled"},
        {"path": "a"},
    ],
)
def test_unknown_events_and_fields_are_refused(on):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"run": {"path": "a.py"}, "on": on}, NewAutomation)


def test_a_trigger_shows_no_secret_unless_it_is_new():
    assert OnWebhook().most_per_minute == 60
    assert {f.name: f.default for f in msgspec.structs.fields(Automation)}["secret"] == ""

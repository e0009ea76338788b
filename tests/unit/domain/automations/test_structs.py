"""What a request for an automation may contain."""

import msgspec
import pytest

from nbyard.domain.automations.structs import (
    Automation,
    AutomationPatch,
    NewAutomation,
    OnFile,
    OnWebhook,
    check_fitting,
)
from nbyard.domain.automations.times.structs import Missed
from nbyard.errors import Invalid

RUN = {"path": "a.ipynb"}
AT = "2026-12-01T08:00:00Z"


def read(**body):
    return msgspec.json.decode(msgspec.json.encode(body), type=NewAutomation)


def test_the_defaults_are_those_of_the_promises():
    made = read(run=RUN, on={"kind": "phrase", "text": "daily"})
    assert (made.missed.policy, made.missed.window_seconds) == ("last", 3600)
    assert (made.mode, made.is_enabled, made.at_most) == ("follows", True, None)
    assert made.run.force


def test_a_run_uses_the_cache_on_request():
    assert not read(run=RUN | {"force": False}, on={"kind": "once", "at": AT}).run.force
    patch = msgspec.json.decode(b'{"revision": 1, "run": {"path": "a.py"}}', type=AutomationPatch)
    assert patch.run is not msgspec.UNSET and patch.run.force


@pytest.mark.parametrize(
    "body",
    [
        {"on": {"kind": "cron", "expression": "@daily", "zone": "UTC"}},
        {"on": {"kind": "sometimes"}},
        {"on": {"kind": "interval", "seconds": 0.001}},
        {"on": {"kind": "phrase", "text": "daily"}, "overlap": "both"},
        {"on": {"kind": "phrase", "text": "daily"}, "starts_at": "soon"},
    ],
)
def test_other_fields_and_types_are_refused(body):
    with pytest.raises(msgspec.ValidationError):
        read(run=RUN, **body)


def test_a_patch_distinguishes_null_from_omitted():
    patch = msgspec.json.decode(b'{"revision": 1, "ends_at": null}', type=AutomationPatch)
    assert patch.ends_at is None and patch.starts_at is msgspec.UNSET


def test_an_event_is_known_by_its_kind():
    body = {"run": {"path": "a.py"}, "on": {"kind": "file", "path": "inbox", "pattern": "*.csv"}}
    made = msgspec.convert(body, NewAutomation)
    assert made.on == OnFile("inbox", "*.csv")
    assert msgspec.convert(msgspec.to_builtins(made.on), type(made.on)) == made.on


@pytest.mark.parametrize(
    "on",
    [
        {"kind": "moon"},
        {"kind": "webhook", "secret": "mine"},
        {"kind": "file", "path": "a", "changes": ["renamed"]},
        {"kind": "run", "path": "a", "outcome": "cancelled"},
        {"path": "a"},
    ],
)
def test_unknown_events_and_fields_are_refused(on):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"run": {"path": "a.py"}, "on": on}, NewAutomation)


def test_an_automation_shows_no_secret_unless_it_is_new():
    assert OnWebhook().most_per_minute == 60
    assert {f.name: f.default for f in msgspec.structs.fields(Automation)}["secret"] == ""


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("phrase", "values_from", {"a": "path"}),
        ("file", "zone", "UTC"),
        ("webhook", "at_most", 3),
        ("run", "missed", Missed("all")),
    ],
)
def test_a_field_of_the_other_kinds_is_refused(kind, name, value):
    with pytest.raises(Invalid) as refused:
        check_fitting(kind, {name: value})
    assert refused.value.details[0].path == name
    check_fitting(kind, {"zone": "", "at_most": None, "missed": Missed(), "values_from": {}})

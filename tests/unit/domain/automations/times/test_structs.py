"""What a request for a schedule may contain."""

import msgspec
import pytest

from nbyard.domain.automations.structs import AutomationPatch, NewAutomation

RUN = {"path": "a.ipynb"}
AT = "2026-12-01T08:00:00Z"


def read(**body):
    return msgspec.json.decode(msgspec.json.encode(body), type=NewAutomation)


def test_the_defaults_are_those_of_the_promises():
    made = read(run=RUN, timing={"kind": "words", "text": "daily"})
    assert (made.overlap, made.missed.policy, made.missed.window_seconds) == ("skip", "last", 3600)
    assert (made.mode, made.is_enabled, made.at_most) == ("follows", True, None)
    assert made.run.force


def test_a_run_uses_the_cache_on_request():
    assert not read(run=RUN | {"force": False}, timing={"kind": "once", "at": AT}).run.force
    patch = msgspec.json.decode(b'{"revision": 1, "run": {"path": "a.py"}}', type=AutomationPatch)
    assert patch.run is not msgspec.UNSET and patch.run.force


@pytest.mark.parametrize(
    "body",
    [
        {"timing": {"kind": "cron", "expression": "@daily", "zone": "UTC"}},
        {"timing": {"kind": "sometimes"}},
        {"timing": {"kind": "interval", "seconds": 0.001}},
        {"timing": {"kind": "words", "text": "daily"}, "overlap": "both"},
        {"timing": {"kind": "words", "text": "daily"}, "starts_at": "soon"},
    ],
)
def test_other_fields_and_types_are_refused(body):
    with pytest.raises(msgspec.ValidationError):
        read(run=RUN, **body)


def test_a_patch_tells_null_from_nothing():
    patch = msgspec.json.decode(b'{"revision": 1, "ends_at": null}', type=AutomationPatch)
    assert patch.ends_at is None and patch.starts_at is msgspec.UNSET

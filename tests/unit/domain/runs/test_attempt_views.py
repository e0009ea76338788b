"""Chunks of logs and the progress of tasks are compared, and sent as JSON."""

import msgspec

from nbyard.domain.runs.attempt_views import Activity, LogChunk


def test_the_defaults_are_those_of_an_attempt_without_output() -> None:
    before = Activity("r", "clean", 1, 0, 0, 0)
    assert (before.last_line, before.metrics, before.links, before.current) == ("", [], [], None)
    assert not LogChunk("", 0, False).over


def test_views_survive_json() -> None:
    for view in (Activity("r", "clean", 2, 9, 1, 3, 2, [], "end"), LogChunk("a\n", 2, True, 1)):
        assert msgspec.json.decode(msgspec.json.encode(view), type=type(view)) == view

"""What `nbyard run --dry-run` prints."""

import pytest
from nbyard.cli.output.views.forecast_view import show_forecast

from nbyard.domain.runs.previews.estimates import NodeForecast, RunForecast
from nbyard.reasons.structs import because


def test_a_node_that_could_not_be_checked_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [
        NodeForecast("cached", because("unchanged", run=1), "a"),
        NodeForecast("stale", because("no-earlier-result"), "b"),
        NodeForecast("unknown", because("forecast-late"), "c"),
    ]
    show_forecast(RunForecast(nodes, 1, 2, None, 2, is_maximum=True))
    first, *rows = capsys.readouterr().out.splitlines()
    assert first.split(", ") == ["1 cached", "up to 2 will run"]
    assert [row.split(maxsplit=2) for row in rows[-2:]] == [
        ["b", "runs", str(nodes[1].reason)],
        ["c", "unknown", str(nodes[2].reason)],
    ]

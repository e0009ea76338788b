"""With the log format json, each API request has a line with its ID."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.jupyter_server import JupyterServer

from nbyard.logs.json_lines import JsonFormatter

pytestmark = pytest.mark.leaves_running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[JupyterServer]:
    ours = logging.getLogger("nbyard")
    before = (ours.handlers[:], ours.propagate, ours.level)
    started = JupyterServer(tmp_path, log_format="json").start()
    try:
        yield started
    finally:
        started.stop()
        ours.handlers[:], ours.propagate = before[:2]
        ours.setLevel(before[2])


def test_request_lines_in_the_log_contain_no_secrets(server: JupyterServer) -> None:
    handlers = logging.getLogger("nbyard").handlers  # pytest adds its own
    [handler] = [one for one in handlers if isinstance(one.formatter, JsonFormatter)]
    written = io.StringIO()
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    secret = {"name": "token", "kind": "token", "values": {"token": "hunter2"}}
    answers = [
        server.send("GET", "/runs?search=hunter2", headers={"X-Request-Id": "abc-1"}),
        server.send("GET", "/runs/nightly", headers={"X-Request-Id": "not valid"}),
        server.send("POST", "/credentials", secret),
    ]
    lines: list[dict[str, Any]] = [json.loads(line) for line in written.getvalue().splitlines()]
    of_requests = [line for line in lines if "operation" in line]
    assert [line["operation"] for line in of_requests[:2]] == ["runs.list", "runs.get"]
    assert [line["status"] for line in of_requests[:2]] == [200, 404]
    assert of_requests[0]["request_id"] == answers[0].headers["X-Request-Id"] == "abc-1"
    assert of_requests[1]["request_id"] == answers[1].json["request_id"] != "abc-1"
    assert of_requests[1]["about_run"] == "nightly"
    assert all(line["milliseconds"] >= 0 and line["user"] for line in of_requests)
    assert "hunter2" not in written.getvalue()

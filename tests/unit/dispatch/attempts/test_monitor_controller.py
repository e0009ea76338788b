"""Links to the ports of a node while it runs."""

import http.server
import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.support.fake_runtime_bench import OWNER, Bench

from nbyard.attempts import monitor_link_files as monitors
from nbyard.dispatch.attempts import monitor_controller as controller
from nbyard.domain.attempts.monitor_links import MonitorLink
from nbyard.errors import NotFound, Unavailable
from nbyard.reasons.structs import because
from nbyard.runner.process import processes

MANY = 100_000  # rounds, until a program is there
STAND_IN = f"""#!{sys.executable}
import functools, http.server, os, sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
if os.path.exists(os.path.join(given["--logdir"], "broken")):
    sys.exit("no such plug-in")
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=given["--logdir"])
http.server.HTTPServer((given["--host"], int(given["--port"])), handler).serve_forever()
"""


@pytest.fixture
def local(bench: Bench, monkeypatch) -> Bench:
    """The runtime that is made up stands for processes and for containers."""
    monkeypatch.setattr(controller, "LOOK_SECONDS", 0.0)
    bench.context.runtimes |= {"process": bench.runtime, "docker": bench.runtime}
    return bench


@pytest.fixture
def program(tmp_path, monkeypatch) -> None:
    """A `tensorboard` that is found."""
    place = tmp_path / "bin" / "tensorboard"
    place.parent.mkdir()
    place.write_text(STAND_IN)
    place.chmod(0o755)
    monkeypatch.setattr(controller, "program_for", lambda _: str(place))


def links(bench: Bench, run: str) -> list[MonitorLink]:
    (task,) = bench.detail(run).tasks
    return task.attempts[-1].links


def started(bench: Bench, **plan: object) -> str:
    return bench.start(**{"runtime": "process", **plan})


def known(bench: Bench, run: str) -> monitors.MonitorData:
    found = monitors.read_monitor(bench.store.folder, bench.attempt(run))
    assert found is not None
    return found


def board_of(bench: Bench, run: str) -> monitors.TensorBoardProcess:
    found = known(bench, run).board
    assert found is not None
    return found


def variables(bench: Bench, run: str) -> dict[str, str]:
    told = json.loads((bench.folder(bench.attempt(run)) / "task.json").read_text())
    return dict(told["environment"])


@contextmanager
def listening(port: int) -> Iterator[None]:
    handler = http.server.SimpleHTTPRequestHandler
    server = http.server.HTTPServer(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_link_is_active_while_the_task_responds_at_its_port(local):
    run = started(local, ports={"web": 0, "other": 80})
    told = variables(local, run)
    assert told["NBYARD_HOST"] == "127.0.0.1" and "NBYARD_PORT" not in told
    port, attempt = int(told["NBYARD_PORT_WEB"]), local.attempt(run)
    local.until(lambda: len(links(local, run)) == 2)
    path = f"nbyard/attempts/{attempt}/web/"
    assert links(local, run)[0] == MonitorLink("web", path, answers=False)
    with listening(port):
        local.until(lambda: links(local, run)[0].answers)
        (activity,) = local.yard.services.runs.activity(OWNER, [run])
        assert [link.answers for link in activity.links] == [True, False]
        target = local.yard.services.runs.target(OWNER, attempt, "web")
        assert (target.host, target.port) == ("127.0.0.1", port)
        assert not target.is_trusted and not target.keeps_prefix
    local.until(lambda: not links(local, run)[0].answers)


def test_a_finished_task_leaves_no_link(local):
    run = started(local, ports={"web": 0})
    attempt = local.attempt(run)
    assert variables(local, run)["NBYARD_PORT"] == variables(local, run)["NBYARD_PORT_WEB"]
    local.until(lambda: links(local, run))
    local.runtime.end(attempt)
    local.until(lambda: not monitors.stored_attempts(local.store.folder))
    assert links(local, run) == []
    with pytest.raises(NotFound, match="its links are closed"):
        local.yard.services.runs.target(OWNER, attempt, "web")


def test_the_next_dispatcher_keeps_ports_of_live_tasks_only(local):
    run, gone = started(local, ports={"web": 0}), started(local, ports={"web": 0})
    before = known(local, run)
    local.runtime.end(local.attempt(gone))
    local.replace_dispatcher()
    local.context.runtimes |= {"process": local.runtime}
    local.until(lambda: monitors.stored_attempts(local.store.folder) == {local.attempt(run)})
    assert known(local, run).ports == before.ports


def test_most_tasks_have_no_links(local):
    run = started(local)
    local.round(2)
    assert links(local, run) == [] and monitors.stored_attempts(local.store.folder) == set()
    assert not [name for name in variables(local, run) if name.startswith("NBYARD_PORT")]
    with pytest.raises(NotFound, match="no link 'web'"):
        local.yard.services.runs.target(OWNER, local.attempt(run), "web")


def test_an_unreachable_container_has_a_reason(local):
    local.yard.settings.container_network = "none"
    run = started(local, runtime="docker", ports={"web": 0}, tensorboard="runs")
    told = variables(local, run)
    assert (told["NBYARD_HOST"], told["NBYARD_PORT"]) == ("0.0.0.0", "8800")
    local.until(lambda: len(links(local, run)) == 2)
    web, board = links(local, run)
    assert "container_network" in str(web.reason) and "only for local processes" in str(
        board.reason
    )
    with pytest.raises(Unavailable, match="container_network"):
        local.yard.services.runs.target(OWNER, local.attempt(run), "web")


@pytest.mark.usefixtures("program")
def test_tensorboard_shows_the_logs_and_stops_with_the_task(local):
    """This holds if another dispatcher takes over."""
    run = started(local, tensorboard="runs")
    attempt = local.attempt(run)
    local.until(lambda: links(local, run))
    assert not links(local, run)[0].answers
    (local.folder(attempt) / "code" / "runs").mkdir()
    local.until(lambda: links(local, run)[0].answers, MANY)
    assert local.yard.services.runs.target(OWNER, attempt, "tensorboard").is_trusted
    board = board_of(local, run)
    assert processes.variables_of(board.pid)["NBYARD_ATTEMPT_ID"] == attempt
    local.replace_dispatcher()
    local.context.runtimes |= {"process": local.runtime}
    local.round(3)
    assert board_of(local, run) == board
    local.runtime.end(attempt)
    local.until(lambda: not monitors.stored_attempts(local.store.folder))
    assert not controller.is_alive(board)
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect(("127.0.0.1", board.port))


@pytest.mark.usefixtures("program")
def test_a_stopped_tensorboard_shows_its_reason(local):
    run = started(local, tensorboard="runs")
    logs = local.folder(local.attempt(run)) / "code" / "runs"
    logs.mkdir()
    (logs / "broken").touch()
    local.until(lambda: links(local, run) and links(local, run)[0].reason, MANY)
    assert links(local, run)[0].reason == because("tensorboard-ended", message="no such plug-in")


def test_a_missing_tensorboard_shows_the_remedy(local, monkeypatch):
    monkeypatch.setattr(controller, "program_for", lambda _: "")
    run = started(local, tensorboard="runs")
    (local.folder(local.attempt(run)) / "code" / "runs").mkdir()
    local.until(lambda: links(local, run) and links(local, run)[0].reason)
    assert "pip install tensorboard" in str(links(local, run)[0].reason)

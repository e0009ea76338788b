"""Whether a port responds, and whether requests are open."""

import contextlib
import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from nbyard.dispatch import service_health
from nbyard.dispatch.service_health import (
    MISSES,
    PortHealth,
    describe_calls,
    is_connected,
    is_responding,
    unready_reason,
)
from nbyard.domain.deployments.structs import Place

pytestmark = pytest.mark.slow


class Told:
    """What the server below says."""

    body = b""


@pytest.fixture
def served() -> Iterator[tuple[Place, list[int]]]:
    """A server whose next status the list says."""
    statuses = [200]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses[0])
            self.end_headers()
            self.wfile.write(Told.body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Place("web", "127.0.0.1", server.server_port), statuses
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "is_there"), [(200, True), (302, True), (404, True), (503, False), (500, False)]
)
def test_any_status_below_500_is_a_response(served, status, is_there):
    place, statuses = served
    statuses[0] = status
    assert is_responding(place, "/") is is_there


def test_a_service_without_a_description_has_no_forms(served):
    place, statuses = served
    assert describe_calls(place) == []
    statuses[0] = 404
    assert describe_calls(place) == [] == describe_calls(Place("web", "127.0.0.1", 9))


def test_a_closed_port_and_silence_are_no_response():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert not is_responding(Place("web", "127.0.0.1", port), "/")


def test_three_missing_responses_mean_not_responding(served):
    place, statuses = served
    ports, known = PortHealth(), list[Place]()
    statuses[0] = 503
    assert [one.answers for one in ports.check(1, known, [(place, "/")])] == [False]
    statuses[0] = 200
    known = ports.check(1, known, [(place, "/")])
    assert known[0].answers
    statuses[0] = 503
    for last in range(1, MISSES + 1):
        known = ports.check(1, known, [(place, "/")])
        assert known[0].answers is (last < MISSES)
    statuses[0] = 200
    assert ports.check(1, known, [(place, "/")])[0].answers
    assert not ports.check(1, known, [(Place("web", "127.0.0.1", 0), "/")])[0].answers


def test_a_responding_service_is_checked_at_intervals(monkeypatch):
    """Services log each check."""
    asked: list[float] = []
    now, is_there = [0.0], [False]

    def ask(*_: object) -> bool:
        asked.append(now[0])
        return is_there[0]

    monkeypatch.setattr("nbyard.dispatch.service_health.time.monotonic", lambda: now[0])
    monkeypatch.setattr(service_health, "is_responding", ask)
    place, ports, known = Place("web", "127.0.0.1", 80), PortHealth(10), list[Place]()
    for second in range(0, 42, 2):
        now[0], is_there[0] = float(second), 6 <= second < 30
        known = ports.check(1, known, [(place, "/")])
        assert known[0].answers is (6 <= second < 40)
    # at each look until it answers, and again as soon as it does not
    assert asked == [0, 2, 4, 6, 16, 26, 36, 38, 40]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"error": "it is\\n in a call"}', "it is in a call"),
        (b'{"error": 7}', ""),
        (b"[]", ""),
        (b"<html>", ""),
        (b"", ""),
    ],
)
def test_the_log_explains_a_missing_response(served, monkeypatch, text, words):
    """The log is read once, after the missing response is certain.

    A responding service has no reason.
    """
    place, statuses = served
    monkeypatch.setattr(Told, "body", text)
    ports, statuses[0] = PortHealth(), 503
    for _ in range(MISSES):
        assert ports.explanation(1) == ""
        ports.check(1, [], [(place, "/")])
    assert ports.explanation(1) == words
    monkeypatch.setattr(Told, "body", b'{"error": "another"}')
    ports.check(1, [], [(place, "/")])
    assert ports.explanation(1) == words
    statuses[0] = 200
    ports.check(1, [], [(place, "/")])
    assert ports.explanation(1) == "" == unready_reason(place, "/")


def test_an_open_connection_is_detected_until_it_closes():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert is_connected(port) is False
        with socket.create_connection(("127.0.0.1", port)):
            assert is_connected(port) is True
        server.accept()[0].close()
        assert is_connected(port) is False


def test_a_slow_response_has_no_extra_time(monkeypatch):
    """Otherwise, a step would have no time limit."""
    monkeypatch.setattr(service_health, "ANSWER_SECONDS", 0.3)
    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            for _ in range(2):
                with contextlib.suppress(OSError), server.accept()[0] as one:
                    while not is_over.wait(0.05):
                        one.sendall(b"H")

        thread = threading.Thread(target=drip)
        thread.start()
        place = Place("web", "127.0.0.1", server.getsockname()[1])
        assert not is_responding(place, "/") and describe_calls(place) == []
        is_over.set()
        thread.join()


def test_ports_are_checked_in_parallel(served):
    place, _ = served
    found = PortHealth().check(1, [], [(place, "/")] * 3)
    assert [one.answers for one in found] == [True] * 3

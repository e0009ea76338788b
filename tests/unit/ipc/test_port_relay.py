"""The own port of a deployment: a process that passes connections to the serving container."""

import contextlib
import http.client
import http.server
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from nbyard.ipc.port_relay import Route, address_of, close_relay, is_relayed, open_port, open_relay
from nbyard.testing.conformance.runtimes import wait_until

SECONDS = 30
HOME = "127.0.0.1"


class Named(http.server.BaseHTTPRequestHandler):
    """Answers with the name of its server, which stands for a container."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = str(getattr(self.server, "name", "")).encode() + body
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def container(name: str) -> Iterator[int]:
    with http.server.ThreadingHTTPServer((HOME, 0), Named) as server:
        server.name = name  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def ask(connection: http.client.HTTPConnection, body: bytes = b"") -> tuple[int, bytes]:
    connection.request("POST", "/", body)
    answer = connection.getresponse()
    return answer.status, answer.read()


def asked(port: int, body: bytes = b"") -> tuple[int, bytes]:
    with contextlib.closing(http.client.HTTPConnection(HOME, port, timeout=SECONDS)) as connection:
        return ask(connection, body)


def is_open(port: int) -> bool:
    with socket.socket() as each:
        return each.connect_ex((HOME, port)) == 0


@pytest.fixture
def folder(tmp_path) -> Iterator[Path]:
    yield tmp_path / "deployment"
    close_relay(tmp_path / "deployment")


def test_the_port_stays_while_the_container_behind_it_changes(folder):
    with container("one") as one, container("two") as two:
        route = Route(HOME, 0, one)
        port = open_relay(folder, route)
        route = msgspec.structs.replace(route, port=port)
        assert is_relayed(folder, route)
        with contextlib.closing(http.client.HTTPConnection(HOME, port)) as kept:
            assert ask(kept) == (200, b"one")
            later = msgspec.structs.replace(route, target=two)
            assert not is_relayed(folder, later)
            assert open_relay(folder, later) == port
            assert asked(port) == (200, b"two")
            assert ask(kept) == (200, b"one"), "an open connection stays"
        large = bytes(range(256)) * (1 << 14)
        assert asked(port, large) == (200, b"two" + large)
    status, body = asked(port)
    assert (status, list(json.loads(body))) == (503, ["error"])
    close_relay(folder)
    wait_until(lambda: not is_open(port))
    assert not is_relayed(folder, later)
    with container("three") as three:  # the port is the same after a stop
        assert open_relay(folder, msgspec.structs.replace(route, target=three)) == port
        assert asked(port) == (200, b"three")


def test_a_used_port_is_replaced(folder):
    with container("one") as one, open_port(HOME) as taken:
        number = taken.getsockname()[1]
        assert (port := open_relay(folder, Route(HOME, number, one))) != number
        assert asked(port) == (200, b"one")


def test_with_a_certificate_only_tls_is_accepted(folder, tmp_path):
    files = [str(tmp_path / name) for name in ("cert.pem", "key.pem")]
    words = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1"]
    subprocess.run(
        ["openssl", "req", *words, "-out", files[0], "-keyout", files[1]],
        check=True,
        capture_output=True,
    )
    trusting = ssl.create_default_context(cafile=files[0])
    trusting.check_hostname = False
    with container("one") as one:
        port = open_relay(folder, Route(HOME, 0, one, HOME, *files))
        connection = http.client.HTTPSConnection(HOME, port, context=trusting)
        with contextlib.closing(connection):
            assert ask(connection, b"!" * (1 << 20)) == (200, b"one" + b"!" * (1 << 20))
        with pytest.raises((OSError, http.client.HTTPException)):
            asked(port)
        with pytest.raises(OSError):
            open_relay(tmp_path / "other", Route(HOME, 0, one, HOME, str(tmp_path / "none.pem")))


@pytest.mark.parametrize(
    ("address", "certificate", "url"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:81/"),
        ("10.0.0.1", "cert.pem", "https://10.0.0.1:81/"),
        ("::1", "", "http://[::1]:81/"),
        ("0.0.0.0", "cert.pem", f"https://{socket.gethostname()}:81/"),
    ],
)
def test_programs_connect_to_the_shown_address(address, certificate, url):
    assert address_of(address, 81, certificate) == url
